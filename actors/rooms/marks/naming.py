"""Finding the message that a command names. Pure: it comes as a part."""

from typing import Final

from actors.kernel.contract.entity import Context
from actors.rooms.messages.chat_message import Message
from actors.rooms.room.sight import sight_of
from actors.rooms.room.state import RoomState
from common.errors import NotFound
from common.numbered_ids import seq_in

_ABSENT: Final = "There is no such message."


def message_of(room: RoomState, message_id: str, context: Context, absent: str = _ABSENT) -> Message:
    """The message with this id, from the parts.

    Raises:
        NotFound: the room has none, or none that the caller may see, or the id names the right place but is not the one
            that was given out.
    """
    seq = seq_in(message_id, room.mark)
    message = None if seq is None else context.parts.get(str(seq))
    hidden = room.guarded and seq is not None and not sight_of(room, context.by.user).sees(seq)
    if not isinstance(message, Message) or message.id != message_id or hidden:
        raise NotFound(absent, room=room.id)
    return message
