"""Calls as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.calls.call.commands import CallCommand, Ring
from actors.calls.call.entity import CallEntity
from actors.calls.call.events import CallEnded, CallEvent
from actors.calls.line.line import FreeLine
from actors.calls.records import CallRecord
from actors.calls.views import INDEXES, views_of
from actors.kernel.contract.entity import Effects, Kind, Letter, Principal, Recorded
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(CallRecord | None).decode


class CallKind(Kind[CallEntity, CallCommand, CallEvent]):
    """`call:<id>`. Nobody listens to one: both sides are told in their inboxes, in order."""

    name = "call"
    commands = CallCommand
    events = CallEvent
    indexes = INDEXES

    @override
    def create(self, key: str) -> CallEntity:
        return CallEntity(key)

    @override
    def snapshot(self, entity: CallEntity) -> bytes:
        return _pack(entity.call)

    @override
    def restore(self, key: str, state: bytes) -> CallEntity:
        return CallEntity(key, _state(state))

    @override
    def admit(self, entity: CallEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a call.")

    @override
    def show(self, entity_id: str, recorded: Recorded[CallEvent], part: None) -> None:
        return None

    @override
    def assume_new(self, command: CallCommand) -> bool:
        return isinstance(command, Ring)

    @override
    def effects(self, entity_id: str, recorded: Recorded[CallEvent], part: None) -> Effects:
        """When it ends, the lines of both are free."""
        event, call = recorded.event, recorded.event.call
        ended = isinstance(event, CallEnded)
        free = _pack(FreeLine(call.id))
        letters = [Letter(f"line:{user}", free) for user in (call.caller, call.callee)] if ended else []
        return Effects(views=views_of(call, recorded.seq), letters=letters)
