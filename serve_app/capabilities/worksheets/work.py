"""Assignments as doors serve them. The rules are the entity's (`actors.worksheets.assignment`)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

import msgspec

from actors.calendars.series.recurrence import MOST, expand
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient
from actors.worksheets.assignment.commands import (
    Assign,
    CareIsOver,
    ForgetClient,
    GetAssignment,
    GetGiven,
    ImportAnswers,
    Submit,
    WantedDue,
)
from actors.worksheets.assignment.contents import Given, pack
from actors.worksheets.assignment.records import WORKING
from actors.worksheets.assignment.shown import ShownAssignment, ShownSubmission
from actors.worksheets.desk.commands import ListHanded, ListTrends, ListWork, Trends, WorkPage
from actors.worksheets.desk.letters import ForgetDesk
from actors.worksheets.document.commands import Plain, SaveDraft
from actors.worksheets.readmodels import ASSIGNMENTS
from actors.worksheets.series.commands import AssignmentSeriesReply, BeginAssignmentSeries, EndSeries
from actors.worksheets.worksheet.records import Assignable
from common.clock import Clock
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.ids import new_id
from common.policy import POLICY
from common.timeline import DAY_MS, kept_zone, parse_instant
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.worksheets.sheets import Sheets
from serve_app.capabilities.worksheets.work_requests import AssignRequest, ListAssignments, SubmitRequest
from serve_app.capabilities.worksheets.zones import Zones
from serve_app.edge.conventions.paging import decode_cursor
from store.ports.views import ViewQuery, Views

R = TypeVar("R")
_PAGE: Final = 200
_MOST_RECURRING: Final = 200
_pack: Final = msgspec.msgpack.Encoder().encode


class Work:
    """One a process."""

    def __init__(
        self, entities: EntityClient, views: Views, sheets: Sheets, care: CareReader, zones: Zones, clock: Clock
    ) -> None:
        self._entities, self._views = entities, views
        self._sheets, self._care, self._zones, self._clock = sheets, care, zones, clock

    async def assign(
        self, asked: AssignRequest, *, by: Principal, trace: str
    ) -> tuple[ShownAssignment, AssignmentSeriesReply | None]:
        """Give a worksheet to somebody in the caller's care; again and again, where it recurs.

        Raises:
            NotFound: there is no such worksheet for the caller.
            FailedPrecondition: nobody's care (reason `no_care`), or the worksheet is not published.
            InvalidArgument: a due time, or a rule, that is none.
        """
        sheet = await self._sheets.assignable(asked.worksheet_id, asked.version, by=by, trace=trace)
        await self.require_care(by, asked.client_id)
        given = _pack(Given(title=sheet.title, schema=sheet.schema, note=asked.note or ""))
        due = None
        if asked.due is not None:
            due = await self._zones.wanted(asked.due, asked.client_id, by.user)
        command = _assign(asked, sheet, due, by.user)
        assignment = new_id("asg", self._clock.platform_ms())
        series = None
        if asked.recurrence is not None:
            series = await self._recurring(asked, command, assignment, given, by=by, trace=trace)
            command = msgspec.structs.replace(command, series=series.series_id)
        whole = msgspec.structs.replace(command, secret=given)
        return await self._entities.ask(f"assignment:{assignment}", whole, by=SYSTEM, trace=trace), series

    async def bring_in(
        self,
        client: str,
        sheet: Assignable,
        answers: dict[str, Any],
        rows: dict[str, list[str]],
        authored: int,
        *,
        by: Principal,
        trace: str,
    ) -> ShownAssignment:
        """Answers from elsewhere, as an assignment with its submission.

        Raises:
            FailedPrecondition: nobody's care.
            InvalidArgument: they were written in the future.
        """
        await self.require_care(by, client)
        if authored > self._clock.platform_ms() + DAY_MS:  # of a day, it may be one of another zone
            raise InvalidArgument("This was not written yet.", details={"path": "authored"})
        command = ImportAnswers(
            worksheet=sheet.worksheet_id,
            worksheet_version=sheet.version,
            client=client,
            therapist=by.user,
            authored=authored,
            answers=msgspec.json.encode(answers),
            rows=rows,
            instrument=sheet.instrument,
            secret=pack(Given(title=sheet.title, schema=sheet.schema)),
        )
        assignment = new_id("asg", self._clock.platform_ms())
        return await self._entities.ask(f"assignment:{assignment}", command, by=SYSTEM, trace=trace)

    async def require_care(self, by: Principal, client: str) -> None:
        """Raises FailedPrecondition: the client is not in the caller's care (reason `no_care`)."""
        relations = await self._care.relations(by.user, client)
        if not any(POLICY.allows(by.role, one, "worksheet.assign") for one in relations):
            raise FailedPrecondition("This needs an active care relationship.", details={"reason": "no_care"})

    async def ask(self, assignment: str, command: Command[R], *, by: Principal, trace: str) -> R:
        """Ask the assignment. Raises as it does."""
        return await self._entities.ask(f"assignment:{assignment}", command, by=by, trace=trace)

    async def get(self, assignment: str, *, by: Principal, trace: str) -> ShownAssignment:
        """The assignment. Raises NotFound."""
        return await self.ask(assignment, GetAssignment(), by=by, trace=trace)

    async def given(self, assignment: str, *, by: Principal, trace: str) -> Assignable:
        """What was given. Raises NotFound."""
        return await self.ask(assignment, GetGiven(), by=by, trace=trace)

    async def page(self, asked: ListAssignments, *, by: Principal, trace: str) -> WorkPage:
        """Those of the caller. Where somebody may still write, the document says itself which number its last event
        has: the read model is not written with each."""
        command = ListWork(
            client=asked.client_id or "",
            worksheet=asked.worksheet_id or "",
            status=asked.status,
            due_before=0 if asked.due_before is None else parse_instant(asked.due_before, "due_before"),
            after=None if asked.cursor is None else str(decode_cursor(asked.cursor, str)[0]),
            limit=asked.limit,
        )
        page = await self._entities.ask(f"desk:{by.user}", command, by=by, trace=trace)
        fresh = await asyncio.gather(*(self._fresh(one, by, trace) for one in page.assignments))
        return WorkPage(assignments=fresh, next=page.next)

    async def _fresh(self, one: ShownAssignment, by: Principal, trace: str) -> ShownAssignment:
        if one.status not in WORKING:
            return one
        try:
            present = await self.get(one.assignment_id, by=by, trace=trace)
        except NotFound:  # it is being erased
            return one
        return msgspec.structs.replace(one, seq=present.seq)

    async def submit(self, asked: SubmitRequest, *, by: Principal, trace: str) -> ShownSubmission:
        """Hand it in; `answers` are saved first.

        Raises:
            FailedPrecondition: something is missing, it is too late, or it is over.
            Conflict: it is not what the person saw.
        """
        if asked.answers:
            await self._save(asked, by=by, trace=trace)
        command = Submit(attempt=asked.attempt or 0, digest=asked.digest or "")
        return await self.ask(asked.assignment_id, command, by=by, trace=trace)

    async def end_series(self, series: str, *, by: Principal, trace: str) -> AssignmentSeriesReply:
        """No more of them. Raises NotFound."""
        return await self._entities.ask(f"assignments:{series}", EndSeries(), by=by, trace=trace)

    async def trends(self, client: str, score: str, *, by: Principal, trace: str) -> Trends:
        """Scores of this person over time. Raises NotFound: they are no one to the caller."""
        relations = await self._care.relations(by.user, client)
        if not any(POLICY.allows(by.role, one, "worksheet.scores") for one in relations):
            raise NotFound("There is no such person in your care.", client=client)
        return await self._entities.ask(f"desk:{client}", ListTrends(score=score), by=SYSTEM, trace=trace)

    async def handed_in(self, user: str, trace: str) -> AsyncIterator[ShownSubmission]:
        """All that somebody handed in."""
        after: str | None = None
        while True:
            page = await self._entities.ask(f"desk:{user}", ListHanded(after=after), by=SYSTEM, trace=trace)
            for one in page.submissions:
                yield one
            if page.next is None:
                return
            after = page.next

    async def of(self, user: str) -> AsyncIterator[tuple[str, str, bool]]:
        """The ids of all assignments of somebody, with their client, and whether they last."""
        after: str | None = None
        while True:
            query = ViewQuery(
                collection=ASSIGNMENTS, equal={"user": user}, order_by="assignment", above=after, limit=_PAGE
            )
            views = await self._views.find(query)
            for view in views:
                over = view.fields["status"] in ("cancelled", "reviewed", "submitted")
                yield str(view.fields["assignment"]), str(view.fields["client"]), not over
            if len(views) < _PAGE:
                return
            after = str(views[-1].fields["assignment"])

    async def forget(self, user: str) -> None:
        """They are being erased: what is open ends, what recurs does not any more. Idempotent.

        Raises:
            Unavailable: it is not finished.
        """
        await self._entities.submit(f"desk:{user}", ForgetDesk(), by=SYSTEM)
        async for assignment, client, lasts in self.of(user):
            if client == user:
                await self._entities.submit(f"assignment:{assignment}", ForgetClient(), by=SYSTEM)
            elif lasts:
                await self._entities.submit(f"assignment:{assignment}", CareIsOver(), by=SYSTEM)

    async def _save(self, asked: SubmitRequest, *, by: Principal, trace: str) -> None:
        """What is over is not written any more: then the submission that there is, is the answer."""
        save = SaveDraft(secret=_pack(Plain(answers=asked.answers or {})), attempt=asked.attempt)
        name = f"submit/{by.user}/{asked.client_id}" if asked.client_id else None
        try:
            await self._entities.submit(f"assignment:{asked.assignment_id}", save, by=by, command_id=name, trace=trace)
        except FailedPrecondition as error:
            if (error.details or {}).get("reason") != "submitted":
                raise

    async def _recurring(
        self, asked: AssignRequest, command: Assign, first: str, given: bytes, *, by: Principal, trace: str
    ) -> AssignmentSeriesReply:
        now, rule = self._clock.platform_ms(), asked.recurrence
        until = 0 if asked.until is None else parse_instant(asked.until, "until")
        zone = command.due.zone if command.due is not None else await self._zones.of(asked.client_id, by.user)
        if rule is None or (rule.rrule is None) is not rule.each_session:
            details: dict[str, object] = {"field": "recurrence"}
            raise InvalidArgument("recurrence has an rrule, or each_session: true.", details=details)
        begin = BeginAssignmentSeries(
            template=command,
            first=first,
            zone=zone,
            times=()
            if rule.rrule is None
            else _times(rule=rule.rrule, now=now, zone=zone, until=until, count=asked.count),
            each_session=rule.each_session,
            most=asked.count or 0,
            until=until,
            secret=given,
        )
        return await self._entities.ask(f"assignments:{new_id('asr', now)}", begin, by=SYSTEM, trace=trace)


def _assign(asked: AssignRequest, sheet: Assignable, due: WantedDue | None, therapist: str) -> Assign:
    return Assign(
        worksheet=sheet.worksheet_id,
        worksheet_version=sheet.version,
        client=asked.client_id,
        therapist=therapist,
        due=due,
        late=asked.late,
        grace=asked.grace_minutes,
        attempts=asked.attempts or 0,
        collaboration=asked.collaboration,
        sharing=asked.share_progress,
        booking=asked.booking_id or "",
        room=asked.room_id or "",
        remind=tuple(sorted(set(asked.remind), reverse=True)),
        instrument=sheet.instrument,
    )


def _times(rule: str, now: int, zone: str, until: int, count: int | None) -> tuple[int, ...]:
    """When others are made after the first. A rule without an end ends with `count`, or after as many as there may
    be. Raises InvalidArgument."""
    parts = {part.partition("=")[0].strip().upper() for part in rule.removeprefix("RRULE:").split(";")}
    bounded = rule if {"COUNT", "UNTIL"} & parts else f"{rule};COUNT={min(MOST, (count or _MOST_RECURRING) + 1)}"
    found = [at for at in expand(bounded, now, kept_zone(zone)) if at > now and (not until or at <= until)]
    return tuple(found[: count - 1] if count is not None else found[:_MOST_RECURRING])
