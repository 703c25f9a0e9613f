"""Commands of a room about its messages: marks, pins, threads, versions, blocks."""

from actors.kernel.contract.entity import Command
from actors.rooms.replies import (
    AckAnswer,
    BlockAnswer,
    ChoiceCounts,
    MessageList,
    MessageState,
    MessageVersions,
    PinsChanged,
    ThreadPage,
)
from actors.rooms.room.wire import Done


class MarkDelivered(Command[Done], frozen=True, tag="deliver"):
    """A device of the caller has everything up to `seq`. Only ever forward."""

    seq: int


class SetQuiet(Command[Done], frozen=True, tag="quiet"):
    """The caller keeps read marks or typing to themselves from now on, or no longer does."""

    receipts: bool
    typing: bool


class GetState(Command[MessageState], frozen=True, tag="state"):
    """Ask who has a message of one's own, and who has read it."""

    message_id: str


class AcknowledgeMessage(Command[AckAnswer], frozen=True, tag="acknowledge"):
    """The caller has taken note of the message."""

    message_id: str


class RemindOf(Command[Done], frozen=True, tag="remind"):
    """A timer: ask those who have not acknowledged the message once more."""

    message_id: str
    round: int


class Pin(Command[PinsChanged], frozen=True, tag="pin"):
    """Show a message to everybody apart, or (not `pinned`) no longer."""

    message_id: str
    pinned: bool = True


class ListPins(Command[MessageList], frozen=True, tag="pins"):
    """Ask what is pinned."""


class GetThread(Command[ThreadPage], frozen=True, tag="thread"):
    """A message with those that answer it, or answer what answers it, above the seq `after`."""

    message_id: str
    after: int = 0
    limit: int = 50


class GetVersions(Command[MessageVersions], frozen=True, tag="versions"):
    """Ask for the versions of a message: before it was changed, and now."""

    message_id: str


class GetBlock(Command[BlockAnswer], frozen=True, tag="block"):
    """A block of a message, with what became of it."""

    message_id: str
    block_id: str


class Choose(Command[ChoiceCounts], frozen=True, tag="choose"):
    """Choose options of a block by their places; none takes the choice back. `close`: its sender lets nobody choose any
    more."""

    message_id: str
    block_id: str
    options: tuple[int, ...] = ()
    close: bool = False


class ReserveBlock(Command[BlockAnswer], frozen=True, tag="reserve_block"):
    """The caller is about to use a block that only one may use."""

    message_id: str
    block_id: str


class SettleBlock(Command[Done], frozen=True, kw_only=True, tag="settle_block"):
    """What the block stands for is in this state. For Carewire itself: whoever used it, its timer, a reaction.
    `only_from`: unless it is in another one by now. `of`: only if this is the booking that was made with it."""

    message_id: str
    block_id: str
    state: str
    only_from: tuple[str, ...] = ()
    ref: str = ""
    of: str = ""


class SettleFile(Command[Done], frozen=True, tag="settle_file"):
    """A file that blocks of the message stand for is in this state. For Carewire itself."""

    message_id: str
    file_id: str
    state: str


MessageCommand = (
    MarkDelivered
    | SetQuiet
    | GetState
    | AcknowledgeMessage
    | RemindOf
    | Pin
    | ListPins
    | GetThread
    | GetVersions
    | GetBlock
    | Choose
    | ReserveBlock
    | SettleBlock
    | SettleFile
)
OfMessage = (
    GetState
    | AcknowledgeMessage
    | RemindOf
    | Pin
    | GetThread
    | GetVersions
    | GetBlock
    | Choose
    | ReserveBlock
    | SettleBlock
    | SettleFile
)
"""Those that name a message."""
