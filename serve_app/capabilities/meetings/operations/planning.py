"""Operations on meetings: make them, see them, change them, call them off."""

from collections.abc import Iterator
from typing import Any, Final

from actors.kernel.contract.answers import Reply
from actors.meetings.commands import (
    CancelMeeting,
    CreateMeeting,
    EndMeeting,
    GetEvidence,
    GetMeeting,
    MakeRoom,
    UpdateMeeting,
)
from actors.meetings.outcomes.views import EVERYBODY, place_of
from actors.meetings.replies import MeetingReply, RoomReply
from actors.meetings.rules.names import people_for
from actors.meetings.shown import shown_meeting
from actors.meetings.shown_evidence import EndReply, MeetingEvidence
from actors.meetings.state import config_of
from common.clock import Clock, to_rfc3339
from common.errors import Conflict, FailedPrecondition
from common.timeline import parse_instant
from serve_app.capabilities.meetings import examples, requests
from serve_app.capabilities.meetings.service import Meetings
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result

PATH: Final = "/api/meetings"
TAG: Final = "meetings"
ONE: Final = f"{PATH}/{{meeting_id}}"
REFUSES: Final = (FailedPrecondition, Conflict)
_HOUR_MS: Final = 3_600_000
_MEETING: Final = {"meeting": examples.MEETING}


def of(reply: Reply, status: int | None = None) -> Result:
    """With the version that it shows."""
    return Result(reply.data, status=status, version=reply.version)


class Planning:
    """One a process."""

    def __init__(self, meetings: Meetings, clock: Clock) -> None:
        self._meetings, self._clock = meetings, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._making()
        yield from self._reading()
        yield from self._changing()

    def _making(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="create_meeting",
            action="meeting.create",
            request=requests.CreateMeetingRequest,
            call=self._create,
            rest=Rest("POST", PATH, status=201, statuses=(200,), tag=TAG),
            limit="write",
            response=MeetingReply,
            refuses=REFUSES,
            example=Example({"kind": "group", "title": "Evening group", "people": ["usr_ada"]}, _MEETING),
            description="Make a meeting; without `start`: now, for an hour. With `booking_id`: the one that it has.",
        )

    def _reading(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="list_meetings",
            action="meeting.read",
            request=requests.ListMeetings,
            call=self._list,
            rest=Rest("GET", PATH, tag=TAG),
            limit="read",
            response=requests.MeetingPage,
            example=Example({"status": "open"}, {"meetings": [examples.MEETING]}),
            description="One's own, by their starts. Administrators: all, without their people.",
        )
        yield Operation(
            name="get_meeting",
            action="meeting.read",
            request=requests.OfMeeting,
            call=self._get,
            rest=Rest("GET", ONE, tag=TAG),
            limit="read",
            response=MeetingReply,
            resource=("meeting_id",),
            example=Example(examples.OF, _MEETING),
            description="A meeting, for those who have a part in it.",
            versioned=True,
        )
        yield Operation(
            name="get_evidence",
            action="meeting.evidence",
            request=requests.OfMeeting,
            call=lambda request, caller: self._meetings.ask(request.meeting_id, GetEvidence(), caller),
            rest=Rest("GET", f"{ONE}/evidence", tag=TAG),
            limit="read",
            response=MeetingEvidence,
            resource=("meeting_id",),
            example=Example(examples.OF, {"evidence": examples.EVIDENCE}),
            description="What took place, by what the server saw: for its host, its client and administrators.",
        )

    def _changing(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="update_meeting",
            action="meeting.change",
            request=requests.UpdateMeetingRequest,
            call=self._update,
            rest=Rest("PATCH", ONE, tag=TAG),
            limit="write",
            response=MeetingReply,
            resource=("meeting_id",),
            refuses=REFUSES,
            example=Example({**examples.OF, "config": {"locked": True}}, _MEETING),
            description="Change it: host and cohosts. Times and people of a booked one follow its booking.",
            versioned=True,
        )
        yield Operation(
            name="cancel_meeting",
            action="meeting.change",
            request=requests.CancelMeetingRequest,
            call=self._cancel,
            rest=Rest("POST", f"{ONE}/cancel", tag=TAG),
            limit="write",
            response=MeetingReply,
            resource=("meeting_id",),
            refuses=REFUSES,
            example=Example(examples.OF, _MEETING),
            description="It will not take place. A booked one only `with_booking`, which cancels that by its rules.",
            versioned=True,
        )
        yield Operation(
            name="create_video_room",
            action="meeting.change",
            request=requests.ChangeMeeting,
            call=lambda request, caller: self._meetings.act("meeting.room", request.meeting_id, MakeRoom(), caller),
            rest=Rest("POST", f"{ONE}/room", tag=TAG),
            limit="write",
            response=RoomReply,
            resource=("meeting_id",),
            refuses=REFUSES,
            example=Example(examples.OF, {**_MEETING, "media": {"provider": "mesh", "epoch": 1}}),
            description="Make the room now; else the first seat does. Again: the same room.",
        )
        yield Operation(
            name="end_video_room",
            action="meeting.moderate",
            request=requests.EndRoom,
            call=self._end,
            rest=Rest("POST", f"{ONE}/end", tag=TAG),
            limit="write",
            response=EndReply,
            resource=("meeting_id",),
            refuses=REFUSES,
            example=Example(examples.OF, {**_MEETING, "evidence": examples.EVIDENCE}),
            description="Everybody is out, and nobody gets in again.",
        )

    async def _create(self, request: requests.CreateMeetingRequest, caller: Caller) -> Result:
        if request.booking_id is not None:
            return of(await self._meetings.of_booking(request.booking_id, caller), status=200)
        kind = request.kind or "session"
        now_ms = self._clock.platform_ms()
        start = now_ms if request.start is None else parse_instant(request.start)
        end = start + _HOUR_MS if request.end is None else parse_instant(request.end, "end")
        config = config_of(kind) if request.config is None else request.config.wish().over(config_of(kind))
        command = CreateMeeting(
            kind=kind,
            host=caller.by.user,
            people=tuple(request.people or ()),
            start=start,
            end=end,
            config=config,
            title=request.title or "",
        )
        return of(await self._meetings.create(command, caller))

    async def _get(self, request: requests.OfMeeting, caller: Caller) -> Result:
        return of(await self._meetings.ask(request.meeting_id, GetMeeting(), caller))

    async def _update(self, request: requests.UpdateMeetingRequest, caller: Caller) -> Result:
        command = UpdateMeeting(
            start=None if request.start is None else parse_instant(request.start),
            end=None if request.end is None else parse_instant(request.end, "end"),
            people=None if request.people is None else tuple(request.people),
            config=None if request.config is None else request.config.wish(),
            title=request.title,
            versions=caller.versions,
        )
        return of(await self._meetings.act("meeting.update", request.meeting_id, command, caller))

    async def _cancel(self, request: requests.CancelMeetingRequest, caller: Caller) -> Result:
        reason = request.reason or ""
        if request.with_booking and await self._meetings.is_booked(request.meeting_id, caller):
            return of(await self._meetings.cancel_booking(request.meeting_id, reason, caller))
        command = CancelMeeting(versions=caller.versions)
        return of(await self._meetings.act("meeting.cancel", request.meeting_id, command, caller, why=reason))

    async def _end(self, request: requests.EndRoom, caller: Caller) -> Reply:
        return await self._meetings.act(
            "meeting.end", request.meeting_id, command=EndMeeting(), caller=caller, why=request.reason or ""
        )

    async def _list(self, request: requests.ListMeetings, caller: Caller) -> requests.MeetingPage:
        everybody = caller.by.role == "admin"
        wanted = {"status": request.status, "booking": request.booking_id}
        equal = {name: value for name, value in wanted.items() if value is not None}
        after = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
        above = after or (None if request.from_ is None else to_rfc3339(parse_instant(request.from_, "from")))
        below = None if request.to is None else to_rfc3339(parse_instant(request.to, "to"))
        user = EVERYBODY if everybody else caller.by.user
        found = await self._meetings.page(user, equal=equal, above=above, below=below, limit=request.limit + 1)
        more = encode_cursor(place_of(found[request.limit - 1])) if len(found) > request.limit else None
        now_ms = self._clock.platform_ms()
        shown = [
            shown_meeting(record, record.seq, now_ms, people=None if everybody else people_for(record, caller.by.user))
            for record in found[: request.limit]
        ]
        return requests.MeetingPage(meetings=shown, next_cursor=more)
