"""Background work that belongs to one owner: tracked, and never silently dead."""

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from typing import Any, Final

from common.logs import get_logger

_log = get_logger(__name__)
_AGAIN_S: Final = 0.1


class Tasks:
    """Runs coroutines until they end or `cancel` ends them. One that fails leaves a log line."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order in which they began

    def __iter__(self) -> Iterator["asyncio.Task[None]"]:
        return iter(list(self._tasks))

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run `work` beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._done)
        return task

    async def cancel(self) -> None:
        """End all of them, and wait until they have ended."""
        running: Collection[asyncio.Task[None]] = list(self._tasks)
        while running:  # again, because `wait_for` (Python 3.11) loses a cancellation that meets a result
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=_AGAIN_S)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task.failed", owner=self._owner, exc_info=error)
