"""Trying again, with pauses that grow and that chance spreads.

Full jitter: each pause is drawn evenly between nothing and a ceiling, which doubles with each attempt. So those whom
one failure struck at the same moment do not come back at the same moment (M. Brooker, "Exponential Backoff And
Jitter", AWS Architecture Blog, 2015).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

R = TypeVar("R")
Dice = Callable[[], float]
"""Draws evenly from [0, 1)."""


class Backoff:
    """The pauses of one endeavour."""

    __slots__ = ("_dice", "_first_s", "_longest_s", "_sleep", "ceiling_s")

    def __init__(
        self,
        first_s: float,
        longest_s: float,
        *,
        dice: Dice = random.random,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`first_s` and `longest_s`: the first ceiling, and the highest."""
        self._first_s = first_s
        self._longest_s = longest_s
        self._dice = dice
        self._sleep = sleep
        self.ceiling_s = first_s

    def next_s(self) -> float:
        """The length of the next pause."""
        pause_s = self._dice() * self.ceiling_s
        self.ceiling_s = min(2 * self.ceiling_s, self._longest_s)
        return pause_s

    async def pause(self, *, at_least_s: float = 0.0) -> None:
        """Make the next pause. `at_least_s`: what the other side asked for; chance comes on top of it."""
        await self._sleep(at_least_s + self.next_s())

    def reset(self) -> None:
        """It worked: the next failure is a first one."""
        self.ceiling_s = self._first_s


async def retry(
    action: Callable[[], Awaitable[R]],
    *errors: type[Exception],
    backoff: Backoff,
    until_s: float = float("inf"),
    now_s: Callable[[], float] | None = None,
) -> R:
    """The result of `action`, which is repeated while it raises one of `errors`.

    No pause reaches beyond `until_s`, a moment of `now_s` (the event loop's clock, if none is given): the error that
    came last is raised instead.
    """
    clock = asyncio.get_running_loop().time if now_s is None else now_s
    while True:
        try:
            return await action()
        except errors:
            if clock() + backoff.ceiling_s > until_s:
                raise
        await backoff.pause()
