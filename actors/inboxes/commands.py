"""What can be asked of a mailbox, as it travels from region to shard."""

import msgspec

from actors.inboxes.replies import InboxAnswer, InboxPage
from actors.kernel.contract.entity import Command


class LetterItem(msgspec.Struct, frozen=True, array_like=True):
    """One more thing in a letter: told in the same turn, right after what the letter says itself."""

    event_id: str
    name: str
    payload: bytes


class Deliver(Command[InboxAnswer], frozen=True, tag="deliver", omit_defaults=True):
    """Put this into the mailbox. Only Carewire itself does: every kind may write letters, none imports another.

    `event_id` names what happened, wherever it happened; `payload` is a JSON object. A letter that is sent again has
    the command id of the first, so it arrives once. A payload that quotes somebody is the `secret`, which is sealed
    until the letter is sent; `payload` is not looked at then. `also` costs the mailbox no further turn. `watch` (0:
    nobody) is a number by which whoever wrote it wants to hear that it was acknowledged.
    """

    event_id: str
    name: str  # of the Socket.IO event
    payload: bytes
    secret: bytes | None = None
    also: tuple[LetterItem, ...] = ()
    watch: int = 0


class Whisper(Command[InboxAnswer], frozen=True, tag="whisper"):
    """Tell the user's sockets, as many as there are now, and keep nothing. Only Carewire itself does. A payload that is
    for nobody else's eyes is the `secret`, which is sealed until the letter is sent."""

    name: str  # of the Socket.IO event
    payload: bytes
    secret: bytes | None = None


class AckInbox(Command[InboxAnswer], frozen=True, tag="ack"):
    """All that is numbered up to `inbox_seq` has been seen."""

    inbox_seq: int


class ReadInbox(Command[InboxPage], frozen=True, tag="read"):
    """What was addressed to the user after `after`, oldest first."""

    after: int = 0
    limit: int = 50


InboxCommand = Deliver | Whisper | AckInbox | ReadInbox
