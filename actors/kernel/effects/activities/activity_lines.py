"""Activities in a shard's memory: each open one, the lines in which they wait for a runner, and the lanes of entities.

Pure: no clock, no I/O.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Literal

from actors.kernel.contract.activities import Urgency
from actors.kernel.effects.activities.activity_ids import mark_of
from actors.kernel.effects.timers import TurnKey
from actors.kernel.history.codec import StoredActivity, decode_activity, encode
from store.ports.activities import BEHIND, ActivityRecord, Lane, State
from store.ports.journal import Turn

_URGENCIES: Final[dict[Urgency, int]] = {"now": 0, "soon": 1, "bulk": 2}
_DEAL: Final = (0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 2)
"""Whose turn it is: 8 of the most urgent, 3, and 1, spread out."""
_PLACES: Final = 20  # bits for the place of an activity in its turn


class ActivityPhase(Enum):
    """The phase of an open activity."""

    VETTED = auto()  # the database is asked whether it is over, or put off, already
    BEHIND = auto()  # another one of its lane comes first
    WAITING = auto()  # in line for a runner
    PAUSED = auto()  # until it is due
    HELD = auto()  # a runner's
    ANSWERING = auto()  # its entity is being told what became of it
    LEAVING = auto()  # on its way to the collection

    __hash__ = object.__hash__  # members are single objects, and hashing their names is slow


@dataclass(slots=True, eq=False)
class OpenActivity:
    """An activity that is not over, in memory. `turns` keep it; `filed` is the state in which it has a document, or is
    about to have one ("": it has none).

    `order` sorts those of a lane. `since_s` is when it came here, and `until_s` until when it is `runner`'s (both
    monotonic).
    """

    id: bytes
    entity: str
    partition: int
    order: int
    activity: StoredActivity
    created_at_ms: int
    since_s: float
    phase: ActivityPhase = ActivityPhase.VETTED
    turns: list[TurnKey] = field(default_factory=list)
    filed: State | Literal[""] = ""
    attempts: int = 0
    deaths: int = 0
    due_ms: int = 0
    code: str = ""
    message: str = ""
    runner: str = ""
    until_s: float = 0.0

    @property
    def lane(self) -> Lane | None:
        """Its lane, if it has one."""
        return (self.entity, self.activity.lane) if self.activity.lane else None

    def is_late(self, now_ms: int) -> bool:
        """Is its deadline over?"""
        return self.activity.deadline_ms is not None and self.activity.deadline_ms <= now_ms

    def due_when_put_off(self, now_ms: int, now_s: float) -> int:
        """When it is due, if it is put off because it has waited for long."""
        if self.phase is ActivityPhase.BEHIND:
            return BEHIND
        if self.phase is ActivityPhase.HELD:
            return now_ms + int(max(0.0, self.until_s - now_s) * 1000)
        return max(self.due_ms, now_ms)

    def record(self, state: State, due_ms: int) -> ActivityRecord:
        """It as a document."""
        return ActivityRecord(
            id=self.id,
            partition=self.partition,
            connector=self.activity.connector,
            entity=self.entity,
            state=state,
            due_ms=due_ms,
            packed=encode(self.activity),
            created_at_ms=self.created_at_ms,
            urgency=_URGENCIES[self.activity.urgency],
            lane=self.activity.lane,
            order=self.order,
            attempts=self.attempts,
            deaths=self.deaths,
            deadline_ms=self.activity.deadline_ms,
            code=self.code,
            message=self.message,
        )


def of_turn(turn: Turn, place: int, activity: StoredActivity, now_s: float) -> OpenActivity:
    """The activity that a turn made at this place among its own."""
    return OpenActivity(
        id=mark_of(turn.entity, activity.key),
        entity=turn.entity,
        partition=turn.partition,
        order=turn.turn << _PLACES | place,
        activity=activity,
        created_at_ms=turn.at_ms,
        since_s=now_s,
    )


def of_record(record: ActivityRecord, now_s: float) -> OpenActivity:
    """The activity of a document."""
    return OpenActivity(
        id=record.id,
        entity=record.entity,
        partition=record.partition,
        order=record.order,
        activity=decode_activity(record.packed),
        created_at_ms=record.created_at_ms,
        since_s=now_s,
        phase=ActivityPhase.WAITING,
        filed=record.state,
        attempts=record.attempts,
        deaths=record.deaths,
        due_ms=record.due_ms,
        code=record.code,
        message=record.message,
    )


class ConnectorLines:
    """The activities that wait for a runner, by connector: three lines each, served 8 : 3 : 1, so a broadcast never
    delays a code."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[OrderedDict[bytes, OpenActivity], ...]] = {}
        self._dealt = 0

    def put(self, activity: OpenActivity, *, first: bool = False) -> None:
        """At the end of its line; `first`: in front, since it had been taken out."""
        lines = self._lines.get(activity.activity.connector)
        if lines is None:
            lines = self._lines[activity.activity.connector] = (OrderedDict(), OrderedDict(), OrderedDict())
        line = lines[_URGENCIES[activity.activity.urgency]]
        line[activity.id] = activity
        if first:
            line.move_to_end(activity.id, last=False)

    def remove(self, activity: OpenActivity) -> None:
        """It waits no more."""
        if (lines := self._lines.get(activity.activity.connector)) is not None:
            lines[_URGENCIES[activity.activity.urgency]].pop(activity.id, None)

    def take(self, connector: str) -> OpenActivity | None:
        """The next one; None when nobody waits."""
        lines = self._lines.get(connector)
        if lines is None or not any(lines):
            return None
        turn = _DEAL[self._dealt % len(_DEAL)]
        self._dealt += 1
        line = lines[turn] or next(line for line in lines if line)
        return line.popitem(last=False)[1]

    def clear(self) -> None:
        """Nobody waits."""
        self._lines.clear()


class Lanes:
    """Activities of one lane of an entity are carried out one at a time, in their order."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, list[OpenActivity]] = {}

    def add(self, activity: OpenActivity) -> bool:
        """It comes into its lane; whether it is the first there (who has none is)."""
        if (lane := activity.lane) is None:
            return True
        members = self._lanes.setdefault(lane, [])
        insort(members, activity, key=_order)
        return members[0] is activity

    def remove(self, activity: OpenActivity) -> OpenActivity | None:
        """It leaves its lane; the one that is first now, if another was before."""
        if (lane := activity.lane) is None or activity not in (members := self._lanes.get(lane, [])):
            return None
        was_first = members[0] is activity
        members.remove(activity)
        if not members:
            del self._lanes[lane]
            return None
        return members[0] if was_first else None

    def beside(self, activity: OpenActivity) -> Iterator[OpenActivity]:
        """Those in the lane of this one, itself among them, in order; only itself when it has none."""
        return iter([activity] if activity.lane is None else list(self._lanes.get(activity.lane, [activity])))

    def __contains__(self, lane: Lane) -> bool:
        return lane in self._lanes

    def clear(self) -> None:
        """There is nobody."""
        self._lanes.clear()


def _order(activity: OpenActivity) -> int:
    return activity.order
