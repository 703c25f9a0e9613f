"""Answers kept for a while: least recently used goes first, and none outlives its time."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from common.clock import Clock

V = TypeVar("V")


class TtlCache(Generic[V]):
    """At most `size` values, each for `ttl_s` seconds. `size` 0 keeps nothing. Counts its hits and misses."""

    def __init__(self, size: int, ttl_s: float, clock: Clock) -> None:
        self._size, self._ttl_s, self._clock = size, ttl_s, clock
        self._kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> V | None:
        """The value, unless it is too old or was never kept."""
        found = self._kept.get(key)
        if found is not None and found[0] > self._clock.monotonic_s():
            self._kept.move_to_end(key)
            self.hits += 1
            return found[1]
        if found is not None:
            del self._kept[key]
        self.misses += 1
        return None

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value."""
        if self._size == 0:
            return
        self._kept[key] = (self._clock.monotonic_s() + self._ttl_s, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
