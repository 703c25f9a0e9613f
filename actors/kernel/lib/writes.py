"""Writes that nobody waits for: those of a moment go to the database together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from common.errors import Unavailable
from common.lib.tasks import Tasks

_LINGER_S: Final = 0.25
_RETRY_S: Final = 0.2

T = TypeVar("T")


class WriteBatcher(Generic[T]):
    """One a kind of write. What it has not done when its shard ends is somebody else's to do again."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], tasks: Tasks) -> None:
        """`write` is repeated for as long as it raises `Unavailable`."""
        self._write = write
        self._tasks = tasks
        self._waiting: list[T] = []
        self._written: asyncio.Future[None] | None = None

    def add(self, items: Iterable[T]) -> "asyncio.Future[None]":
        """Write these soon. The future is shared with those that go with them: `shield` it."""
        self._waiting.extend(items)
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
            self._tasks.spawn(self._run(self._written))
        return self._written

    async def _run(self, written: "asyncio.Future[None]") -> None:
        try:
            await asyncio.sleep(_LINGER_S)
        finally:
            items, self._waiting = self._waiting, []
            self._written = None
        try:
            await self._insist(items)
        except Exception as error:  # a bug: whoever waits for it leaves it owed
            written.set_exception(error)
            raise
        written.set_result(None)

    async def _insist(self, items: Sequence[T]) -> None:
        while True:
            try:
                return await self._write(items)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
