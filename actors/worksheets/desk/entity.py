"""The rules of a desk: it knows what is open, and tells it what concerns it."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Query
from actors.worksheets.desk.commands import DeskCommand, ListHanded, ListSheets, ListTrends, ListWork
from actors.worksheets.desk.events import (
    Cleared,
    DeskEvent,
    Dropped,
    Laid,
    Moved,
    Recurs,
    RecursNoMore,
    Rested,
    SessionHeld,
)
from actors.worksheets.desk.letters import (
    CareOver,
    CareRests,
    ForgetDesk,
    NoteSeries,
    SeriesOver,
    SessionOver,
    WorkBegun,
    WorkOver,
    ZoneIs,
)
from common.errors import PermissionDenied

_NOTHING: Final = Decision()


class OpenAssignment(msgspec.Struct, frozen=True, array_like=True):
    """An open assignment."""

    therapist: str
    follows: bool = False


class RecurringWork(msgspec.Struct, frozen=True, array_like=True):
    """Something that recurs."""

    therapist: str
    each_session: bool = False


class DeskState(msgspec.Struct, array_like=True):
    """The state. Add members with defaults at the end."""

    work: dict[str, OpenAssignment] = {}
    series: dict[str, RecurringWork] = {}
    zone: str = ""
    sessions: list[str] = []


class DeskQuery(Query, frozen=True):
    """A list of what is the person's. `user`: theirs."""

    command: ListSheets | ListWork | ListTrends | ListHanded
    user: str


_MOST_SESSIONS: Final = 200


@dataclass(slots=True)
class Desk:
    """Of one person."""

    user: str
    kept: DeskState = field(default_factory=DeskState)

    def decide(self, command: DeskCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is neither the person nor Carewire itself.
        """
        if isinstance(command, ListSheets | ListWork | ListTrends | ListHanded):
            own = isinstance(command, ListSheets | ListWork) and context.by.user == self.user
            if not (own or context.by.is_system):
                raise PermissionDenied("This is another person's.")
            return Decision(DeskQuery(command, self.user))
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        event = self._event(command)
        return _NOTHING if event is None else Decision(events=[event])

    def apply(self, event: DeskEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        kept = self.kept
        match event:
            case Laid():
                kept.work[event.assignment] = OpenAssignment(event.therapist, event.follows)
            case Cleared():
                kept.work.pop(event.assignment, None)
            case Recurs():
                kept.series[event.series] = RecurringWork(event.therapist, event.each_session)
            case RecursNoMore():
                kept.series.pop(event.series, None)
            case SessionHeld():
                kept.sessions = [*kept.sessions, event.booking][-_MOST_SESSIONS:]
            case Moved():
                kept.zone = event.zone
            case Dropped() | Rested():
                pass  # what ends says so itself

    def _event(self, command: DeskCommand) -> DeskEvent | None:
        """What a letter changes; None: nothing."""
        kept = self.kept
        match command:
            case WorkBegun() if kept.work.get(command.assignment) != OpenAssignment(command.therapist, command.follows):
                return Laid(assignment=command.assignment, therapist=command.therapist, follows=command.follows)
            case WorkOver() if command.assignment in kept.work:
                return Cleared(assignment=command.assignment)
            case NoteSeries() if command.series not in kept.series:
                return Recurs(series=command.series, therapist=command.therapist, each_session=command.each_session)
            case SeriesOver() if command.series in kept.series:
                return RecursNoMore(series=command.series)
            case SessionOver() if command.booking not in kept.sessions:
                due = [key for key, one in kept.series.items() if one == RecurringWork(command.therapist, True)]
                return SessionHeld(booking=command.booking, series=tuple(due)) if due else None
            case CareOver():
                return self._dropped(command.therapist)
            case CareRests():
                resting = self._with(command.therapist)
                return Rested(assignments=resting, stopped=command.stopped) if resting else None
            case ZoneIs() if command.zone != kept.zone:
                following = tuple(key for key, one in kept.work.items() if one.follows)
                return Moved(zone=command.zone, assignments=following)
            case ForgetDesk() if kept.work or kept.series:
                return Dropped(assignments=tuple(kept.work), series=tuple(kept.series), why="erased")
        return None

    def _with(self, therapist: str) -> tuple[str, ...]:
        return tuple(key for key, one in self.kept.work.items() if one.therapist == therapist)

    def _dropped(self, therapist: str) -> Dropped | None:
        work = self._with(therapist)
        series = tuple(key for key, one in self.kept.series.items() if one.therapist == therapist)
        return Dropped(assignments=work, series=series) if work or series else None
