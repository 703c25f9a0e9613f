"""A value that is dear to make and good for a moment: made once for all who ask meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Fresh(Generic[T]):
    """Makes the value when it is asked for and older than `good_for_s`. A failure is everybody's who waits for it."""

    def __init__(
        self, make: Callable[[], Awaitable[T]], good_for_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make, self._good_for_s, self._clock = make, good_for_s, clock
        self._made: tuple[float, T] | None = None
        self._making: asyncio.Future[T] | None = None

    async def get(self) -> T:
        """The value."""
        if self._made is not None and self._clock() - self._made[0] < self._good_for_s:
            return self._made[1]
        if self._making is None or self._making.done():
            self._making = asyncio.ensure_future(self._remake())
        return await asyncio.shield(self._making)

    async def _remake(self) -> T:
        value = await self._make()
        self._made = (self._clock(), value)
        return value
