"""Many timers on one of the event loop's: expiring tokens, sockets that must say who they are, typing that lapses."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Final

from common.clock import Clock
from common.logs import get_logger

log = get_logger(__name__)

_COMPACT_ABOVE: Final = 1000  # cancelled deadlines that may lie around


class Deadline:
    """One timer. `cancel` is idempotent, also after it went off."""

    __slots__ = ("_callback", "_owner", "due_s")

    def __init__(self, owner: "Deadlines", due_s: float, callback: Callable[[], None]) -> None:
        self.due_s = due_s
        self._owner = owner
        self._callback: Callable[[], None] | None = callback

    @property
    def pending(self) -> bool:
        """Is it still to go off?"""
        return self._callback is not None

    def cancel(self) -> None:
        """It shall not go off."""
        if self._callback is not None:
            self._callback = None
            self._owner.cancelled()

    def take(self) -> Callable[[], None] | None:
        """The callbacks that are due now, each once."""
        callback, self._callback = self._callback, None
        return callback


class Deadlines:
    """A heap of timers. `start` ties it to the running loop; without it, `run_due` is the caller's to call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()
        self._cancelled = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._wake_s = float("inf")

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def start(self) -> None:
        """Go off by itself, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._arm()

    def stop(self) -> None:
        """Nothing goes off any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._loop = None
        self._heap.clear()
        self._cancelled = 0

    def after(self, delay_s: float, callback: Callable[[], None]) -> Deadline:
        """Call back in `delay_s` seconds; at once, but not within this call, when that is not above 0."""
        deadline = Deadline(self, self._clock.monotonic_s() + max(0.0, delay_s), callback)
        heapq.heappush(self._heap, (deadline.due_s, next(self._order), deadline))
        if deadline.due_s < self._wake_s:
            self._arm()
        return deadline

    def run_due(self) -> None:
        """Call what is due, the earliest first."""
        now_s = self._clock.monotonic_s()
        while self._heap and self._heap[0][0] <= now_s:
            callback = heapq.heappop(self._heap)[2].take()
            if callback is None:
                self._cancelled -= 1
                continue
            try:
                callback()
            except Exception:
                log.exception("deadline.failed")

    def cancelled(self) -> None:
        """One of the deadlines was cancelled. It stays in the heap until it is due or too many do."""
        self._cancelled += 1
        if self._cancelled > _COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def _arm(self) -> None:
        if self._loop is None:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._wake_s = float("inf")
        if self._heap:
            self._wake_s = self._heap[0][0]
            self._handle = self._loop.call_later(max(0.0, self._wake_s - self._clock.monotonic_s()), self._wake)

    def _wake(self) -> None:
        self.run_due()
        self._arm()
