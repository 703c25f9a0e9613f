"""Look-ups that come at the same time go to the database together.

Who comes alone waits for nobody. Those that come while a look-up is under way go together when it ends, or a little
later where many are expected. What is answered was read after it was asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

_MOST: Final = 500  # callers a round trip

K = TypeVar("K")
V = TypeVar("V")


class LookupBatcher(Generic[K, V]):
    """One a kind of look-up and event loop."""

    def __init__(self, look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, rest_s: float = 0.0) -> None:
        """`look_up`: the values of those of these keys that have one. What it raises, its callers get. `rest_s`: when
        somebody came while one was under way, the next begins so much later than that one did, for more to join."""
        self._look_up = look_up
        self._rest_s = rest_s
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
        loop = asyncio.get_running_loop()
        began_s = float("-inf")
        try:
            while self._waiting:
                pause_s = began_s + self._rest_s - loop.time()
                if pause_s > 0 and len(self._waiting) < _MOST:
                    await asyncio.sleep(pause_s)
                began_s = loop.time()
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
