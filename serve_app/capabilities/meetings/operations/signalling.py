"""What only sockets do: signals of a mesh, and hearing of a meeting."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET

from actors.kernel.contract.answers import Reply
from actors.meetings.commands import SendSignal, Watch
from actors.meetings.replies import WatchReply
from actors.meetings.rules.signalling import check_size
from common.errors import FailedPrecondition, InvalidArgument
from common.persons import NothingToTell
from realtime.delivery.connections import Connection
from realtime.delivery.subscriptions import GatewayTopics
from realtime.front.handlers import EventResult, Handler
from serve_app.capabilities.meetings import examples, requests
from serve_app.capabilities.meetings.admission import Admissions
from serve_app.capabilities.meetings.service import Meetings
from serve_app.edge.operation import Caller, ClientEvent, Example, Operation
from serve_app.edge.sockets import handler_of

UNWATCH: Final = ClientEvent(
    "unwatch_meeting",
    "meeting.read",
    requests.OfMeeting,
    "read",
    response=NothingToTell,
    resource=("meeting_id",),
    example=Example(examples.OF, {}),
    description="Hear of this meeting no more.",
)
EVENTS: Final = (UNWATCH,)


class Signalling:
    """One a process."""

    def __init__(self, meetings: Meetings, admissions: Admissions) -> None:
        self._meetings, self._admissions = meetings, admissions

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="watch_meeting",
            action="meeting.read",
            request=requests.WatchMeeting,
            call=self._watch,
            rest=None,
            limit="read",
            response=WatchReply,
            resource=("meeting_id",),
            example=Example(
                {**examples.OF, "since": 4},
                {"meeting": examples.MEETING, "participants": [examples.PARTICIPANT], "seq": 4, "events": []},
            ),
            description="A meeting as it is, every change of it from then on, and what was missed since `since`. A "
            "seat watches by itself.",
            topic=lambda request: f"meeting:{request.meeting_id}",
        )
        yield Operation(
            name="meeting_signal",
            action="meeting.media",
            request=requests.MeetingSignal,
            call=self._signal,
            rest=None,
            limit="signal",
            response=NothingToTell,
            resource=("meeting_id",),
            refuses=(FailedPrecondition,),
            example=Example(
                {
                    **examples.OF,
                    "ticket": examples.TICKET["token"],
                    "epoch": 1,
                    "to": examples.PRT,
                    "description": {"type": "offer", "sdp": "v=0\r\n"},
                },
                {},
            ),
            description="To another seat of a mesh, in order, at the device that has the seat; kept nowhere.",
        )

    async def _watch(self, request: requests.WatchMeeting, caller: Caller) -> Reply:
        command = Watch(request.since, caller.connection, caller.device or caller.by.user)
        return await self._meetings.ask(request.meeting_id, command, caller, listen=bool(caller.connection))

    async def _signal(self, request: requests.MeetingSignal, caller: Caller) -> NothingToTell:
        ticket = self._admissions.read(request.meeting_id, request.ticket, caller.by)
        command = SendSignal(ticket, request.epoch, request.to, msgspec.json.encode(_said(request)))
        await self._meetings.ask(request.meeting_id, command, caller)
        return NothingToTell()


def _said(request: requests.MeetingSignal) -> requests.Said:
    """Raises InvalidArgument: it says nothing, or two things, or too much."""
    description, candidate = request.description, request.candidate
    if (description is UNSET) == (candidate is UNSET):
        raise InvalidArgument("Send a description, or a candidate.", details={"field": "description"})
    if isinstance(description, requests.Description):
        check_size(description.sdp)
        return {"description": description}
    return {"candidate": candidate}


class MeetingWatching:
    """The handler that ends a watch, for the sockets of one gateway."""

    def __init__(self, subscriptions: GatewayTopics[Connection]) -> None:
        self._subscriptions = subscriptions

    def handlers(self) -> list[Handler]:
        """One."""
        return [handler_of(UNWATCH, self._unwatch)]

    async def _unwatch(self, connection: Connection, request: requests.OfMeeting) -> EventResult:
        self._subscriptions.leave(connection, f"meeting:{request.meeting_id}")
        return EventResult()
