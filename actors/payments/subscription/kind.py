"""Subscriptions as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Library, Principal, Recorded
from actors.payments.activities import LANE
from actors.payments.bill.commands import RefundBill, VoidBill, WriteOff
from actors.payments.subscription import recurring
from actors.payments.subscription.commands import (
    Charged,
    Explained,
    SubscriptionCall,
    SubscriptionCommand,
    SubscriptionEvent,
    SubscriptionHeard,
    SubscriptionView,
)
from actors.payments.subscription.entity import SubscriptionEntity
from actors.payments.subscription.state import Subscription
from common.errors import PermissionDenied
from store.ports.views import Index, View

SUBSCRIPTIONS: Final = "subscriptions"
_pack: Final = msgspec.msgpack.Encoder().encode
_HANDED: Final = _pack({"type": "handed"})


class SubscriptionKind(Kind[SubscriptionEntity, SubscriptionCommand, SubscriptionEvent]):
    """`subscription:<id>`."""

    name = "subscription"
    commands = SubscriptionCommand
    events = SubscriptionEvent
    indexes = (
        *recurring.INDEXES,
        Index(SUBSCRIPTIONS, ("order",)),
        Index(SUBSCRIPTIONS, ("payer", "order")),
        Index(SUBSCRIPTIONS, ("client", "order")),
    )

    @override
    def create(self, key: str) -> SubscriptionEntity:
        return SubscriptionEntity(key)

    @override
    def snapshot(self, entity: SubscriptionEntity) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> SubscriptionEntity:
        return SubscriptionEntity(key, msgspec.msgpack.decode(state, type=Subscription | None))

    @override
    def admit(self, entity: SubscriptionEntity, by: Principal) -> None:
        raise PermissionDenied("Subscriptions cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[SubscriptionEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[SubscriptionEvent], part: None) -> Effects:
        event = recorded.event
        letters = [Letter(event.arrival, _HANDED)] if event.arrival else []
        asked = [_activity(one) for one in event.asked]
        if isinstance(event, SubscriptionHeard):
            return Effects(letters=letters, activities=asked)
        letters += [letter for one in event.charged for letter in _letters(one)]
        if event.bound:
            letters.append(Letter(f"intent:{event.bound}", _pack({"type": "bind", "entity": entity_id})))
        moved = recurring.movement(event.record, recorded.seq, recorded.at_ms, event.yearly)
        return Effects(views=[_view(event.record, recorded.seq), *moved], letters=letters, activities=asked)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, Explained):
            return await super().read(query, entity_id, version, library)
        found = await library.at(entity_id, [query.record.reason_seq])
        secret = found[0].event.secret if found else None
        said = msgspec.msgpack.decode(secret, type=dict[str, str]) if secret else {}
        return SubscriptionView(record=query.record, version=version, reason=said.get("reason", ""))

    @override
    def answered(self, entity: SubscriptionEntity, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)


def record_in(view: View) -> Subscription:
    """The subscription of a document."""
    return msgspec.msgpack.decode(view.data, type=Subscription)


def _activity(asked: SubscriptionCall) -> Activity:
    """What somebody waits for comes before what only has to be known."""
    waited = asked.key.partition("|")[0] not in ("read", "meter")
    return Activity(
        connector=asked.connector,
        key=asked.key,
        payload=asked.payload,
        lane=LANE,
        urgency="now" if waited else "soon",
    )


def _letters(charged: Charged) -> list[Letter]:
    """A bill is opened first, then paid: letters to one entity go in their order."""
    to = f"bill:{charged.bill}"
    commands: list[msgspec.Struct | None] = [charged.opening, charged.pay]
    if charged.refund:
        commands.append(RefundBill(amount=charged.refund, policy=True))
    if charged.write_off:
        commands.append(WriteOff())
    if charged.void:
        commands.append(VoidBill())
    commands += [charged.adopt, charged.dunned]
    return [Letter(to, _pack(one)) for one in commands if one is not None]


def _view(record: Subscription, version: int) -> View:
    fields: dict[str, str | int | bool | None] = {
        "payer": record.payer,
        "client": record.client,
        "status": record.status,
        "order": record.id,
    }
    return View(collection=SUBSCRIPTIONS, id=record.id, version=version, fields=fields, data=_pack(record))
