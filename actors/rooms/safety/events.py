"""What is noted about a room for safety. Stored for ever: add members with defaults at the end, never reorder them.

Notes, without a number: nobody who listens hears of a report, or of what is held."""

from typing import Literal

from actors.kernel.contract.entity import Event
from actors.rooms.messages.more import More


class Testified(Event, frozen=True, kw_only=True, array_like=True, tag="testified"):
    """`by` has reported the message posted at `target`. The author is the case: the secret, packed `Evidence`, is
    sealed under its key."""

    at: int
    case: str
    report: str
    by: str
    reason: str
    subject: str
    target: int


class Held(Event, frozen=True, kw_only=True, array_like=True, tag="held"):
    """What `author` wrote waits for somebody to look at it: the secret, a packed `Content`. `target`: the message that
    it would change."""

    at: int
    held: str
    kind: str
    matched: tuple[str, ...]
    client_id: str = ""
    target: str = ""
    reply_to: str | None = None
    more: More | None = None


class HeldOver(Event, frozen=True, kw_only=True, array_like=True, tag="held_over"):
    """It was posted, as the message with this id and seq, or goes nowhere. `refusal`: it was released, but its sender,
    who is the author then, may not say it here any more, and why."""

    at: int
    held: str
    state: Literal["released", "rejected"]
    message_id: str = ""
    seq: int = 0
    refusal: str = ""


class MonitoringBegan(Event, frozen=True, kw_only=True, array_like=True, tag="monitoring_began"):
    """`user` reads the room until then (ms). `notice`: its members hear of it at once."""

    at: int
    user: str
    case: str
    until: int
    notice: bool


class MonitoringEnded(Event, frozen=True, kw_only=True, array_like=True, tag="monitoring_ended"):
    """`user` reads it no more. `told`: its members have heard of it."""

    at: int
    user: str
    told: bool


SafetyEvent = Testified | Held | HeldOver | MonitoringBegan | MonitoringEnded
SAFETY_EVENTS = (Testified, Held, HeldOver, MonitoringBegan, MonitoringEnded)
