"""Pieces of work that come at the same time are done together.

Who comes alone waits for nobody, unless the batcher lingers. What comes while a batch is under way goes together when
that one ends, or a little later where more is expected. What a batch reads, it reads after it was asked for.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from common.lib.tasks import Tasks

_MOST: Final = 500  # pieces a batch

T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")


class Batcher(Generic[T, R]):
    """One a kind of work and event loop."""

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int = _MOST,
        wait_s: float = 0.0,
        linger_s: float = 0.0,
        at_once: int = 1,
        company_s: float = 0.0,
        tasks: Tasks | None = None,
    ) -> None:
        """A batch that is full by then waits for nothing.

        Args:
            run: does a batch, and returns a result for each piece, in their order. What it raises, everybody gets.
            most: pieces a batch.
            wait_s: a batch of what came while another was under way begins so long after that one ended.
            linger_s: the first batch after a lull waits so long for more.
            at_once: batches that may be under way at the same time.
            company_s: a batch begins beside others only when none of them has ended for so long.
            tasks: where the work runs; what their owner cancels is cancelled for whoever waits.
        """
        self._run = run
        self._most = most
        self._wait_s = wait_s
        self._linger_s = linger_s
        self._at_once = at_once
        self._company_s = company_s
        self._tasks = Tasks("batcher") if tasks is None else tasks
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._workers = 0
        self._about_to_take = 0  # workers that have yet to take their next batch

    def __len__(self) -> int:
        """Pieces that wait for a batch."""
        return len(self._waiting)

    def put(self, piece: T) -> "asyncio.Future[R]":
        """Do this with the next batch; its result. A piece whose future is cancelled before that is left out."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((piece, future))
        self._call_worker()
        return future

    def _call_worker(self) -> None:
        if self._waiting and not self._about_to_take and self._workers < self._at_once:
            pause_s = self._company_s if self._workers else self._linger_s
            self._workers += 1
            self._about_to_take += 1
            self._tasks.spawn(self._work(pause_s))

    async def _work(self, pause_s: float) -> None:
        """Do batches until nothing waits."""
        try:
            while self._waiting:
                if pause_s > 0 and len(self._waiting) < self._most:
                    await asyncio.sleep(pause_s)
                if batch := self._take():
                    await self._beside_others(batch)
                pause_s = self._wait_s
        finally:
            self._about_to_take -= 1
            self._workers -= 1

    async def _beside_others(self, batch: Sequence[tuple[T, "asyncio.Future[R]"]]) -> None:
        self._about_to_take -= 1
        try:
            self._call_worker()  # for what is more than one batch takes
            await self._do(batch)
        finally:
            self._about_to_take += 1

    def _take(self) -> list[tuple[T, "asyncio.Future[R]"]]:
        batch: list[tuple[T, asyncio.Future[R]]] = []
        while self._waiting and len(batch) < self._most:
            piece, future = self._waiting.popleft()
            if not future.done():
                batch.append((piece, future))
        return batch

    async def _do(self, batch: Sequence[tuple[T, "asyncio.Future[R]"]]) -> None:
        try:
            results = await self._run([piece for piece, _ in batch])
            answers = [(future, result) for (_, future), result in zip(batch, results, strict=True)]
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for future, result in answers:
            if not future.done():
                future.set_result(result)


def without_results(run: Callable[[Sequence[T]], Awaitable[None]]) -> Callable[[Sequence[T]], Awaitable[list[None]]]:
    """For a `Batcher` of work that is done when its batch is, and yields nothing."""

    async def run_all(batch: Sequence[T]) -> list[None]:
        await run(batch)
        return [None] * len(batch)

    return run_all


def look_up_together(
    look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
) -> Callable[[Sequence[Iterable[K]]], Awaitable[list[list[V]]]]:
    """For a `Batcher` of look-ups by several keys: each is answered with the values of those that have one, in the
    order of its keys. `look_up` is asked for each key once."""

    async def run(wanted: Sequence[Iterable[K]]) -> list[list[V]]:
        each = [tuple(keys) for keys in wanted]
        values = await look_up(list(dict.fromkeys(key for keys in each for key in keys)))
        return [[values[key] for key in keys if key in values] for keys in each]

    return run
