"""Look-ups that come at the same time go to the database together.

A look-up never waits for others to come: the first goes at once, and those that come while it is under way go together
when it ends. What is answered was read after it was asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

_MOST: Final = 500  # callers a round trip

K = TypeVar("K")
V = TypeVar("V")


class Gathered(Generic[K, V]):
    """One a kind of look-up and event loop."""

    def __init__(self, look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`look_up`: the values of those of these keys that have one. What it raises, its callers get."""
        self._look_up = look_up
        self._waiting: list[tuple[Sequence[K], asyncio.Future[list[V]]]] = []
        self._running: asyncio.Task[None] | None = None

    async def get(self, keys: Iterable[K]) -> list[V]:
        """The values of those of these keys that have one, in the order of the keys."""
        answer: asyncio.Future[list[V]] = asyncio.get_running_loop().create_future()
        self._waiting.append((tuple(keys), answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                if some := [one for one in some if not one[1].done()]:
                    await self._answer(some)
        finally:
            self._running = None

    async def _answer(self, some: Sequence[tuple[Sequence[K], "asyncio.Future[list[V]]"]]) -> None:
        keys = list(dict.fromkeys(key for wanted, _ in some for key in wanted))
        try:
            found = await self._look_up(keys)
        except BaseException as error:
            for _, answer in some:
                if not answer.done():
                    answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for wanted, answer in some:
            if not answer.done():
                answer.set_result([found[key] for key in wanted if key in found])
