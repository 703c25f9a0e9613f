"""What follows for bills that messages show: each hears where it is shown, and there its state is seen."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.payments.bill.commands import PlaceCard
from actors.payments.bill.events import BillChanged, Heard
from actors.payments.bill.state import Card
from actors.rooms.marks.commands import SettleBlock
from actors.rooms.room.events import Referred
from actors.rooms.room.outcome import room_id_of

ROOM: Final = "room"
BILL: Final = "bill"
_pack: Final = msgspec.msgpack.Encoder().encode


def place_on_bills(entity_id: str, recorded: Recorded[Referred]) -> Owed:
    """Each bill that a block of a message stands for hears where that is."""
    event, room = recorded.event, room_id_of(entity_id)
    return Owed(
        [
            Letter(entity, _pack(PlaceCard(Card(room, event.id, block))))
            for entity, block in event.refs
            if entity.startswith(f"{BILL}:")
        ]
    )


def turn_bill_cards(entity_id: str, recorded: Recorded[BillChanged] | Recorded[Heard]) -> Owed:
    """The rooms whose messages show a bill: how it is by now. What is so already is told to nobody there."""
    record = recorded.event.record
    return Owed(
        [
            Letter(f"{ROOM}:{card.room}", _pack(SettleBlock(card.message, card.block, record.status)))
            for card in record.cards
        ]
    )


REFERRED: Final[list[AnyReaction]] = [
    Reaction("place_on_bills", "room", Referred, place_on_bills, to=(BILL,), feature="payments")
]
REACTIONS: Final[list[AnyReaction]] = [
    Reaction("turn_bill_cards", "bill", BillChanged, turn_bill_cards, to=(ROOM,)),
    Reaction("begin_bill_cards", "bill", Heard, turn_bill_cards, to=(ROOM,)),
]
