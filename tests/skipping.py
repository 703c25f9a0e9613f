"""Time that passes at once, so that a test of a time-out has a generous one, which busy machines keep, and no wait."""

import asyncio

from typing_extensions import override

from common.clock import SystemClock


def skip(seconds: float) -> None:
    """Put the clock of the running loop forward: what was due within `seconds` is due now."""
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign] # of this loop, which ends with the test


class HandClock(SystemClock):
    """Its monotonic time stands still until a test advances it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    @override
    def monotonic_s(self) -> float:
        return self.now_s


class LoopClock(SystemClock):
    """Its monotonic time is the running loop's, and goes forward with it; without one it is the machine's, as a loop's
    is before."""

    @override
    def monotonic_s(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return super().monotonic_s()
