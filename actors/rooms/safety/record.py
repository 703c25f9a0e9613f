"""What a room remembers of what is held in it, and of who reads it: bounded, and no word of what was said."""

from collections.abc import Callable
from typing import Final

import msgspec

from actors.rooms.messages.more import More
from actors.rooms.safety.events import Held, HeldOver, MonitoringBegan, MonitoringEnded, SafetyEvent

Screen = Callable[[str, str], tuple[str, ...]]
"""What of a text holds it, in a room of this relation."""
MOST_HELD: Final = 200
MOST_OVER: Final = 200


class HeldPlace(msgspec.Struct, frozen=True, array_like=True):
    """One that is held, or was: by whom it was written, what became of it, and as which message."""

    sender: str
    state: str = "held"
    message_id: str = ""
    seq: int = 0
    at: int = 0
    client_id: str = ""
    reply_to: str | None = None
    more: More | None = None


class ReadingModerator(msgspec.Struct, frozen=True, array_like=True):
    """A moderator who reads the room until then (ms)."""

    until: int
    notice: bool


class Safeguards(msgspec.Struct, frozen=True, array_like=True):
    """Add members with defaults at the end: snapshots hold it. `count`: of all that was ever held."""

    held: dict[str, HeldPlace] = {}
    readers: dict[str, ReadingModerator] = {}
    count: int = 0

    @property
    def waiting(self) -> int:
        """How many are held now."""
        return sum(one.state == "held" for one in self.held.values())

    def with_event(self, event: SafetyEvent) -> "Safeguards":
        """With what happened folded in."""
        match event:
            case Held():
                held = {**self.held, event.held: _place(event)}
                return msgspec.structs.replace(self, held=held, count=self.count + 1)
            case HeldOver():
                return msgspec.structs.replace(self, held=_over(self.held, event))
            case MonitoringBegan():
                readers = {**self.readers, event.user: ReadingModerator(event.until, event.notice)}
                return msgspec.structs.replace(self, readers=readers)
            case MonitoringEnded():
                left = {user: one for user, one in self.readers.items() if user != event.user}
                return msgspec.structs.replace(self, readers=left)
        return self


NOTHING: Final = Safeguards()


def _place(event: Held) -> HeldPlace:
    return HeldPlace(event.author, client_id=event.client_id, reply_to=event.reply_to, more=event.more)


def _over(held: dict[str, HeldPlace], event: HeldOver) -> dict[str, HeldPlace]:
    """The ones of old that are over are forgotten."""
    known = held.get(event.held, HeldPlace(""))
    changed = {
        **held,
        event.held: HeldPlace(
            sender=known.sender, state=event.state, message_id=event.message_id, seq=event.seq, at=event.at
        ),
    }
    over = [name for name, one in changed.items() if one.state != "held"]
    for name in over[: max(0, len(over) - MOST_OVER)]:
        del changed[name]
    return changed
