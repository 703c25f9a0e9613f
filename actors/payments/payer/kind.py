"""Payers as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Library, Principal, Recorded
from actors.payments.activities import LANE
from actors.payments.payer.commands import (
    AskedOfProvider,
    Introduced,
    PayerChanged,
    PayerCommand,
    PayerEvent,
    PayerRead,
    PayerView,
)
from actors.payments.payer.entity import Payer
from actors.payments.payer.state import PayerRecord
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(PayerRecord)
_HANDED: Final = _pack({"type": "handed"})


class PayerKind(Kind[Payer, PayerCommand, PayerEvent]):
    """`payer:<user>`."""

    name = "payer"
    commands = PayerCommand
    events = PayerEvent

    @override
    def create(self, key: str) -> Payer:
        return Payer(key, PayerRecord(id=key))

    @override
    def snapshot(self, entity: Payer) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> Payer:
        return Payer(key, _state.decode(state))

    @override
    def admit(self, entity: Payer, by: Principal) -> None:
        raise PermissionDenied("Payers cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[PayerEvent], part: None) -> None:
        return None

    @override
    def answered(self, entity: Payer, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def effects(self, entity_id: str, recorded: Recorded[PayerEvent], part: None) -> Effects:
        event = recorded.event
        if isinstance(event, Introduced):
            return Effects(letters=[Letter(f"issuer:{event.issuer}", _pack(event.issue))])
        letters = [Letter(one, _pack({"type": "bind", "entity": entity_id})) for one in event.bound]
        letters += [Letter(event.arrival, _HANDED)] if event.arrival else []
        return Effects(letters=letters, activities=[_activity(one, event) for one in event.asked])

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, PayerRead):
            return await super().read(query, entity_id, version, library)
        record = query.record
        profile = await _secret(library, entity_id, query.profile or record.profile_seq)
        client = await _secret(library, entity_id, record.client_seq)
        needed = msgspec.msgpack.decode(client, type=dict[str, str]) if client else {}
        return PayerView(record=record, version=version, profile=profile, client=needed)


async def _secret(library: Library, entity_id: str, seq: int) -> bytes | None:
    found = await library.at(entity_id, [seq]) if seq else []
    secret: bytes | None = found[0].event.secret if found else None
    return secret


def _activity(one: AskedOfProvider, event: PayerChanged) -> Activity:
    return Activity(
        connector=one.connector,
        key=one.key,
        payload=(event.secret or b"") if one.sealed else one.payload,
        owner=event.author if one.sealed else "",
        lane=LANE,
        urgency="now",
    )
