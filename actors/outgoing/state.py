"""What is kept of what a person says later: times and states, no word of it."""

import msgspec
from msgspec import UNSET

from actors.outgoing.asking import ConversationRequest
from actors.outgoing.replies import ScheduledMessage, ScheduledState
from common.clock import to_rfc3339


class OutgoingWords(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What is said: `body` its words, `post` all of it, as a room takes it. Sealed."""

    body: str
    post: bytes


class OutgoingRecord(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One message. `words`: the event that holds what it says; `sending`: the one that asked the room (0: none yet)."""

    id: str
    room: str
    role: str
    send_at: int
    words: int
    state: ScheduledState = "waiting"
    sending: int = 0
    message_id: str = ""
    reason: str = ""

    @property
    def over(self) -> bool:
        """Can nothing more happen to it?"""
        return self.state != "waiting"

    def to_wire(self, body: str | None = None) -> ScheduledMessage:
        """The object of the public contract."""
        return ScheduledMessage(
            scheduled_id=self.id,
            room_id=self.room,
            send_at=to_rfc3339(self.send_at),
            state=self.state,
            message_id=self.message_id or UNSET,
            reason=self.reason or UNSET,
            body=UNSET if body is None else body,
        )


class OutgoingState(msgspec.Struct, array_like=True, kw_only=True):
    """As a snapshot holds it. Add members with defaults at the end."""

    records: dict[str, OutgoingRecord] = {}
    receipts: bool = True
    typing: bool = True
    asked: dict[str, ConversationRequest] = {}
