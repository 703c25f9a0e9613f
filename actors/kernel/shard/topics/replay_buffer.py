"""The newest deliveries of each topic, in memory for some seconds: when a gateway dies, its sockets come back by the
thousand and ask for what they missed, which is what has just been sent. The journal has it too, at a read for each.

Numbered deliveries only, without a hole: what is not here as a whole is read from the journal.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import msgspec

from actors.kernel.contract.protocol import decode_delivery
from common.clock import Clock

_KEPT_S: Final = (
    20.0  # less than it may take until an erased person's key is forgotten everywhere (`store.crypto.vault`)
)
_MOST_BYTES: Final = 8 * 2**20


class _Topic:
    """`newest`: the number of the last delivery; those before it follow one another."""

    __slots__ = ("deliveries", "newest")

    def __init__(self) -> None:
        self.newest = 0
        self.deliveries: deque[bytes] = deque()


class ReplayBuffer:
    """Of one shard. Whoever redacts anything of a topic must `forget` it."""

    def __init__(self, clock: Clock, *, kept_s: float = _KEPT_S, most_bytes: int = _MOST_BYTES) -> None:
        self._clock = clock
        self._kept_s, self._most_bytes = kept_s, most_bytes
        self._topics: dict[str, _Topic] = {}
        self._line: deque[tuple[float, str, _Topic, int]] = deque()  # in the order of coming: when, whose, how large
        self._bytes = 0

    def add(self, name: str, deliveries: Iterable[tuple[int, bytes]]) -> None:
        """These, (version, encoded), have just been published."""
        now_s = self._clock.monotonic_s()
        for version, encoded in deliveries:
            if not version:
                continue
            topic = self._topics.get(name)
            if topic is None or topic.newest + 1 != version:  # in between, it was another shard's
                topic = self._topics[name] = _Topic()
            topic.newest = version
            topic.deliveries.append(encoded)
            self._line.append((now_s, name, topic, len(encoded)))
            self._bytes += len(encoded)
        self.trim()

    def missed(self, name: str, since: int, *, upto: int, limit: int, user: str) -> Sequence[msgspec.Raw] | None:
        """The packets above `since` up to `upto`, as this user sees them; None when not all of them are here, or they
        are more than `limit`."""
        if since >= upto:
            return ()
        topic = self._topics.get(name)
        if topic is None or topic.newest < upto or upto - since > limit:
            return None
        skipped = since - (topic.newest - len(topic.deliveries))
        if skipped < 0:
            return None
        found = map(decode_delivery, islice(topic.deliveries, skipped, skipped + upto - since))
        return [msgspec.Raw(packet) for one in found if (packet := one.json_for(user))]

    def forget(self, name: str) -> None:
        """Something of this topic may not be shown any more."""
        topic = self._topics.pop(name, None)
        if topic is not None:
            topic.deliveries.clear()

    def clear(self) -> None:
        """The lease is void."""
        self._topics.clear()
        self._line.clear()
        self._bytes = 0

    def trim(self) -> None:
        """Let go of what is too old, or too much."""
        oldest_s = self._clock.monotonic_s() - self._kept_s
        while self._line and (self._line[0][0] < oldest_s or self._bytes > self._most_bytes):
            _, name, topic, size = self._line.popleft()
            self._bytes -= size
            if topic.deliveries:
                topic.deliveries.popleft()
            if not topic.deliveries and self._topics.get(name) is topic:
                del self._topics[name]
