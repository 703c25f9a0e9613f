"""The rules of work that recurs: each one once; after a stop only the newest."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.worksheets.assignment.commands import Assign, WantedDue
from actors.worksheets.series.commands import (
    AssignmentSeriesReply,
    BeginAssignmentSeries,
    EndSeries,
    SeriesCommand,
    SessionTook,
    TimeCame,
)
from actors.worksheets.series.events import AssignmentSeries, Occurred, SeriesBegan, SeriesEnded, SeriesEvent
from common.clock import to_rfc3339
from common.errors import NotFound, PermissionDenied
from common.ids import derived_id
from common.policy import POLICY, Relation
from common.timeline import date_of, day_number, day_of, kept_zone

GIVEN: Final = "given"
ARCHIVED: Final = "archived"
"""What the part `sheet_key` is, of a worksheet that is given no more."""
_MOST_SESSIONS: Final = 100
_NOTHING: Final = Decision()
_pack: Final = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Assignments:
    """One series."""

    id: str
    series: AssignmentSeries | None = None

    def decide(self, command: SeriesCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is none, or it is nothing to the one who asks.
            PermissionDenied: only Carewire itself asks that.
        """
        if isinstance(command, BeginAssignmentSeries):
            return self._begin(command, context)
        series = self._known()
        if isinstance(command, EndSeries):
            return self._end(series, context)
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        match command:
            case SessionTook():
                return self._session(series, command, context)
            case TimeCame():
                return self._time(series, context)
        assert_never(command)

    def apply(self, event: SeriesEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.series = event.series

    def _known(self) -> AssignmentSeries:
        if self.series is None:
            raise NotFound("There is no such series.", series=self.id)
        return self.series

    def _begin(self, command: BeginAssignmentSeries, context: Context) -> Decision:
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if self.series is not None:
            return Decision(_reply(self.series, context.now_ms))
        now = context.now_ms
        series = AssignmentSeries(
            id=self.id,
            template=command.template,
            zone=command.zone,
            start=now,
            times=tuple(sorted(set(command.times))),
            each_session=command.each_session,
            most=command.most,
            until=command.until,
            last=now,
        )
        client = command.template.client
        began = SeriesBegan(author=client, secret=command.secret, series=series, first=command.first)
        return Decision(_reply(series, now), events=[began], timers=_next(series, now))

    def _end(self, series: AssignmentSeries, context: Context) -> Decision:
        if not context.by.is_system:
            owner = context.by.user == series.template.therapist
            if not POLICY.allows(context.by.role, Relation.OWNER if owner else Relation.NONE, "worksheet.assign"):
                raise NotFound("There is no such series.", series=self.id)
        if series.over:
            return Decision(_reply(series, context.now_ms))
        ended = replace(series, over=True)
        return Decision(_reply(ended, context.now_ms), events=[SeriesEnded(series=ended)])

    def _session(self, series: AssignmentSeries, command: SessionTook, context: Context) -> Decision:
        if series.over or not series.each_session or command.booking in series.sessions:
            return _NOTHING
        if series.until and context.now_ms > series.until:
            return Decision(events=[SeriesEnded(series=replace(series, over=True))])
        sessions = (*series.sessions, command.booking)[-_MOST_SESSIONS:]
        return self._occur(replace(series, sessions=sessions), command.booking, context.now_ms, context)

    def _time(self, series: AssignmentSeries, context: Context) -> Decision:
        """The newest whose time has come: those before it were missed."""
        come = [at for at in series.times if series.last < at <= context.now_ms]
        if series.over or not come:
            return _NOTHING
        return self._occur(series, str(come[-1]), come[-1], context)

    def _occur(self, series: AssignmentSeries, name: str, at: int, context: Context) -> Decision:
        secret = context.parts.get(GIVEN)
        archived = context.parts.get(sheet_key(series.template.worksheet)) == ARCHIVED
        if archived or secret is None:  # without one, the client was erased
            return Decision(events=[SeriesEnded(series=replace(series, over=True))])
        series = replace(series, made=series.made + 1, last=at)
        full = series.most and series.made >= series.most
        spent = not series.each_session and not any(one > at for one in series.times)
        if full or spent:
            series = replace(series, over=True)
        occurred = Occurred(
            author=series.template.client,
            secret=secret,
            series=series,
            assignment=derived_id("asg", context.now_ms, f"{series.id}/{name}"),
            command=_shifted(series, at),
        )
        return Decision(events=[occurred], timers=_next(series, context.now_ms))


def sheet_key(worksheet: str) -> str:
    """The key of the part that is the state of a worksheet by now."""
    return f"sheet:{worksheet}"


def _shifted(series: AssignmentSeries, at: int) -> Assign:
    """What is made at this moment: due as many days later as the first was."""
    template = series.template
    if template.due is None:
        return template
    zone = kept_zone(series.zone)
    days = day_of(zone, at) - day_of(zone, series.start)
    due: WantedDue = replace(template.due, date=date_of(day_number(template.due.date) + days).isoformat())
    return replace(template, due=due)


def _next(series: AssignmentSeries, now: int) -> list[SetTimer]:
    at = next_at(series, now)
    return [] if at is None else [SetTimer(f"time:{at}", at, _pack(TimeCame(at)))]


def next_at(series: AssignmentSeries, now: int) -> int | None:
    """When the next one is made, where that is known."""
    if series.over:
        return None
    return next((at for at in series.times if at > max(series.last, now)), None)


def _reply(series: AssignmentSeries, now: int) -> AssignmentSeriesReply:
    at = next_at(series, now)
    return AssignmentSeriesReply(
        series_id=series.id, over=series.over, made=series.made, next_at=None if at is None else to_rfc3339(at)
    )
