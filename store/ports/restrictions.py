"""What somebody may not do for a while, as whoever lets them do something looks it up. Pure."""

from collections.abc import Iterable
from typing import Final

from store.ports.views import View, ViewQuery

RESTRICTIONS: Final = "restrictions"
"""The read model. Fields: `user`, `restriction`, `active`, `until` (ms; 0: until it is lifted), `scope` (by commas)."""
_MOST: Final = 100


def against(user: str) -> ViewQuery:
    """Those that were not lifted."""
    return ViewQuery(collection=RESTRICTIONS, equal={"user": user, "active": True}, order_by="restriction", limit=_MOST)


def forbid(found: Iterable[View], scope: str, now_ms: int) -> bool:
    """Does one of these forbid this now?"""
    for one in found:
        until = int(one.fields["until"] or 0)
        if scope in str(one.fields["scope"]).split(",") and (not until or until > now_ms):
            return True
    return False
