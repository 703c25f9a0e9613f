"""Spaces pieces of work out. Bigger pieces are cheaper, and nobody waits while it is quiet."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from common.clock import Clock

_RESTS: Final = 4  # the longest rest, in lingers
_TICK_S: Final = 0.0005  # uvloop's timers count in ms: what is shorter would be a busy wait


@dataclass(slots=True)
class Pacer:
    """No sooner than `linger_s` after the last piece began, and after a rest as long as the work was, up to a bound.

    Work is what keeps this process busy; a piece that waits for others (a call, an insert) may be `held` instead: then
    the next one gathers until what it was to bring about has come. Without, messages into a busy room that wait for
    each other stay apart for ever, each with a turn, an insert and a write to each socket of its own.
    """

    clock: Clock
    linger_s: float
    _until_s: float = field(default=float("-inf"), init=False)
    _held: bool = field(default=False, init=False)
    _resting: "asyncio.Future[None] | None" = field(default=None, init=False)

    def began(self, *, held: bool = False) -> float:
        """A piece begins, now. `held`: the next one waits for `released`, too."""
        now_s = self.clock.monotonic_s()
        self._until_s = max(self._until_s, now_s + self.linger_s)
        self._held = held
        return now_s

    def worked(self, since_s: float) -> None:
        """Work is over that was begun then."""
        now_s = self.clock.monotonic_s()
        self._until_s = max(self._until_s, now_s + min(now_s - since_s, _RESTS * self.linger_s))

    def released(self) -> None:
        """The effect that the piece was to bring about has come."""
        self._held = False
        self.look()

    def look(self) -> None:
        """There may be `enough` by now: whoever rests is to look."""
        if self._resting is not None:
            _wake(self._resting)

    async def rest(self, enough: Callable[[], bool]) -> None:
        """Until the next piece may begin, or there is `enough` for it. What is done meanwhile prolongs the rest, up to
        the bound."""
        latest_s = self.clock.monotonic_s() + _RESTS * self.linger_s
        while not enough():
            pause_s = (latest_s if self._held else min(self._until_s, latest_s)) - self.clock.monotonic_s()
            if pause_s < _TICK_S:
                return
            await self._sleep(pause_s)

    async def _sleep(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        resting = self._resting = loop.create_future()
        handle = loop.call_later(pause_s, _wake, resting)
        try:
            await resting
        finally:
            self._resting = None
            handle.cancel()


def _wake(resting: "asyncio.Future[None]") -> None:
    if not resting.done():
        resting.set_result(None)
