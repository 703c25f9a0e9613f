"""Persons in distress as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.emergencies.emergency.commands import Raise
from actors.emergencies.person.commands import DistressCommand
from actors.emergencies.person.entity import Distress
from actors.emergencies.person.events import Cried, DistressEvent
from actors.kernel.contract.entity import Effects, Kind, Letter, Principal, Recorded
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode


class DistressKind(Kind[Distress, DistressCommand, DistressEvent]):
    """`distress:<user>`. Nobody listens to one."""

    name = "distress"
    commands = DistressCommand
    events = DistressEvent

    @override
    def create(self, key: str) -> Distress:
        return Distress(key)

    @override
    def snapshot(self, entity: Distress) -> bytes:
        return entity.current.encode()

    @override
    def restore(self, key: str, state: bytes) -> Distress:
        return Distress(key, state.decode())

    @override
    def admit(self, entity: Distress, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[DistressEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[DistressEvent], part: None) -> Effects | None:
        """What Carewire raises, it raises by letter."""
        event, user = recorded.event, entity_id.partition(":")[2]
        if not isinstance(event, Cried):
            return None
        command = _pack(Raise(user=user, kind=event.kind))
        owner = user if event.secret is not None else ""
        return Effects(letters=[Letter(f"emergency:{event.emergency}", command, secret=event.secret, owner=owner)])
