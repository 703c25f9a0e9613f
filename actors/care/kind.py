"""Care relationships as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.care.commands import CareCommand
from actors.care.entity import CareRelation
from actors.care.events import AnyCareEvent
from actors.care.state import CareRecord
from actors.care.views import INDEXES, view_of
from actors.kernel.contract.entity import Effects, Kind, Principal, Recorded
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(CareRecord | None)


class CareKind(Kind[CareRelation, CareCommand, AnyCareEvent]):
    """`care:<id>`. Nobody listens to one: its parties are told in their inboxes."""

    name = "care"
    commands = CareCommand
    events = AnyCareEvent
    indexes = INDEXES

    @override
    def create(self, key: str) -> CareRelation:
        return CareRelation(key)

    @override
    def snapshot(self, entity: CareRelation) -> bytes:
        return _pack(entity.care)

    @override
    def restore(self, key: str, state: bytes) -> CareRelation:
        return CareRelation(key, _state.decode(state))

    @override
    def admit(self, entity: CareRelation, by: Principal) -> None:
        raise PermissionDenied("Care relationships cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[AnyCareEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[AnyCareEvent], part: None) -> Effects:
        """The read model."""
        return Effects(views=[view_of(recorded.event.care, recorded.seq)])
