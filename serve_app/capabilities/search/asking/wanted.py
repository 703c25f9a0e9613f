"""What somebody wants, whichever door they came by: checked, and in the terms of index and sources. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from common.errors import InvalidArgument
from common.timeline import parse_instant
from serve_app.capabilities.search.doors.requests import Ask, AskRoom
from serve_app.capabilities.search.port import Among, Between, Condition, Sort
from serve_app.capabilities.search.sources import appointments, conversations, files, messages, people, worksheets
from serve_app.capabilities.search.sources.practice import WantedPractice

FACETS: Final = ("type", "room_id", "sender_id", "status", "month", "service_id", "language", "format", "next_free")
_OF_PRACTICES: Final = frozenset({"service_id", "language", "format", "next_free"})
_FIELDS: Final = {
    "room_id": "room",
    "sender_id": "sender",
    "has": "has",
    "therapist_id": "therapist",
    "client_id": "client",
    "status": "status",
    "service_id": "service",
    "file_type": "file_type",
    "relation": "relation",
    "language": "language",
    "format": "format",
}
"""Filters of the contract, and what they are called in the index."""


@dataclass(frozen=True, slots=True)
class WantedKind:
    """What is meant by a name of a type: documents of the index, of people with one role maybe."""

    type: str
    role: str = ""


_KINDS: Final[Mapping[str, WantedKind]] = {
    **dict.fromkeys(("people", "users"), WantedKind(people.PEOPLE)),
    **dict.fromkeys(("patients", "clients"), WantedKind(people.PEOPLE, "client")),
    **dict.fromkeys(("therapists", "doctors", "advisors"), WantedKind(people.PEOPLE, "therapist")),
    **dict.fromkeys(("appointments", "bookings"), WantedKind(appointments.TYPE)),
    "messages": WantedKind(messages.TYPE),
    "worksheets": WantedKind(worksheets.TYPE),
    "files": WantedKind(files.TYPE),
    **dict.fromkeys(("conversations", "rooms"), WantedKind(conversations.TYPE)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """See the module. `kinds`: what of; `filters`: by their names in the contract. `room_id`: in this room alone.
    `bounded`: something is named beside words."""

    q: str
    kinds: Sequence[WantedKind]
    filters: Mapping[str, str] = field(default_factory=dict)
    since: int | None = None
    until: int | None = None
    all: bool = False
    exact: bool = False
    typeahead: bool = False
    facets: Sequence[str] = ()
    sort: Sort = "relevance"
    break_glass: str | None = None
    cursor: str | None = None
    limit: int = 20
    room_id: str | None = None
    free_before: int | None = None
    bounded: bool = True

    @property
    def conditions(self) -> list[Condition]:
        """What holds of every hit, in the terms of the index."""
        found: list[Condition] = [Among(_FIELDS[name], frozenset({value})) for name, value in self.filters.items()]
        if self.since is not None or self.until is not None:
            found.append(Between(self.since, self.until))
        if self.free_before is not None:
            found.append(Among("audience", frozenset({people.THERAPIST})))
        return found

    @property
    def practice(self) -> WantedPractice | None:
        """What has to be known of therapists beside their names; None: nothing."""
        when_free = self.free_before is not None or "next_free" in self.facets
        if not when_free and _OF_PRACTICES.isdisjoint({*self.filters, *self.facets}):
            return None
        return WantedPractice(service=self.filters.get("service_id"), until=self.free_before, when_free=when_free)

    @property
    def proposed(self) -> list[WantedKind]:
        """What the index is asked for: no kind that is in another one."""
        whole = {one.type for one in self.kinds if not one.role}
        return [one for one in self.kinds if not one.role or one.type not in whole]

    @property
    def is_address(self) -> bool:
        """Is it an e-mail address, or a part of one? Then people are found by it in full, and by nothing else."""
        return "@" in self.q and len(self.q.split()) == 1

    @property
    def named(self) -> tuple[object, ...]:
        """Whatever makes it this question, but for the page."""
        kinds = tuple((one.type, one.role) for one in self.kinds)
        filters = tuple(sorted(self.filters.items()))
        ways = (self.all, self.exact, self.typeahead, self.sort, self.break_glass)
        times = (self.since, self.until, self.free_before)
        return (self.q, kinds, filters, times, ways, tuple(self.facets))


def wanted_of(asked: Ask, types: Sequence[str]) -> Wanted:
    """A question about everything. `types`: those that there are here.

    Raises:
        InvalidArgument: a type or facet that is none, times that are none or reversed.
    """
    since, until = _times(asked)
    wanted = Wanted(
        q=asked.q or "",
        kinds=kinds_of(asked.type, types),
        filters=_filters(asked, _FIELDS),
        since=since,
        until=until,
        all=asked.all,
        exact=asked.exact,
        typeahead=asked.typeahead,
        facets=_facets(asked.facets),
        sort=asked.sort,
        break_glass=asked.break_glass,
        cursor=asked.cursor,
        limit=asked.limit,
        free_before=None if asked.free_before is None else parse_instant(asked.free_before, "free_before"),
    )
    return replace(wanted, bounded=asked.type is not None or bool(wanted.conditions))


def wanted_in_room(asked: AskRoom) -> Wanted:
    """A question about what was said in a room. Raises as `wanted_of`."""
    since, until = _times(asked)
    filters = {"room_id": asked.room_id, **_filters(asked, ("sender_id", "has"))}
    return Wanted(
        q=asked.q or "",
        kinds=(WantedKind(messages.TYPE),),
        filters=filters,
        since=since,
        until=until,
        all=asked.all,
        exact=asked.exact,
        typeahead=asked.typeahead,
        facets=_facets(asked.facets),
        sort=asked.sort,
        break_glass=asked.break_glass,
        cursor=asked.cursor,
        limit=asked.limit,
        room_id=asked.room_id,
        bounded=len(filters) > 1 or since is not None or until is not None,
    )


def kinds_of(named: str | None, types: Sequence[str]) -> tuple[WantedKind, ...]:
    """What is meant by names with commas between; by none, all there are. Raises InvalidArgument."""
    names = list(types) if named is None else [one.strip() for one in named.split(",")]
    for name in names:
        if name not in _KINDS or not (_KINDS[name].type in types or name in types):
            raise _refused("type", f"type is one of {', '.join(types)}, or several with commas.")
    return tuple(dict.fromkeys(_KINDS[name] for name in names))


def _filters(asked: Ask | AskRoom, names: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    found = {name: getattr(asked, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _facets(named: str | None) -> tuple[str, ...]:
    names = () if named is None else tuple(dict.fromkeys(one.strip() for one in named.split(",")))
    if any(one not in FACETS for one in names):
        raise _refused("facets", f"facets are {', '.join(FACETS)}.")
    return names


def _times(asked: Ask | AskRoom) -> tuple[int | None, int | None]:
    since = None if asked.since is None else parse_instant(asked.since, "from")
    until = None if asked.until is None else parse_instant(asked.until, "to")
    if since is not None and until is not None and since >= until:
        raise _refused("to", "from lies before to.")
    return since, until


def _refused(name: Literal["q", "type", "facets", "to"], message: str) -> InvalidArgument:
    return InvalidArgument(message, details={"field": name})
