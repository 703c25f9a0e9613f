"""How many conversations somebody has asked for that nobody has answered yet. Pure.

A place is taken before the room is asked, so that those who ask at once are counted one after the other; it is kept
once the room has said that it waits, and given back when it waits no longer, or never did. One of which the room has
said nothing lapses: whoever took it has died in between.
"""

from collections.abc import Mapping, MutableMapping
from typing import Final, Literal

import msgspec

from actors.outgoing.commands import AskFor, NoteAsked
from actors.outgoing.events import AskBegun, AskNoted
from common.errors import RateLimited

LAPSE_MS: Final = 60_000
MOST_ANSWERED: Final = 100
"""Of those that were answered, so many are remembered: what is told of them late counts for nothing."""
_AGAIN_S: Final = 3600.0


class ConversationRequest(msgspec.Struct, frozen=True, array_like=True):
    """A conversation: since when it is asked for (ms), the number in its room of what was told last (0: nothing yet),
    and what it does by now."""

    at: int
    seq: int = 0
    state: Literal["begun", "waits", "over"] = "begun"


def ask(asked: Mapping[str, ConversationRequest], user: str, command: AskFor, now_ms: int) -> tuple[AskBegun, ...]:
    """Take a place. One that is taken already needs none.

    Raises:
        RateLimited: as many wait as may.
    """
    open_ = _open(asked, now_ms)
    if command.room in open_:
        return ()
    if len(open_) >= command.most:
        raise RateLimited(
            "You have asked several people already. Wait for their answers.",
            details={"reason": "open_requests"},
            retry_after_s=_AGAIN_S,
        )
    return (AskBegun(author=user, at=now_ms, id=command.room),)


def note(asked: Mapping[str, ConversationRequest], user: str, command: NoteAsked, now_ms: int) -> tuple[AskNoted, ...]:
    """What the room says, if it is later than what is known; without a number: it was never asked for."""
    known = asked.get(command.room, ConversationRequest(now_ms, state="over"))
    fresh = command.seq > known.seq if command.seq else known.state == "begun"
    if not fresh:
        return ()
    return (AskNoted(author=user, at=now_ms, id=command.room, waits=command.waits, seq=command.seq),)


def fold(asked: MutableMapping[str, ConversationRequest], event: AskBegun | AskNoted) -> None:
    """What happened."""
    known = asked.pop(event.id, ConversationRequest(event.at))
    if isinstance(event, AskBegun):
        asked[event.id] = ConversationRequest(event.at, known.seq)
    else:
        asked[event.id] = ConversationRequest(known.at, event.seq or known.seq, "waits" if event.waits else "over")
    over = [room for room, one in asked.items() if one.state == "over"]
    for room in over[: max(0, len(over) - MOST_ANSWERED)]:
        del asked[room]


def _open(asked: Mapping[str, ConversationRequest], now_ms: int) -> frozenset[str]:
    """Those that count."""
    return frozenset(
        room
        for room, one in asked.items()
        if one.state == "waits" or (one.state == "begun" and one.at > now_ms - LAPSE_MS)
    )
