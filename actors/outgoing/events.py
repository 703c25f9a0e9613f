"""What can have happened. Stored for ever: add members with defaults at the end, never reorder or rename.

What is to be said is the secret, under the key of who says it.
"""

from actors.kernel.contract.entity import Event


class OutgoingEvent(Event, frozen=True, kw_only=True, array_like=True):
    """Base."""

    at: int
    id: str = ""


class Scheduled(OutgoingEvent, frozen=True, kw_only=True, tag="scheduled"):
    """It shall be said. The secret is its packed `Words`."""

    room: str
    role: str
    send_at: int


class Rescheduled(OutgoingEvent, frozen=True, kw_only=True, tag="rescheduled"):
    """It has other words (the secret), or another time. `before`: the event whose words are no longer meant."""

    send_at: int
    before: int = 0


class Cancelled(OutgoingEvent, frozen=True, kw_only=True, tag="cancelled"):
    """It shall not be said. `words`: the event that holds them."""

    room: str
    send_at: int
    words: int


class SendDue(OutgoingEvent, frozen=True, kw_only=True, tag="send_due"):
    """Its time has come: the room is asked. The secret is what is said."""

    room: str
    role: str


class Sent(OutgoingEvent, frozen=True, kw_only=True, tag="sent"):
    """It was said. `words`: the events that hold what it was."""

    room: str
    send_at: int
    message_id: str
    words: tuple[int, ...]


class Failed(OutgoingEvent, frozen=True, kw_only=True, tag="failed"):
    """It was not, and will not be."""

    room: str
    send_at: int
    reason: str
    words: tuple[int, ...]


class PrivacyChosen(OutgoingEvent, frozen=True, kw_only=True, tag="privacy"):
    """What others hear, and one hears of others."""

    receipts: bool
    typing: bool


class AskBegun(OutgoingEvent, frozen=True, kw_only=True, tag="ask_begun"):
    """A conversation (`id`: its room) is being asked for."""


class AskNoted(OutgoingEvent, frozen=True, kw_only=True, tag="ask_noted"):
    """Its room has said, at this number, whether it waits for an answer."""

    waits: bool
    seq: int


AnyOutgoing = Scheduled | Rescheduled | Cancelled | SendDue | Sent | Failed | PrivacyChosen | AskBegun | AskNoted
