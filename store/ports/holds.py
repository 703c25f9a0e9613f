"""What must be kept, as whoever keeps something looks it up: which legal holds lie over what, and how long the house
keeps what is said in a room that begins. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from store.ports.views import Scalar, View, ViewQuery

HOLDS: Final = "holds"
"""The read model of holds. Fields: `hold`, `active`, `user`, `room`, `case` (over what it lies), and `person`, whose
words it keeps at least."""
COPIES: Final = "hold_copies"
"""What was deleted or changed under a hold, sealed under the key of the hold. Fields: `hold`, `copy`, `room`."""
TERMS: Final = "retention_terms"
"""The read model of how long messages are kept, for all (`ALL`) and for each relation, as JSON."""
ALL: Final = "all"
_MOST: Final = 100  # over one thing that are looked up
_PEOPLE: Final = "holds/"
_BETWEEN: Final = "\n"  # in no id


def owner_of(hold: str) -> str:
    """Whose key seals what a hold keeps."""
    return f"hold:{hold}"


def any_hold() -> ViewQuery:
    """Is there one at all?"""
    return ViewQuery(collection=HOLDS, equal={"active": True}, order_by="hold", limit=1)


def over(
    *, users: Iterable[str] = (), rooms: Iterable[str] = (), case: str = "", people: Iterable[str] = ()
) -> Iterator[ViewQuery]:
    """What to look for: holds over all that these people say, over these rooms, over this case; and whichever keep
    words of these people, be it for a case."""
    cases = (case,) if case else ()
    for name, values in (("user", users), ("room", rooms), ("case", cases), ("person", people)):
        for value in values:
            equal: dict[str, Scalar] = {"active": True, name: value}
            yield ViewQuery(collection=HOLDS, equal=equal, order_by="hold", limit=_MOST)


def people_key(people: Iterable[str]) -> str:
    """The key of the part that says whether a hold lies over one of these people."""
    return f"{_PEOPLE}{_BETWEEN.join(sorted(people))}"


def is_people_key(key: str) -> bool:
    """Is it such a key?"""
    return key.startswith(_PEOPLE)


def people_in(key: str) -> list[str]:
    """The inverse of `people_key`."""
    return key.removeprefix(_PEOPLE).split(_BETWEEN)


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
