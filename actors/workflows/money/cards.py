"""What follows for bills that messages show: how it is by now is seen there."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.payments.bill.events import BillChanged, Heard
from actors.rooms.marks.commands import SettleBlock

ROOM: Final = "room"
_pack: Final = msgspec.msgpack.Encoder().encode


def turn_bill_cards(entity_id: str, recorded: Recorded[BillChanged] | Recorded[Heard]) -> Owed:
    """The rooms whose messages show a bill: how it is by now. What is so already is told to nobody there."""
    record = recorded.event.record
    return Owed(
        [
            Letter(
                f"{ROOM}:{card.room}",
                _pack(SettleBlock(message_id=card.message, block_id=card.block, state=record.status)),
            )
            for card in record.cards
        ]
    )


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("turn_bill_cards", "bill", BillChanged, turn_bill_cards, to=(ROOM,)),
    Reaction("begin_bill_cards", "bill", Heard, turn_bill_cards, to=(ROOM,)),
]
