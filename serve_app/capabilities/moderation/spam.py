"""The same text to many: a person is slowed down, and told so; never silently.

Each process counts for itself, in memory, by keyed hashes under a key that it makes for itself: no text is kept. The
words that are refused are looked at for danger like any others (`refused.py`).
"""

import math
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from common.clock import Clock
from common.errors import RateLimited
from serve_app.edge.operation import Answer, Caller, Operation

SAME_TEXT: Final = "same_text"
ROOMS: Final[Mapping[str, int]] = {"client": 5}
"""How many rooms may hear the same text within `WINDOW_MS`, by role. Who is not named serves many people alike."""
WINDOW_MS: Final = 600_000
SHORTEST: Final = 20
"""Letters of a text that is counted: "Good morning!" is said to many."""
_MOST_TEXTS: Final = 50_000
_KEY_BYTES: Final = 32
_DIGEST_BYTES: Final = 16


class SameText:
    """Who says the same to how many. One a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, os.urandom(_KEY_BYTES)
        self._heard: OrderedDict[bytes, dict[str, int]] = OrderedDict()

    def slowed(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation; one of the messages that are too many of a text waits."""
        return replace(operation, call=self._slowing(operation.call)) if operation.name == "message" else operation

    def note(self, user: str, role: str, room: str, text: str) -> None:
        """They say this there. Raises RateLimited: they have said it in as many rooms as may hear it."""
        most, plain = ROOMS.get(role), " ".join(text.casefold().split())
        if most is None or len(plain) < SHORTEST:
            return
        now, digest = self._clock.now_ms(), self._digest(user, plain)
        rooms = {one: at for one, at in self._heard.get(digest, {}).items() if now - at < WINDOW_MS}
        if room not in rooms and len(rooms) >= most:
            wait_s = math.ceil((min(rooms.values()) + WINDOW_MS - now) / 1000)
            raise RateLimited(
                "You have sent this to several people just now.", details={"reason": SAME_TEXT}, retry_after_s=wait_s
            )
        self._heard[digest] = rooms | {room: now}
        self._heard.move_to_end(digest)
        if len(self._heard) > _MOST_TEXTS:
            self._heard.popitem(last=False)

    def _slowing(self, call: Callable[[Any, Caller], Awaitable[Answer]]) -> Callable[[Any, Caller], Awaitable[Answer]]:
        async def slowed(request: Any, caller: Caller) -> Answer:
            self.note(caller.by.user, caller.by.role, request.room_id, request.body)
            return await call(request, caller)

        def passing(request: Any, caller: Caller) -> Awaitable[Answer]:
            counted = caller.by.role in ROOMS and len(request.body) >= SHORTEST
            return slowed(request, caller) if counted else call(request, caller)

        return passing

    def _digest(self, user: str, plain: str) -> bytes:
        return blake2b(f"{user}\0{plain}".encode(), key=self._key, digest_size=_DIGEST_BYTES).digest()
