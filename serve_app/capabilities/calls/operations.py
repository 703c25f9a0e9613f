"""Every operation of calls."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from actors.calls.call.commands import AnswerCall, CancelCall, DeclineCall, GetCall
from actors.calls.records import ShownCall
from actors.kernel.contract.entity import Command
from common.errors import Conflict, FailedPrecondition
from serve_app.capabilities.calls import requests
from serve_app.capabilities.calls.requests import CallReply
from serve_app.capabilities.calls.server_events import ANSWERED, RINGING
from serve_app.capabilities.calls.service import Calls
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/calls"
_TAG: Final = "calls"
_OF: Final = {"call_id": RINGING["id"]}


class CallOperations:
    """One a process."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="call_user",
            action="call.ring",
            request=requests.CallUser,
            call=self._ring,
            rest=Rest("POST", _PATH, status=201, tag=_TAG),
            limit="write",
            response=CallReply,
            refuses=(FailedPrecondition,),
            example=Example({"callee_id": "usr_ada", "media": "video"}, {"call": RINGING}),
            description="Ring at every device of somebody: for whoever may write to them in private, or shares an "
            "open conversation with them. While a call rings at one of the two, another is refused (`busy`).",
        )
        yield Operation(
            name="get_call",
            action="call.read",
            request=requests.OfCall,
            call=self._get,
            rest=Rest("GET", f"{_PATH}/{{call_id}}", tag=_TAG),
            limit="read",
            response=CallReply,
            resource=("call_id",),
            example=Example(_OF, {"call": RINGING}),
            description="A call, for its two sides.",
        )
        yield self._changing(
            "answer_call",
            "call.answer",
            lambda request, caller: AnswerCall(
                request.device_id or caller.by.user, self._calls.meeting_of(request.call_id)
            ),
            "Take it on this device. The first one has it; others are told which.",
        )
        yield self._changing(
            "decline_call", "call.decline", lambda _, __: DeclineCall(), "Do not take it: it stops ringing everywhere."
        )
        yield self._changing(
            "cancel_call", "call.cancel", lambda _, __: CancelCall(), "Give up: it stops ringing everywhere."
        )

    async def _ring(self, request: requests.CallUser, caller: Caller) -> CallReply:
        call = await self._calls.ring(
            request.callee_id,
            request.media,
            room=request.room_id or "",
            meeting=request.meeting_id or "",
            by=caller.by,
            trace=caller.trace,
        )
        return CallReply(call=call)

    async def _get(self, request: requests.OfCall, caller: Caller) -> CallReply:
        return CallReply(call=await self._calls.ask(request.call_id, GetCall(), by=caller.by, trace=caller.trace))

    def _changing(
        self, name: str, action: str, command: Callable[[requests.ChangeCall, Caller], Command[ShownCall]], what: str
    ) -> Operation[requests.ChangeCall]:
        async def changed(request: requests.ChangeCall, caller: Caller) -> CallReply:
            asked = command(request, caller)
            call = await self._calls.ask(request.call_id, asked, by=caller.by, trace=caller.trace)
            if isinstance(asked, AnswerCall):
                await self._calls.meet(call, trace=caller.trace)
            return CallReply(call=call)

        return Operation(
            name=name,
            action=action,
            request=requests.ChangeCall,
            call=changed,
            rest=Rest("POST", f"{_PATH}/{{call_id}}/{name.removesuffix('_call')}", tag=_TAG),
            limit="write",
            response=CallReply,
            resource=("call_id",),
            error_details=("answered_by",),
            refuses=(Conflict, FailedPrecondition),
            example=Example({**_OF, "device_id": "phone"}, {"call": ANSWERED}),
            description=what,
        )
