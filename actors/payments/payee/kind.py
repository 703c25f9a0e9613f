"""Payees as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Library, Principal, Recorded
from actors.payments import ledger
from actors.payments.activities import LANE
from actors.payments.payee import views
from actors.payments.payee.commands import PayeeCommand, PayeeOf, PayeeView
from actors.payments.payee.entity import Payee
from actors.payments.payee.events import PayeeChanged
from actors.payments.payee.state import PayeeRecord
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(PayeeRecord)
_HANDED: Final = _pack({"type": "handed"})


class PayeeKind(Kind[Payee, PayeeCommand, PayeeChanged]):
    """`payee:<therapist>`."""

    name = "payee"
    commands = PayeeCommand
    events = PayeeChanged
    indexes = views.INDEXES

    @override
    def create(self, key: str) -> Payee:
        return Payee(key, PayeeRecord(id=key))

    @override
    def snapshot(self, entity: Payee) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> Payee:
        return Payee(key, _state.decode(state))

    @override
    def admit(self, entity: Payee, by: Principal) -> None:
        raise PermissionDenied("Payees cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[PayeeChanged], part: None) -> None:
        return None

    @override
    def answered(self, entity: Payee, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def effects(self, entity_id: str, recorded: Recorded[PayeeChanged], part: None) -> Effects:
        event, therapist = recorded.event, entity_id.partition(":")[2]
        made = [
            *views.payee_views(therapist, event, recorded.seq),
            *views.history_views(therapist, event, recorded.seq, recorded.at_ms),
            *ledger.views_of(entity_id, recorded.seq, recorded.at_ms, event.entries),
        ]
        letters = [Letter(one, _pack({"type": "bind", "entity": entity_id})) for one in event.bound]
        letters += [Letter(event.arrival, _HANDED)] if event.arrival else []
        asked = [
            Activity(connector=one.connector, key=one.key, payload=one.payload, lane=LANE, urgency="soon")
            for one in event.asked
        ]
        return Effects(views=made, letters=letters, activities=asked)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, PayeeOf):
            return await super().read(query, entity_id, version, library)
        account = query.record.account
        found = await library.at(entity_id, [account.link_seq]) if account and account.link_seq else []
        link = found[0].event.secret if found else None
        return PayeeView(record=query.record, version=version, link=link.decode() if link else "", made=query.made)
