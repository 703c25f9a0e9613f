"""What is said to many within minutes (the same text, links, anything): a person is slowed down, and told so.

Each process counts for itself, in memory, by keyed hashes under a key that it makes for itself: no text is kept. The
words that are refused are looked at for danger like any others (`refused.py`).
"""

import math
import os
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from common.clock import Clock
from common.errors import RateLimited
from serve_app.edge.operation import Answer, Caller, Operation

SAME_TEXT: Final = "same_text"
LINKS: Final = "links"
BURST: Final = "burst"
ROOMS: Final[Mapping[str, Mapping[str, int]]] = {"client": {SAME_TEXT: 5, LINKS: 5, BURST: 20}}
"""How many rooms may hear it within `WINDOW_MS`, by role and by what it is. Who is not named serves many alike."""
WINDOW_MS: Final = 600_000
SHORTEST: Final = 20
"""Letters of a text that is counted: "Good morning!" is said to many."""
_LINK: Final = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_TOLD: Final = {
    SAME_TEXT: "You have sent this to several people just now.",
    LINKS: "You have sent links to several people just now.",
    BURST: "You have written to many people just now.",
}
_SAID: Final[Mapping[str, str]] = {
    **dict.fromkeys(("message", "schedule_message"), "body"),
    **dict.fromkeys(("share_file", "share_image"), "caption"),
}
"""Operations that say something in a room, and the member that holds the words."""
_MOST_TEXTS: Final = 50_000
_KEY_BYTES: Final = 32
_DIGEST_BYTES: Final = 16


class Spreading:
    """Who says what to how many. One a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, os.urandom(_KEY_BYTES)
        self._heard: OrderedDict[bytes, dict[str, int]] = OrderedDict()

    def slowed(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation; one of the messages that are too many waits."""
        member = _SAID.get(operation.name)
        return operation if member is None else replace(operation, call=self._slowing(operation.call, member))

    def note(self, user: str, role: str, room: str, text: str) -> None:
        """They say this there. Raises RateLimited: they have said it, or such, in as many rooms as may hear it."""
        if (most := ROOMS.get(role)) is None:
            return
        now = self._clock.now_ms()
        heard = {reason: self._heard_in(digest, now) for reason, digest in self._digests(user, text).items()}
        for reason, (_, rooms) in heard.items():
            if room not in rooms and len(rooms) >= most[reason]:
                wait_s = math.ceil((min(rooms.values()) + WINDOW_MS - now) / 1000)
                raise RateLimited(_TOLD[reason], details={"reason": reason}, retry_after_s=wait_s)
        for digest, rooms in heard.values():
            self._heard[digest] = rooms | {room: now}
            self._heard.move_to_end(digest)
        while len(self._heard) > _MOST_TEXTS:
            self._heard.popitem(last=False)

    def _heard_in(self, digest: bytes, now_ms: int) -> tuple[bytes, dict[str, int]]:
        """The rooms that heard it lately, and when they did last."""
        rooms = self._heard.get(digest, {})
        return digest, {one: at for one, at in rooms.items() if now_ms - at < WINDOW_MS}

    def _digests(self, user: str, text: str) -> dict[str, bytes]:
        """As what it counts."""
        plain = " ".join(text.casefold().split())
        found = {BURST: self._digest(user, BURST)}
        if len(plain) >= SHORTEST:
            found[SAME_TEXT] = self._digest(user, f"{SAME_TEXT}\0{plain}")
        if _LINK.search(text):
            found[LINKS] = self._digest(user, LINKS)
        return found

    def _slowing(
        self, call: Callable[[Any, Caller], Awaitable[Answer]], member: str
    ) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def slowed(request: Any, caller: Caller) -> Answer:
            self.note(caller.by.user, caller.by.role, request.room_id, getattr(request, member) or "")
            return await call(request, caller)

        def passing(request: Any, caller: Caller) -> Awaitable[Answer]:
            return slowed(request, caller) if caller.by.role in ROOMS else call(request, caller)

        return passing

    def _digest(self, user: str, plain: str) -> bytes:
        return blake2b(f"{user}\0{plain}".encode(), key=self._key, digest_size=_DIGEST_BYTES).digest()
