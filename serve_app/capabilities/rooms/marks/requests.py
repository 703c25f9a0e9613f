"""What clients may send about messages that are there already: marks, pins, threads, versions, and what people keep to
themselves."""

from typing import Annotated

from msgspec import Meta
from typing_extensions import override

from actors.rooms.marks import commands
from actors.rooms.room.commands import DEFAULT_PAGE, RoomCommand
from common.decoding import LARGEST_INT, Request, Seq, ShortText
from serve_app.capabilities.rooms.requests import Limit, RoomRequest


class MarkDeliveredRequest(RoomRequest, frozen=True, kw_only=True):
    """A device of the user has everything up to `seq`."""

    seq: Seq

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.MarkDelivered(self.seq)


class OfMessage(RoomRequest, frozen=True, kw_only=True):
    """One message of a room."""

    message_id: ShortText


class MessageStatus(OfMessage, frozen=True, kw_only=True):
    """How far a message of one's own has come."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.GetState(self.message_id)


class AcknowledgeMessageRequest(OfMessage, frozen=True, kw_only=True):
    """Take note of a message."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.AcknowledgeMessage(self.message_id)


class PinMessage(OfMessage, frozen=True, kw_only=True):
    """Show a message apart."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.Pin(self.message_id)


class UnpinMessage(OfMessage, frozen=True, kw_only=True):
    """Show it apart no longer."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.Pin(self.message_id, pinned=False)


class ListPinsRequest(RoomRequest, frozen=True):
    """What is pinned."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.ListPins()


class ThreadRequest(OfMessage, frozen=True, kw_only=True):
    """A thread, by any message of it; `after`: the seq of the last one that is known."""

    after: Annotated[int, Meta(ge=0, le=LARGEST_INT)] = 0
    limit: Limit = DEFAULT_PAGE

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.GetThread(self.message_id, self.after, self.limit)


class GetEdits(OfMessage, frozen=True, kw_only=True):
    """What a message said before."""

    @override
    def command(self, _: str) -> RoomCommand:
        return commands.GetVersions(self.message_id)


class GetChatPrivacy(Request, frozen=True):
    """What the user keeps to themselves."""


class SetChatPrivacy(Request, frozen=True, kw_only=True):
    """What is named is from now on so. `receipts`, `typing`: others hear of it, and one hears of theirs."""

    receipts: bool | None = None
    typing: bool | None = None
