"""One person's line: while a call rings at them, or is rung by them, no other does.

`line:<user>`. Only Carewire itself speaks to it. A line is taken before the call rings and freed by its end; should the
one who takes it die in between, it is free again when that call would have been over.
"""

from dataclasses import dataclass
from typing import Any, Final, assert_never

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from common.errors import FailedPrecondition, PermissionDenied

BUSY: Final = "busy"
_pack: Final = msgspec.msgpack.Encoder().encode


class TakeLine(Command[None], frozen=True, tag="take"):
    """For this call, for so long at most. Idempotent."""

    call: str
    for_ms: int


class FreeLine(Command[None], frozen=True, tag="free"):
    """This call rings no more. Idempotent."""

    call: str


class LineTaken(Event, frozen=True, kw_only=True, array_like=True, tag="taken"):
    """By this call, until then (ms)."""

    call: str
    until: int


class LineFreed(Event, frozen=True, kw_only=True, array_like=True, tag="freed"):
    """Nothing rings."""


LineCommand = TakeLine | FreeLine
LineEvent = LineTaken | LineFreed


class LineState(msgspec.Struct, frozen=True, array_like=True):
    """Which call has it ("": none), and until when at most."""

    call: str = ""
    until: int = 0


FREE: Final = LineState()
_state: Final = msgspec.msgpack.Decoder(LineState).decode


@dataclass(slots=True)
class CallLine:
    """See the module."""

    state: LineState = FREE

    def decide(self, command: LineCommand, context: Context, version: int) -> Decision:
        """Raises PermissionDenied: it is not Carewire itself that asks; FailedPrecondition: it is taken."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        match command:
            case TakeLine():
                return self._take(command, context.now_ms)
            case FreeLine():
                return Decision(events=[LineFreed()] if command.call == self.state.call else [])
        assert_never(command)

    def apply(self, event: LineEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.state = LineState(event.call, event.until) if isinstance(event, LineTaken) else FREE

    def _take(self, command: TakeLine, now_ms: int) -> Decision:
        if self.state.call == command.call:
            return Decision()
        if self.state.call and now_ms < self.state.until:
            raise FailedPrecondition("Another call is ringing. Please try again.", details={"reason": BUSY})
        return Decision(events=[LineTaken(call=command.call, until=now_ms + command.for_ms)])


class LineKind(Kind[CallLine, LineCommand, LineEvent]):
    """Lines as the kernel sees them. Nobody listens to one."""

    name = "line"
    commands = LineCommand
    events = LineEvent

    @override
    def create(self, key: str) -> CallLine:
        return CallLine()

    @override
    def snapshot(self, entity: CallLine) -> bytes:
        return _pack(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> CallLine:
        return CallLine(_state(state))

    @override
    def admit(self, entity: CallLine, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[Any], part: None) -> None:
        return None
