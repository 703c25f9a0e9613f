"""How many nodes there are: told at once, whatever Ray does meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Final

from common.clock import Clock
from common.lib.tasks import Tasks

LASTS_S: Final = 10.0


class Nodes:
    """Who waits for Ray while it is busy sees no worker die meanwhile. So only the first waits; later what is known is
    told, and after `LASTS_S` counted again beside. `count` gives None where nobody can tell."""

    def __init__(self, count: Callable[[], Awaitable[int | None]], clock: Clock) -> None:
        self._count, self._clock = count, clock
        self._known = 0
        self._counted_s = float("-inf")
        self._counting = Tasks("media nodes")

    async def number(self) -> int:
        """At least the one that asks."""
        if not self._known:
            await self._look()
        elif self._clock.monotonic_s() - self._counted_s > LASTS_S and not list(self._counting):
            self._counting.spawn(self._look())
        return max(1, self._known)

    async def _look(self) -> None:
        self._known = await self._count() or self._known
        self._counted_s = self._clock.monotonic_s()
