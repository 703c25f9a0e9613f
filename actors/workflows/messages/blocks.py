"""What follows for blocks of messages: what they stand for has changed."""

from typing import Final

import msgspec

from actors.calendars.booking.events import BookingChanged
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.rooms.marks.commands import SettleBlock

ROOM: Final = "room"
_GONE: Final = frozenset({"cancelled", "expired"})
_pack: Final = msgspec.msgpack.Encoder().encode


def reopen_slots(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """The room of the block that a booking was made with: it was given up, so the times can be had again."""
    record = recorded.event.record
    if record.status not in _GONE or not record.source or not record.source[2]:
        return NOTHING
    room, message, block = record.source
    command = SettleBlock(message_id=message, block_id=block, state="open", only_from=("booked",), of=record.id)
    return Owed([Letter(f"{ROOM}:{room}", _pack(command))])


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("reopen_slots", "booking", BookingChanged, reopen_slots, to=(ROOM,)),
]
