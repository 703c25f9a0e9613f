"""Read models: documents that are found by equality and order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class View:
    """One document of a read model. A higher `version` replaces a lower one; never the other way round.

    `fields` are queryable scalars in the clear; `data` is an opaque public blob; `secret` is ciphertext.
    """

    collection: str
    id: str
    version: int
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    data: bytes = b""
    secret: bytes | None = None


class ViewQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The first `limit` documents whose fields equal `equal` and whose `order_by` (a field, or "version") lies strictly
    between `above` and `below`, in that order, ties by id. A missing field equals None and comes first; True is not 1.
    """

    collection: str
    equal: Mapping[str, Scalar]
    order_by: str
    above: int | str | None = None
    below: int | str | None = None
    descending: bool = False
    limit: int


class Views(Protocol):
    """Read models, written in versions. Raises `Unavailable` when the database does not answer in time."""

    async def write(self, views: Sequence[View]) -> None:
        """Upsert each unless a version as high is there. Idempotent; order does not matter.

        Raises:
            Conflict: a unique index refuses one of them (the others are written).
        """

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        """Those of these documents that exist."""

    async def find(self, query: ViewQuery) -> list[View]:
        """The documents that the query asks for, in its order. Declare an index for it (`Index`)."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that a kind needs on one of its read models: (field, ...) in ascending order. `positive`: only of the
    documents whose first field is above 0, which a query of it says (`ViewQuery.above`)."""

    collection: str
    fields: tuple[str, ...]
    unique: bool = False
    positive: bool = False
