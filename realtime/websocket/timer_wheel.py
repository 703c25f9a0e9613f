"""One timer for thousands of deadlines: a wheel of buckets, visited in turn.

A deadline that moves later costs nothing: its owner stays in its bucket, and when visited says when to come back.
"""

import asyncio
import math
from typing import Final, Protocol

_SHORTEST_S: Final = 0.005
_LONGEST_S: Final = 0.25


class WheelItem(Protocol):
    """Something with a deadline. `bucket` is the wheel's own note: -1 while it is in no bucket."""

    bucket: int

    def due(self, now_s: float) -> float:
        """Called at or after the time asked for. When to come back (loop time); 0.0: never."""
        ...


class Wheel:
    """The deadlines of one server. `tick_s` late at most, and never early."""

    def __init__(self, shortest_s: float) -> None:
        """`shortest_s`: the shortest time that will be asked for; a tick is a fiftieth of it, within reason."""
        self.tick_s = min(max(shortest_s / 50, _SHORTEST_S), _LONGEST_S)
        self._buckets: dict[int, set[WheelItem]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def add(self, item: WheelItem, at_s: float) -> None:
        """Visit `item` at `at_s` (loop time). An item that waits already is moved only if that is earlier."""
        bucket = math.ceil(at_s / self.tick_s)
        if item.bucket >= 0:
            if item.bucket <= bucket:
                return
            self.drop(item)
        self._put(item, bucket)
        if self._timer is None:
            self._arm(asyncio.get_running_loop())

    def waiting(self) -> list[WheelItem]:
        """All who are to be visited, in no order."""
        return [item for bucket in self._buckets.values() for item in bucket]

    def drop(self, item: WheelItem) -> None:
        """Forget it. Idempotent."""
        waiting = self._buckets.get(item.bucket)
        if waiting is not None:
            waiting.discard(item)
            if not waiting:
                del self._buckets[item.bucket]
        item.bucket = -1

    def stop(self) -> None:
        """Visit nobody any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _put(self, item: WheelItem, bucket: int) -> None:
        item.bucket = bucket
        self._buckets.setdefault(bucket, set()).add(item)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._stopped:
            tick = math.floor(loop.time() / self.tick_s) + 1
            self._timer = loop.call_at(tick * self.tick_s, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now_s = loop.time()
        tick = math.floor(now_s / self.tick_s)
        for bucket in sorted(bucket for bucket in self._buckets if bucket <= tick):
            for item in self._buckets.pop(bucket, ()):
                item.bucket = -1
                try:
                    again_s = item.due(now_s)
                except Exception as error:  # one broken item must not stop everybody's pings  # noqa: BLE001
                    loop.call_exception_handler({"message": "a deadline failed", "exception": error})
                    continue
                if again_s and item.bucket < 0:
                    self._put(item, max(math.ceil(again_s / self.tick_s), tick + 1))
        if self._buckets and self._timer is None:
            self._arm(loop)
