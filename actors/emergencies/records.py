"""An emergency as data: what its entity keeps and every event of it carries, and as people see it. What the person said
and where they are is in neither: it is read with the emergency, by those who may."""

from typing import Final, Literal

import msgspec

from actors.emergencies.ladders import Rung
from common.clock import to_rfc3339
from common.persons import UserId

Distress = Literal["medical", "self_harm", "safety", "other"]
Status = Literal["raised", "acknowledged", "handed_over", "resolved", "cancelled", "unanswered"]
OVER: Final = frozenset({"resolved", "cancelled", "unanswered"})
GRAVITY: Final[tuple[Distress, ...]] = ("other", "safety", "medical", "self_harm")
"""From the least to the gravest."""
MOST_LINES: Final = 200


class LogLine(msgspec.Struct, frozen=True, array_like=True):
    """What happened, when (ms), and who did it ("": Carewire itself)."""

    at: int
    what: str
    by: str = ""


class Emergency(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An emergency at one moment. Times in ms; 0: none.

    `rungs` is its ladder as it was when it was raised, `known` who stood on each rung by then. `rung` is the place of
    the one that was asked last, `laps` how often the last rung was asked again. `asked` are all who were told. `step`
    numbers what it waits for: a timer, or a look-up, of an earlier step is stale. `raising` counts how often it was
    raised. `looking`: the people of `rung` are being looked up.
    """

    id: str
    user: str
    kind: Distress
    status: Status
    by: str
    created: int
    rungs: tuple[Rung, ...]
    known: tuple[tuple[str, ...], ...]
    rung: int = 0
    laps: int = 0
    looking: bool = False
    next_rung: int = 0
    asked: tuple[str, ...] = ()
    step: int = 0
    raising: int = 1
    owner: str = ""
    acknowledged: int = 0
    handed_to: str = ""
    ended: int = 0
    log: tuple[LogLine, ...] = ()
    words: tuple[int, ...] = ()  # numbers of the events whose secret is a message
    places: tuple[int, ...] = ()  # of those whose secret is a location

    @property
    def over(self) -> bool:
        """Has it ended?"""
        return self.status in OVER

    @property
    def concerned(self) -> tuple[str, ...]:
        """Whoever is told of every change: all who were asked, the person, and who raised it."""
        return tuple(dict.fromkeys(one for one in (*self.asked, self.handed_to, self.user, self.by) if one))


def graver(one: Distress, other: Distress) -> Distress:
    """The graver of two."""
    return max(one, other, key=GRAVITY.index)


class Location(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where somebody is: degrees (WGS 84), the radius that it is good for, and when it was measured."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    at: str | None = None


class ShownLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of its log."""

    at: str
    what: str
    by: UserId | None = None


class ShownEmergency(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An emergency as people see it. `rung`: the place in its ladder, from 0, of those who were asked last."""

    id: str
    user_id: UserId
    kind: Distress
    message: str | None = None
    location: Location | None = None
    status: Status
    rung: int
    next_rung_at: str | None = None
    acknowledged_by: UserId | None = None
    acknowledged_at: str | None = None
    handed_to: UserId | None = None
    log: list[ShownLine]
    version: int
    created_at: str
    ended_at: str | None = None


def shown(
    emergency: Emergency, version: int, *, message: str | None = None, location: Location | None = None
) -> ShownEmergency:
    """The emergency as people see it."""
    return ShownEmergency(
        id=emergency.id,
        user_id=emergency.user,
        kind=emergency.kind,
        message=message,
        location=location,
        status=emergency.status,
        rung=emergency.rung,
        next_rung_at=_time(emergency.next_rung),
        acknowledged_by=emergency.owner or None,
        acknowledged_at=_time(emergency.acknowledged),
        handed_to=emergency.handed_to or None,
        log=[ShownLine(at=to_rfc3339(line.at), what=line.what, by=line.by or None) for line in emergency.log],
        version=version,
        created_at=to_rfc3339(emergency.created),
        ended_at=_time(emergency.ended),
    )


def _time(at_ms: int) -> str | None:
    return to_rfc3339(at_ms) if at_ms else None
