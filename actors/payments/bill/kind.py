"""Bills as the kernel sees them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Library, Principal, Recorded
from actors.payments import ledger
from actors.payments.activities import LANE
from actors.payments.bill import views
from actors.payments.bill.commands import (
    BillCommand,
    BillContents,
    BillView,
    CodedBill,
    CodingOf,
    DisputeOf,
    DisputeView,
    Happened,
    HistoryOf,
    OpenBill,
)
from actors.payments.bill.entity import Bill
from actors.payments.bill.events import BillChanged, BillEvent, Heard, ProviderCall
from actors.payments.bill.state import BillRecord
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(BillRecord | None)
_HANDED: Final = _pack({"type": "handed"})
_MOST: Final = 500
_NOW: Final = ("begin", "confirm", "capture", "void")


class BillKind(Kind[Bill, BillCommand, BillEvent]):
    """`bill:<id>`. Nobody listens to one: those whom it concerns are told in their inboxes."""

    name = "bill"
    commands = BillCommand
    events = BillEvent
    indexes = (*views.INDEXES, *ledger.INDEXES)

    def __init__(self, poll_s: float = 60.0) -> None:
        """`poll_s`: after how long without news a live payment is read again."""
        self._poll_ms = int(poll_s * 1000)

    @override
    def create(self, key: str) -> Bill:
        return Bill(key, self._poll_ms)

    @override
    def snapshot(self, entity: Bill) -> bytes:
        return _pack(entity.record)

    @override
    def restore(self, key: str, state: bytes) -> Bill:
        return Bill(key, self._poll_ms, _state.decode(state))

    @override
    def admit(self, entity: Bill, by: Principal) -> None:
        raise PermissionDenied("Bills cannot be listened to.")

    @override
    def assume_new(self, command: BillCommand) -> bool:
        return isinstance(command, OpenBill)

    @override
    def show(self, entity_id: str, recorded: Recorded[BillEvent], part: None) -> None:
        return None

    @override
    def answered(self, entity: Bill, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def effects(self, entity_id: str, recorded: Recorded[BillEvent], part: None) -> Effects:
        event = recorded.event
        letters = [Letter(arrival, _HANDED) for arrival in event.arrivals]
        letters += [Letter(to, command) for to, command in event.letters]
        asked = [_activity(one, event) for one in event.asked]
        if isinstance(event, Heard):
            return Effects(letters=letters, activities=asked)
        made = [
            views.bill_view(event.record, recorded.seq),
            *ledger.views_of(entity_id, recorded.seq, recorded.at_ms, event.entries),
            *views.transaction_views(event, recorded.seq, recorded.at_ms),
        ]
        letters += [Letter(f"intent:{ref}", _pack({"type": "bind", "entity": entity_id})) for ref in event.bound]
        return Effects(views=made, letters=letters, activities=asked)

    @override
    def needs(self, entity: Bill, command: BillCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, dict[str, str]]:
        """What was written for a dispute, by the number of the event that holds it."""
        found = await library.at(entity_id, [int(key) for key in keys])
        return {str(one.seq): msgspec.msgpack.decode(one.event.secret) for one in found if one.event.secret}

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if isinstance(query, HistoryOf):
            found = await library.after(entity_id, 0, upto=version, limit=_MOST)
            events = [(one.at_ms, one.event.change, one.event.record.status) for one in found]
            notes = _notes(one.event for one in found) if query.notes else {}
            return Happened(record=query.record, version=version, events=events, notes=notes)
        if isinstance(query, CodingOf):
            coding = await _secret(library, entity_id, query.record.coding_seq, version)
            texts = await _secret(library, entity_id, query.record.texts_seq, version)
            return CodedBill(record=query.record, version=version, coding=coding.get("coding", ""), texts=texts)
        if isinstance(query, DisputeOf):
            written = await _secret(library, entity_id, query.evidence_seq, version)
            return DisputeView(record=query.record, version=version, written=written)
        if not isinstance(query, BillContents):
            return await super().read(query, entity_id, version, library)
        record = query.record
        live = record.live
        client_seq = live.client_seq if live is not None and query.client else 0
        texts = await _secret(library, entity_id, record.texts_seq, version)
        client = await _secret(library, entity_id, client_seq, version)
        return BillView(record=record, version=version, texts=texts, client=client)


def _notes(events: Iterable[BillChanged]) -> dict[str, str]:
    """What was noted of refunds, by their ids. Of whoever was erased nothing is left."""
    found: dict[str, str] = {}
    for event in events:
        what, _, refunds = event.secret_of.partition(":")
        if what == "note" and event.secret:
            note = msgspec.msgpack.decode(event.secret, type=dict[str, str]).get("note", "")
            found |= dict.fromkeys(refunds.split(","), note)
    return found


async def _secret(library: Library, entity_id: str, seq: int, version: int) -> dict[str, str]:
    if not seq or seq > version:
        return {}
    found = await library.at(entity_id, [seq])
    secret = found[0].event.secret if found else None
    return msgspec.msgpack.decode(secret, type=dict[str, str]) if secret else {}


def _activity(asked: ProviderCall, event: BillEvent) -> Activity:
    urgent = asked.key.split("|")[1] in _NOW
    return Activity(
        connector=asked.connector,
        key=asked.key,
        payload=(event.secret or b"") if asked.sealed else asked.payload,
        owner=event.author if asked.sealed else "",
        lane=LANE,
        urgency="now" if urgent else "soon",
    )
