"""Operations of those who are in a meeting."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.kernel.contract.answers import Reply
from actors.meetings.commands import (
    GetIce,
    GetQuality,
    LeaveSeat,
    ListParticipants,
    RefreshTicket,
    ReportQuality,
    RequestScreen,
    SetMedia,
    ShareScreen,
    StopScreen,
    TakeSeat,
)
from actors.meetings.replies import IceReply, JoinReply, LeftReply, ParticipantReply, ParticipantsReply, TicketReply
from actors.meetings.shown_evidence import QualityReply
from common.errors import Conflict, FailedPrecondition, PermissionDenied
from common.persons import NothingToTell
from serve_app.capabilities.meetings import examples, requests
from serve_app.capabilities.meetings.operations.planning import ONE, REFUSES, TAG
from serve_app.capabilities.meetings.service import Meetings
from serve_app.edge.operation import Caller, Example, Operation, Rest

_NOT_SEATED: Final = (FailedPrecondition,)


class Attending:
    """One a process."""

    def __init__(self, meetings: Meetings) -> None:
        self._meetings = meetings

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._seats()
        yield from self._looking()
        yield from self._own_media()
        yield from self._quality()

    def _seats(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="join_video_room",
            action="meeting.join",
            request=requests.JoinMeetingRoom,
            call=self._join,
            rest=Rest("POST", f"{ONE}/join", tag=TAG),
            limit="write",
            response=JoinReply,
            resource=("meeting_id",),
            error_details=("device_id",),
            refuses=REFUSES,
            example=Example({**examples.OF, "device_id": "laptop"}, examples.JOINED),
            description="Take one's place, or take it again: with a ticket, relays and where media goes; or wait in "
            "the lobby until `meeting_admitted`. Over a socket one hears of the meeting from then on.",
            topic=lambda request: f"meeting:{request.meeting_id}",
        )
        yield Operation(
            name="leave_video_room",
            action="meeting.join",
            request=requests.ChangeMeeting,
            call=self._leave,
            rest=Rest("POST", f"{ONE}/leave", tag=TAG),
            limit="write",
            response=LeftReply,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example(examples.OF, {"elapsed_s": 1800}),
            description="Go. The seat is kept, but nobody waits.",
        )
        yield Operation(
            name="refresh_ticket",
            action="meeting.join",
            request=requests.ChangeMeeting,
            call=lambda request, caller: self._meetings.ask(request.meeting_id, RefreshTicket(), caller),
            rest=Rest("POST", f"{ONE}/ticket", tag=TAG),
            limit="write",
            response=TicketReply,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example(examples.OF, {"ticket": examples.TICKET}),
            description="Another ticket for one's seat.",
        )
        yield Operation(
            name="get_ice_servers",
            action="meeting.join",
            request=requests.OfMeeting,
            call=lambda request, caller: self._meetings.ask(request.meeting_id, GetIce(), caller),
            rest=Rest("GET", f"{ONE}/ice-servers", tag=TAG),
            limit="read",
            response=IceReply,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example(examples.OF, {"ice_servers": examples.ICE, "ice_transport_policy": "all", "ttl_s": 600}),
            description="Relays for one's seat, with fresh credentials.",
        )

    def _looking(self) -> Iterator[Operation[Any]]:
        for name, rest in (
            ("list_participants", Rest("GET", f"{ONE}/participants", tag=TAG)),
            ("get_participants", None),
        ):
            yield Operation(
                name=name,
                action="meeting.read",
                request=requests.OfMeeting,
                call=lambda request, caller: self._meetings.ask(request.meeting_id, ListParticipants(), caller),
                rest=rest,
                limit="read",
                response=ParticipantsReply,
                resource=("meeting_id",),
                example=Example(examples.OF, {"participants": [examples.PARTICIPANT]}),
                description="Who is in it; for host and cohosts also who waits, and who was removed.",
            )

    def _own_media(self) -> Iterator[Operation[Any]]:
        participant = {"participant": examples.PARTICIPANT}
        yield Operation(
            name="set_media",
            action="meeting.media",
            request=requests.SetMediaRequest,
            call=self._set_media,
            rest=Rest("POST", f"{ONE}/media", tag=TAG),
            limit="write",
            response=ParticipantReply,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example({**examples.OF, "microphone": False}, participant),
            description="One's own microphone and camera. Who was muted and must ask is refused: reason `muted`.",
        )
        yield Operation(
            name="share_screen",
            action="meeting.media",
            request=requests.ChangeMeeting,
            call=self._share,
            rest=Rest("POST", f"{ONE}/screen", tag=TAG),
            limit="write",
            response=ParticipantReply,
            resource=("meeting_id",),
            error_details=("participant_id",),
            refuses=(FailedPrecondition, Conflict),
            example=Example(examples.OF, participant),
            description="Show one's screen. Without leave: reason `screen`, and those who may give it hear of it.",
        )
        yield Operation(
            name="stop_screen",
            action="meeting.media",
            request=requests.StopScreenRequest,
            call=lambda request, caller: self._meetings.act(
                "meeting.screen_stopped", request.meeting_id, StopScreen(request.participant_id or ""), caller
            ),
            rest=Rest("POST", f"{ONE}/screen/stop", tag=TAG),
            limit="write",
            response=ParticipantReply,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example(examples.OF, participant),
            description="Show it no more; host and cohosts, anybody's.",
        )

    def _quality(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="report_quality",
            action="meeting.media",
            request=requests.ReportQualityRequest,
            call=self._report,
            rest=Rest("POST", f"{ONE}/quality", tag=TAG),
            limit="signal",
            response=NothingToTell,
            resource=("meeting_id",),
            refuses=_NOT_SEATED,
            example=Example({**examples.OF, "rtt_ms": 40, "loss": 0.0}, {}),
            description="How it is for oneself, every 5 s: in a mesh, and elsewhere, also the sign of life.",
        )
        yield Operation(
            name="get_quality",
            action="meeting.quality",
            request=requests.OfMeeting,
            call=lambda request, caller: self._meetings.ask(request.meeting_id, GetQuality(), caller),
            rest=Rest("GET", f"{ONE}/quality", tag=TAG),
            limit="read",
            response=QualityReply,
            resource=("meeting_id",),
            example=Example(examples.OF, {"minutes": [examples.MINUTE]}),
            description="How it was, minute by minute: for the host and administrators.",
        )

    async def _join(self, request: requests.JoinMeetingRoom, caller: Caller) -> Reply:
        consent = request.consent
        join = TakeSeat(
            "",
            request.device_id or "",
            name=request.display_name or "",
            take_over=request.take_over,
            observe=request.observe,
            consent=None if consent is None else (consent.recording_id, consent.text_version),
        )
        return await self._meetings.join(request.meeting_id, join, caller)

    async def _leave(self, request: requests.ChangeMeeting, caller: Caller) -> Reply:
        reply = await self._meetings.ask(request.meeting_id, LeaveSeat(), caller)
        await self._meetings.enforce(request.meeting_id, caller.trace)
        return reply

    async def _set_media(self, request: requests.SetMediaRequest, caller: Caller) -> Reply:
        command = SetMedia(request.microphone, request.camera)
        reply = await self._meetings.ask(request.meeting_id, command, caller)
        await self._meetings.enforce(request.meeting_id, caller.trace)
        return reply

    async def _share(self, request: requests.ChangeMeeting, caller: Caller) -> Reply:
        try:
            return await self._meetings.act("meeting.screen_shared", request.meeting_id, ShareScreen(), caller)
        except PermissionDenied as refused:
            if (refused.details or {}).get("reason") == "screen":
                await self._meetings.ask(request.meeting_id, RequestScreen(), caller)
            raise

    async def _report(self, request: requests.ReportQualityRequest, caller: Caller) -> NothingToTell:
        said = {name: value for name, value in msgspec.structs.asdict(request).items() if name != "meeting_id"}
        await self._meetings.ask(request.meeting_id, ReportQuality(**said), caller)
        return NothingToTell()
