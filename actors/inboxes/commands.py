"""What can be asked of a mailbox, as it travels from region to shard."""

from actors.inboxes.replies import InboxAnswer, InboxPage
from actors.kernel.contract.entity import Command


class Deliver(Command[InboxAnswer], frozen=True, tag="deliver", omit_defaults=True):
    """Put this into the mailbox. Only Carewire itself does: every kind may write letters, none imports another.

    `event_id` names what happened, wherever it happened; `payload` is a JSON object. A letter that is sent again has
    the command id of the first, so it arrives once. A payload that quotes somebody is the `secret`, which is sealed
    until the letter is sent; `payload` is not looked at then.
    """

    event_id: str
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


InboxCommand = Deliver | AckInbox | ReadInbox
