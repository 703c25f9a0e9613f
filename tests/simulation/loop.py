"""An event loop in virtual time: nothing waits, and a run is the same each time for the same seed."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from typing_extensions import override

T = TypeVar("T")


class _NoSelector:
    """Where a loop would wait for sockets: here time just passes."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise AssertionError("every task waits for another: a deadlock")
        self._loop.now_s += timeout
        return []

    def close(self) -> None:
        return None


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own scheduling over a clock that jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self._selector = _NoSelector(self)
        self._clock_resolution = 1e-9

    @override
    def time(self) -> float:
        return self.now_s

    def _process_events(self, event_list: list[Any]) -> None:
        return None

    def _write_to_self(self) -> None:
        return None


class VirtualClock:
    """`common.clock.Clock` on the loop's time; the platform's may be moved ahead of it."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.platform_ahead_ms = 0

    def now_ms(self) -> int:
        return 1_700_000_000_000 + int(self._loop.now_s * 1000)

    def platform_ms(self) -> int:
        return self.now_ms() + self.platform_ahead_ms

    def monotonic_s(self) -> float:
        return self._loop.now_s


def run(loop: VirtualLoop, main: Coroutine[Any, Any, T], *, limit_s: float = 600.0) -> T:
    """Run `main` to its end; `limit_s` is virtual. Whatever still runs afterwards is cancelled."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(asyncio.wait_for(main, limit_s))
    finally:
        rest = asyncio.all_tasks(loop)
        for task in rest:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
