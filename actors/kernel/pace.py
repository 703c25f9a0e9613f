"""When the next piece of work may begin. Bigger pieces are cheaper, and nobody waits while it is quiet."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from config.clock import Clock

_RESTS: Final = 4  # the longest rest, in lingers


@dataclass(slots=True)
class Pace:
    """No sooner than `linger_s` after the last piece began, and after a rest as long as the work was, up to a bound.

    So whoever works does so for half of the time at most, and what comes meanwhile is done together. On a machine that
    is busy everything takes longer: rests grow with it, and so do the pieces.
    """

    clock: Clock
    linger_s: float
    _until_s: float = field(default=float("-inf"), init=False)

    def began(self) -> float:
        """A piece of work begins, now."""
        now_s = self.clock.monotonic_s()
        self._until_s = max(self._until_s, now_s + self.linger_s)
        return now_s

    def worked(self, since_s: float) -> None:
        """A piece of work is over."""
        now_s = self.clock.monotonic_s()
        self._until_s = max(self._until_s, now_s + min(now_s - since_s, _RESTS * self.linger_s))

    async def rest(self, enough: Callable[[], bool]) -> None:
        """Until the next piece may begin, or there is `enough` for it. What is done meanwhile prolongs the rest, up to
        the bound."""
        now_s = self.clock.monotonic_s()
        latest_s = now_s + _RESTS * self.linger_s
        while not enough() and now_s < (until_s := min(self._until_s, latest_s)):
            await asyncio.sleep(until_s - now_s)
            now_s = self.clock.monotonic_s()
