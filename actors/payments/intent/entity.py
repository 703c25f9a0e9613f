"""Whose a provider's object is: the first who says so, for ever. What is told of it before that is told again."""

from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Principal,
    Recorded,
)
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode


class Bind(Command[None], frozen=True, tag="bind"):
    """It is theirs: the id of an entity."""

    entity: str


class NoteProviderNews(Command[None], frozen=True, kw_only=True, tag="seen"):
    """A provider says that something happened to it. The same words are passed on."""

    provider: str
    ref: str
    arrival: str = ""
    created: int = 0


class Bound(Event, frozen=True, kw_only=True, array_like=True, tag="bound"):
    """It is known whose it is."""

    entity: str


class Passed(Event, frozen=True, kw_only=True, array_like=True, tag="passed"):
    """What was told goes on to them."""

    entity: str
    told: NoteProviderNews


IntentCommand = Bind | NoteProviderNews
IntentEvent = Bound | Passed


@dataclass(slots=True)
class Intent:
    """State: whose it is; "" as long as nobody has said so."""

    entity: str = ""

    def decide(self, command: IntentCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`. Raises PermissionDenied: it is not Carewire itself that asks."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if isinstance(command, Bind):
            return Decision() if self.entity else Decision(events=[Bound(entity=command.entity)])
        return Decision(notes=[Passed(entity=self.entity, told=command)]) if self.entity else Decision()

    def apply(self, event: IntentEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.entity = event.entity


class IntentKind(Kind[Intent, IntentCommand, IntentEvent]):
    """`intent:<provider>:<ref>`."""

    name = "intent"
    commands = IntentCommand
    events = IntentEvent

    @override
    def create(self, key: str) -> Intent:
        return Intent()

    @override
    def snapshot(self, entity: Intent) -> bytes:
        return entity.entity.encode()

    @override
    def restore(self, key: str, state: bytes) -> Intent:
        return Intent(state.decode())

    @override
    def admit(self, entity: Intent, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself does that.")

    @override
    def show(self, entity_id: str, recorded: Recorded[IntentEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[IntentEvent], part: None) -> Effects | None:
        event = recorded.event
        if isinstance(event, Passed):
            return Effects(letters=[Letter(event.entity, _pack(event.told))])
        return None
