"""The answers, in the members' order of the contract."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

ScheduledState = Literal["waiting", "sent", "failed", "cancelled"]


class ScheduledMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that is said later. `body`: in lists, while it waits. `reason`: why it was not said."""

    scheduled_id: str
    room_id: str
    send_at: str
    state: ScheduledState
    message_id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    body: str | UnsetType = UNSET


class ScheduledAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, as it is by now."""

    scheduled: ScheduledMessage


class ScheduledWords(msgspec.Struct, frozen=True, kw_only=True):
    """All that one is, as its room takes it, and the number of that."""

    room_id: str
    post: bytes
    number: int


class ScheduledList(msgspec.Struct, frozen=True, kw_only=True):
    """Those that wait, the next first; then those that are over, the last first."""

    scheduled: list[ScheduledMessage]


class ChatPrivacy(msgspec.Struct, frozen=True, kw_only=True):
    """Do others hear what one has read, and that one is typing, and does one hear theirs?"""

    receipts: bool
    typing: bool


class OutgoingDone(msgspec.Struct, frozen=True):
    """It is done, and there is nothing to tell."""
