"""The replies of commands that were carried out a moment ago, of all entities of a shard: most repeats come within
seconds, and are answered from here. Any other is recognised by the journal, so forgetting one costs a round trip.

The bound is one of time and bytes over the whole shard: with a number of them for each entity, 10,000 entities that
each heard a few hundred commands held 100 MB of replies that nobody would ask for again.
"""

from typing import Final

from actors.kernel.contract.callers import StoredReply
from common.clock import Clock
from common.lib.cache import BoundedCache

_KEPT_S: Final = 30.0  # at least; longer than a region goes on trying
_MOST_BYTES: Final = 8 * 2**20
_ENTRY_BYTES: Final = 256  # what an entry takes besides the bytes of the reply


class ReplyCache:
    """The latest replies of one shard, by command id."""

    def __init__(self, clock: Clock, *, kept_s: float = _KEPT_S, most_bytes: int = _MOST_BYTES) -> None:
        self._clock = clock
        self._kept_s = kept_s
        self._known: BoundedCache[bytes, StoredReply] = BoundedCache(most_bytes)
        self._turned_s = clock.monotonic_s()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def size(self) -> int:
        """Bytes that they take, roughly."""
        return self._known.weight

    def get(self, command_id: bytes) -> StoredReply | None:
        """The reply that this command got, if it is still here."""
        return self._known.get(command_id)

    def add(self, command_id: bytes, reply: bytes, version: int) -> None:
        """The journal has it."""
        self._known.put(command_id, (reply, version), len(reply) + _ENTRY_BYTES)

    def clear(self) -> None:
        """The lease is void."""
        self._turn()
        self._turn()

    def trim(self) -> None:
        """Let go of what is older than twice its time. Call it now and then."""
        if self._clock.monotonic_s() - self._turned_s >= self._kept_s:
            self._turn()

    def _turn(self) -> None:
        self._known.turn()
        self._turned_s = self._clock.monotonic_s()
