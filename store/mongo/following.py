"""Hearing of every change of a collection, for as long as a process runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pymongo.errors import PyMongoError

from common.errors import CarewireError
from common.lib.retry import Backoff
from common.logs import get_logger
from store.mongo.client import Collection, Document

_PAUSES_S: Final = (0.2, 2.0)  # first and highest ceiling of the pause before the stream is opened again
_WAIT_MS: Final = 1000  # that the database holds a look at the stream back for news
_OPEN_S: Final = 10.0
log = get_logger(__name__)


class Following:
    """Whatever is written after the stream is open comes through it. When it breaks, it is opened again and then
    `catch_up` reads what matters once more, so nothing that happened in between is missed."""

    def __init__(
        self, collection: Collection, tell: Callable[[Document], None], catch_up: Callable[[], Awaitable[None]]
    ) -> None:
        """`tell` gets each document as it is after a change."""
        self._collection = collection
        self._tell = tell
        self._catch_up = catch_up
        self._task: asyncio.Task[None] | None = None
        self._following = asyncio.Event()

    async def start(self) -> None:
        """Returns once the stream is open. Raises TimeoutError when that takes too long."""
        self._task = asyncio.create_task(self._run())
        await asyncio.wait_for(self._following.wait(), _OPEN_S)

    async def stop(self) -> None:
        """Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        backoff = Backoff(*_PAUSES_S)
        while True:
            try:
                await self._follow()
            except (PyMongoError, CarewireError) as error:
                log.warning("following.interrupted", collection=self._collection.name, error=type(error).__name__)
            except Exception:
                log.exception("following.crashed", collection=self._collection.name)
            if self._following.is_set():
                backoff.reset()
            self._following.clear()
            await backoff.pause()

    async def _follow(self) -> None:
        kinds = [{"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}]
        stream: Any
        async with self._collection.watch(kinds, full_document="updateLookup", max_await_time_ms=_WAIT_MS) as stream:
            await self._catch_up()  # from here on the stream is open
            self._following.set()
            while stream.alive:
                change = await stream.try_next()
                if change is not None and change.get("fullDocument") is not None:
                    self._tell_of(change["fullDocument"])

    def _tell_of(self, document: Document) -> None:
        try:
            self._tell(document)
        except Exception:
            log.exception("following.not_obeyed", collection=self._collection.name)
