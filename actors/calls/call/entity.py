"""The rules of a call: it rings, and ends once. The first device that answers has it."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.calls.call.commands import (
    AnswerCall,
    CallCommand,
    CancelCall,
    DeclineCall,
    ForgetParty,
    GetCall,
    Ring,
    RingOver,
)
from actors.calls.call.events import CallEnded, CallEvent, CallRang
from actors.calls.records import RINGING, CallRecord, Status, shown
from actors.kernel.contract.entity import Context, Decision, Principal, SetTimer
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied

_OVER: Final = msgspec.msgpack.encode(RingOver())
_NOTHING: Final = Decision()


@dataclass(slots=True)
class CallEntity:
    """`call` is None until it rings."""

    id: str
    call: CallRecord | None = None

    def decide(self, command: CallCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such call, or none for the one who asks.
            PermissionDenied: the caller answers, the callee cancels, or it is not Carewire itself that rings.
            Conflict: another device has answered; `details.answered_by`.
            FailedPrecondition: it rings no more.
        """
        if isinstance(command, Ring | RingOver | ForgetParty):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself does that.")
            return self._of_carewire(command, context.now_ms)
        call = self._theirs(context.by)
        match command:
            case GetCall():
                return Decision(shown(call))
            case AnswerCall():
                _require(context.by, call.callee)
                return self._answer(call, command, context.now_ms)
            case DeclineCall():
                _require(context.by, call.callee)
                return _ended(call, "declined", context.now_ms)
            case CancelCall():
                _require(context.by, call.caller)
                return _ended(call, "cancelled", context.now_ms)
        assert_never(command)

    def apply(self, event: CallEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.call = event.call

    def _theirs(self, by: Principal) -> CallRecord:
        if self.call is None or by.user not in (self.call.caller, self.call.callee):
            raise NotFound("There is no such call.", call=self.id)
        return self.call

    def _of_carewire(self, command: Ring | RingOver | ForgetParty, now_ms: int) -> Decision:
        call = self.call
        if isinstance(command, Ring):
            return self._ring(command, now_ms) if call is None else Decision(shown(call))
        if call is None or call.status != RINGING:
            return _NOTHING
        return _ended(call, "missed" if isinstance(command, RingOver) else "cancelled", now_ms)

    def _ring(self, command: Ring, now_ms: int) -> Decision:
        call = CallRecord(
            id=self.id,
            caller=command.caller,
            callee=command.callee,
            media=command.media,
            status="ringing",
            started=now_ms,
            expires=now_ms + command.ring_ms,
            room=command.room,
            meeting=command.meeting,
        )
        timers = [SetTimer("ring_over", call.expires, _OVER)]
        return Decision(shown(call), events=[CallRang(call=call)], timers=timers)

    def _answer(self, call: CallRecord, command: AnswerCall, now_ms: int) -> Decision:
        device = command.device
        if call.status == "answered":
            if call.answered_by == device:
                return Decision(shown(call))
            raise Conflict("Another device has answered.", details={"answered_by": call.answered_by})
        return _ended(replace(call, answered_by=device, meeting=call.meeting or command.meeting), "answered", now_ms)


def _ended(call: CallRecord, status: Status, now_ms: int) -> Decision:
    if call.status == status:
        return Decision(shown(call))
    if call.status != RINGING:
        raise FailedPrecondition("This call rings no more.", details={"status": call.status})
    call = replace(call, status=status, ended=now_ms)
    return Decision(shown(call), events=[CallEnded(call=call)])


def _require(by: Principal, user: str) -> None:
    if by.user != user:
        raise PermissionDenied("This is for the other side of the call.")
