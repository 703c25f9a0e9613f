"""Batches that wait are taken in together, once what is under way is on disk: a commit costs the disk as much as some
hundred documents cost the processor. How often there is one is up to those who have changes (`process.indexer`)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from serve_app.capabilities.search.port import Applied, Change

_MOST: Final = 20_000  # documents of one commit


@dataclass(frozen=True, slots=True)
class _Batch:
    changes: Sequence[Change]
    done: asyncio.Future[Applied]


class Committing:
    """Of one generation."""

    def __init__(self, take: Callable[[Sequence[Change]], Applied]) -> None:
        """`take`: blocking; all of it or, with an error, nothing."""
        self._take = take
        self._waiting: list[_Batch] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def apply(self, changes: Sequence[Change]) -> Applied:
        """Returns once it is committed. Raises what `take` does."""
        if self._closed:
            raise LookupError("this generation was dropped")
        batch = _Batch(changes, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await batch.done

    async def close(self) -> None:
        """Take in what waits, and no more."""
        self._closed = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            await self._commit(self._next())
            await asyncio.sleep(0)  # whoever was answered may have more, that goes with the next
        self._task = None

    def _next(self) -> list[_Batch]:
        taken, size = list[_Batch](), 0
        while self._waiting and (not taken or size + len(self._waiting[0].changes) <= _MOST):
            taken.append(self._waiting.pop(0))
            size += len(taken[-1].changes)
        return taken

    async def _commit(self, batches: Sequence[_Batch]) -> None:
        """All in one; should that fail, each alone, so that one cannot keep the others out."""
        try:
            applied = await asyncio.to_thread(self._take, [change for batch in batches for change in batch.changes])
        except Exception as exc:  # noqa: BLE001 # whoever waits raises it
            if len(batches) > 1:
                for batch in batches:
                    await self._commit([batch])
            elif not batches[0].done.done():
                batches[0].done.set_exception(exc)
            return
        for batch in batches:
            if not batch.done.done():
                keys = {change.key for change in batch.changes}
                batch.done.set_result(Applied(applied.stale, tuple(key for key in applied.parked if key in keys)))
