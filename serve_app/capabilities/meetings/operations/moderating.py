"""Operations of host and cohosts on others."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from actors.kernel.contract.answers import Reply
from actors.meetings.commands import (
    Admit,
    AllowScreen,
    AllowUnmute,
    AskUnmute,
    Deny,
    Kick,
    Mute,
    Readmit,
    SetRole,
    ToLobby,
)
from actors.meetings.replies import ParticipantReply, ParticipantsReply
from common.errors import FailedPrecondition, InvalidArgument
from serve_app.capabilities.meetings import examples, requests
from serve_app.capabilities.meetings.operations.planning import ONE, TAG
from serve_app.capabilities.meetings.service import Meetings
from serve_app.edge.operation import Caller, Example, Operation, Rest

_WHO = f"{ONE}/participants/{{participant_id}}"
_LISTS = {"participants": [examples.PARTICIPANT], "waiting": []}


class Moderating:
    """One a process."""

    def __init__(self, meetings: Meetings) -> None:
        self._meetings = meetings

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._lobby()
        yield from self._silencing()
        yield from self._removing()

    def _lobby(self) -> Iterator[Operation[Any]]:
        yield self._about(
            name="admit_participant",
            request=requests.AdmitParticipant,
            command=_admitted,
            verb="admit",
            response=ParticipantsReply,
            description="Let somebody in who waits; `all`: everybody. They hear `meeting_admitted`, and join again.",
        )
        yield Operation(
            name="admit_participants",
            action="meeting.moderate",
            request=requests.AdmitParticipant,
            call=lambda request, caller: self._meetings.act(
                "meeting.admit", request.meeting_id, Admit(request.participant_id or ""), caller
            ),
            rest=Rest("POST", f"{ONE}/admit", tag=TAG, aliases=(f"{ONE}/participants/admit",)),
            limit="write",
            response=ParticipantsReply,
            resource=("meeting_id",),
            refuses=(FailedPrecondition,),
            example=Example({**examples.OF, "all": True}, _LISTS),
            description="Let everybody in who waits.",
        )
        yield self._about(
            name="deny_participant",
            request=requests.OfParticipant,
            command=lambda request: Deny(request.participant_id),
            verb="deny",
            response=ParticipantsReply,
            description="Do not let them in.",
        )
        yield self._about(
            name="send_to_lobby",
            request=requests.OfParticipant,
            command=lambda request: ToLobby(request.participant_id),
            verb="lobby",
            response=ParticipantsReply,
            description="Put them out of the room, to wait.",
        )

    def _silencing(self) -> Iterator[Operation[Any]]:
        yield self._about(
            name="mute_participant",
            request=requests.MuteParticipant,
            command=lambda request: Mute(request.participant_id, request.source),
            verb="mute",
            response=ParticipantReply,
            description="From the answer on, nothing of it reaches anybody. They unmute themselves, or ask, "
            "as the meeting has it.",
        )
        yield self._about(
            name="allow_unmute",
            request=requests.OfParticipant,
            command=lambda request: AllowUnmute(request.participant_id),
            verb="allow-unmute",
            response=ParticipantReply,
            description="They may unmute themselves again.",
        )
        yield self._about(
            name="ask_unmute",
            request=requests.OfParticipant,
            command=lambda request: AskUnmute(request.participant_id),
            verb="ask-unmute",
            response=ParticipantReply,
            description="They hear `unmute_requested`. Nobody can unmute another.",
        )
        yield Operation(
            name="allow_screen",
            action="meeting.moderate",
            request=requests.AllowScreenRequest,
            call=lambda request, caller: self._meetings.act(
                "meeting.allow_screen", request.meeting_id, AllowScreen(request.participant_id, request.allow), caller
            ),
            rest=Rest("POST", f"{ONE}/screen/allow", tag=TAG),
            limit="write",
            response=ParticipantReply,
            resource=("meeting_id",),
            refuses=(FailedPrecondition,),
            example=Example({**examples.OF_ONE, "allow": True}, {"participant": examples.PARTICIPANT}),
            description="They may share their screen, or not any more.",
        )

    def _removing(self) -> Iterator[Operation[Any]]:
        yield self._about(
            name="kick_participant",
            request=requests.KickParticipant,
            command=lambda request: Kick(request.participant_id),
            verb="kick",
            response=ParticipantReply,
            description="Out for good: every ticket of theirs is void, and no other is given, whatever they come with.",
        )
        yield self._about(
            name="readmit_participant",
            request=requests.OfParticipant,
            command=lambda request: Readmit(request.participant_id),
            verb="readmit",
            response=ParticipantReply,
            description="The only way back for who was removed or not let in.",
        )
        yield self._about(
            name="set_participant_role",
            request=requests.SetParticipantRole,
            command=lambda request: SetRole(request.participant_id, request.wanted()),
            verb="role",
            response=ParticipantReply,
            description="Name a cohost, or take that back: the host.",
            example={"role": "cohost"},
        )

    def _about(
        self,
        name: str,
        request: type[requests.ChangeMeeting],
        command: Callable[[Any], msgspec.Struct],
        verb: str,
        response: type[msgspec.Struct],
        description: str,
        example: dict[str, Any] | None = None,
    ) -> Operation[Any]:
        async def done(asked: Any, caller: Caller) -> Reply:
            why = getattr(asked, "reason", None) or ""
            return await self._meetings.act(
                f"meeting.{verb}", asked.meeting_id, command=command(asked), caller=caller, why=why
            )

        shown: dict[str, Any] = _LISTS if response is ParticipantsReply else {"participant": examples.PARTICIPANT}
        return Operation(
            name=name,
            action="meeting.moderate",
            request=request,
            call=done,
            rest=Rest("POST", f"{_WHO}/{verb}", tag=TAG),
            limit="write",
            response=response,
            resource=("meeting_id",),
            refuses=(FailedPrecondition,),
            example=Example({**examples.OF_ONE, **(example or {})}, shown),
            description=description,
        )


def _admitted(request: requests.AdmitParticipant) -> Admit:
    if request.participant_id is None and not request.all:
        raise InvalidArgument("Name a participant, or all.", details={"field": "participant_id"})
    return Admit("" if request.all else request.participant_id or "")
