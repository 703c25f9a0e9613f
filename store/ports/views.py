"""Read models: documents that are found by equality and order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class View:
    """One document of a read model. A higher `version` replaces a lower one; never the other way round.

    `fields` are queryable scalars in the clear; `data` is an opaque public blob; `secret` is ciphertext.
    """

    collection: str
    id: str
    version: int
    fields: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    data: bytes = b""
    secret: bytes | None = None


class Views(Protocol):
    """Read models, written in versions. Raises `Unavailable` when the database does not answer in time."""

    async def write(self, views: Sequence[View]) -> None:
        """Upsert each unless a version as high is there. Idempotent; order does not matter.

        Raises:
            Conflict: a unique index refuses one of them (the others are written).
        """

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        """Those of these documents that exist."""

    async def find(
        self,
        collection: str,
        equal: Mapping[str, str | int | bool | None],
        *,
        order_by: str,
        above: int | str | None = None,
        below: int | str | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[View]:
        """Documents whose fields equal `equal` and whose `order_by` (a field, or "version") lies strictly
        between `above` and `below`, in that order, ties by id. A field that is missing equals None and comes first;
        True is not 1. Declare an index for it (`Index`)."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that a kind needs on one of its read models: (field, ...) in ascending order."""

    collection: str
    fields: tuple[str, ...]
    unique: bool = False
