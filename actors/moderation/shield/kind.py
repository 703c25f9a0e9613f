"""Shields as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import Effects, Kind, Principal, Recorded
from actors.moderation.activities import DUTY, PutOut
from actors.moderation.shield.commands import ShieldCommand
from actors.moderation.shield.entity import Restriction, Shield, ShieldState, restriction_of, shown
from actors.moderation.shield.events import Blocked, Lifted, RefusalScreened, Restricted, ShieldEvent, Unblocked
from actors.moderation.views import BLOCKS, OF_SHIELDS, RESTRICTIONS, block_id, encoded
from common.errors import PermissionDenied
from store.ports.views import Scalar, View

CALLING: Final = "call"
"""The scope of who may be in no call and no meeting."""
_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(ShieldState).decode


class ShieldKind(Kind[Shield, ShieldCommand, ShieldEvent]):
    """`shield:<user>`. Nobody listens to one: nobody is told of a block."""

    name = "shield"
    commands = ShieldCommand
    events = ShieldEvent
    indexes = OF_SHIELDS

    @override
    def create(self, key: str) -> Shield:
        return Shield(key)

    @override
    def snapshot(self, entity: Shield) -> bytes:
        return _pack(entity.state)

    @override
    def restore(self, key: str, state: bytes) -> Shield:
        return Shield(key, _state(state))

    @override
    def admit(self, entity: Shield, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a shield.")

    @override
    def show(self, entity_id: str, recorded: Recorded[ShieldEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[ShieldEvent], part: None) -> Effects | None:
        event, user = recorded.event, entity_id.partition(":")[2]
        match event:
            case Blocked():
                apart = PutOut(user=user, other=event.user)
                block = _block(user, event.user, recorded.seq, active=True)
                return Effects(views=[block], activities=[_owed(apart, recorded.seq)])
            case Unblocked():
                return Effects(views=[_block(user, event.user, recorded.seq, active=False)])
            case Restricted():
                owed = [_owed(PutOut(user=user, restriction=event.restriction), recorded.seq)]
                barred = _restriction(user, restriction_of(event, recorded.at_ms), recorded.seq)
                return Effects(views=[barred], activities=owed if CALLING in event.scope else ())
            case Lifted():
                return Effects(views=[_lifted(user, event, recorded)])
            case RefusalScreened():
                return Effects(redact=[event.number])
        return None


def _owed(out: PutOut, seq: int) -> Activity:
    return Activity(connector=DUTY, key=f"out:{seq}", payload=_pack(out), urgency="now")


def _block(by: str, user: str, version: int, *, active: bool) -> View:
    return View(BLOCKS, block_id(by, user), version, {"by": by, "user": user, "active": active})


def _restriction(user: str, one: Restriction, version: int) -> View:
    fields: dict[str, Scalar] = {
        "user": user,
        "restriction": one.id,
        "active": not one.lifted,
        "until": one.until,
        "scope": ",".join(one.scope),
        "case": one.case,
        "by": one.by,
    }
    return View(collection=RESTRICTIONS, id=one.id, version=version, fields=fields, data=encoded(shown(user, one)))


def _lifted(user: str, event: Lifted, recorded: Recorded[ShieldEvent]) -> View:
    """That it is over; what it was is in the document that this takes the place of, and in the journal."""
    fields: dict[str, Scalar] = {
        "user": user,
        "restriction": event.restriction,
        "active": False,
        "until": 0,
        "scope": "",
        "case": "",
        "by": event.by,
    }
    return View(RESTRICTIONS, event.restriction, recorded.seq, fields)
