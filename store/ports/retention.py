"""How long messages are kept, as rooms that begin look it up: what is set for all, and for each relation. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from store.ports.views import View

TERMS: Final = "retention_terms"
"""The read model of what is set for all (`ALL`) and for each relation, as JSON."""
ALL: Final = "all"


class _Kept(msgspec.Struct, frozen=True):
    days: int | None = None


_kept: Final = msgspec.json.Decoder(_Kept).decode


def names_for(relation: str) -> list[str]:
    """The documents that say it for a room of this relation ("": none)."""
    return [ALL, relation] if relation else [ALL]


def days_in(found: Mapping[str, View], relation: str) -> int | None:
    """For how many days: the narrower counts. None: for ever."""
    view = found.get(relation) or found.get(ALL)
    return None if view is None else _kept(view.data).days
