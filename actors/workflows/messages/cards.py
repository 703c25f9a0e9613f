"""What follows for assignments and bills that messages show: each hears where it is shown, and there its state is
seen."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.payments.bill import cards as bills
from actors.rooms.marks.commands import SettleBlock
from actors.rooms.room.events import Referred
from actors.rooms.room.outcome import room_id_of
from actors.worksheets.assignment.commands import PlaceCard
from actors.worksheets.assignment.events import CardsTurned
from actors.worksheets.assignment.records import Card

ROOM: Final = "room"
ASSIGNMENT: Final = "assignment"
BILL: Final = "bill"
_pack: Final = msgspec.msgpack.Encoder().encode


def place_cards(entity_id: str, recorded: Recorded[Referred]) -> Owed:
    """Each assignment that a block of a message stands for hears where that is."""
    event, room = recorded.event, room_id_of(entity_id)
    return Owed(
        [
            Letter(entity, _pack(PlaceCard(user=event.author, card=Card(room, event.id, block))))
            for entity, block in event.refs
            if entity.startswith(f"{ASSIGNMENT}:")
        ]
    )


def place_on_bills(entity_id: str, recorded: Recorded[Referred]) -> Owed:
    """Each bill that a block of a message stands for hears where that is."""
    event, room = recorded.event, room_id_of(entity_id)
    return Owed(
        [
            Letter(entity, _pack(bills.PlaceBillCard(bills.BillCard(room, event.id, block))))
            for entity, block in event.refs
            if entity.startswith(f"{BILL}:")
        ]
    )


def turn_cards(entity_id: str, recorded: Recorded[CardsTurned]) -> Owed:
    """The rooms whose messages show an assignment: it is in another state."""
    event = recorded.event
    return Owed(
        [
            Letter(
                f"{ROOM}:{card.room}",
                _pack(SettleBlock(message_id=card.message, block_id=card.block, state=event.state)),
            )
            for card in event.cards
        ]
    )


REFERRED: Final[list[AnyReaction]] = [
    Reaction("place_cards", "room", Referred, place_cards, to=(ASSIGNMENT,), feature="worksheets"),
    Reaction("place_on_bills", "room", Referred, place_on_bills, to=(BILL,), feature="payments"),
]
REACTIONS: Final[list[AnyReaction]] = [Reaction("turn_cards", "assignment", CardsTurned, turn_cards, to=(ROOM,))]
