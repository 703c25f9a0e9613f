"""The way to media workers: one connection each, kept open, made anew when it is lost."""

import asyncio
from contextlib import suppress
from typing import Final

from common.errors import Unavailable
from common.net.framing import Calling, connect
from common.net.proof import SharedSecret
from common.net.tls import NodeTls
from serve_app.capabilities.meetings.workers import wire
from serve_app.capabilities.meetings.workers.registry import MediaRegistry, WorkerRecord

ANSWER_S: Final = 2.0


class WorkerGone(ConnectionError):
    """There is no such worker, or it does not answer."""


class WorkerLinks:
    """Of one process, to all workers."""

    def __init__(self, registry: MediaRegistry, tls: NodeTls | None) -> None:
        self._registry = registry
        self._tls = tls
        self._open: dict[str, tuple[WorkerRecord, Calling]] = {}
        self._opening: dict[str, asyncio.Lock] = {}

    async def call(self, worker: str, method: int, payload: bytes, *, timeout_s: float = ANSWER_S) -> bytes:
        """What the worker of that name answers, in its present life.

        Raises:
            CarewireError: it refuses.
            WorkerGone: it is not there, or did not answer in time: it may have been done.
            Unavailable: the database does not say where it is.
        """
        for last in (False, True):
            try:
                connection = await self._connection(worker)
            except OSError as error:
                raise WorkerGone(worker) from error
            try:
                async with asyncio.timeout(timeout_s):
                    return wire.outcome(await connection.call(method, payload))
            except TimeoutError as error:
                raise WorkerGone(worker) from error
            except ConnectionError as error:  # of a life that has ended, perhaps: look once whether there is another
                self._open.pop(worker, None)
                if last:
                    raise WorkerGone(worker) from error
        raise AssertionError("unreachable")

    async def call_this(self, record: WorkerRecord, method: int, payload: bytes, *, timeout_s: float) -> bytes:
        """What this life of a worker answers. Raises WorkerGone, CarewireError."""
        try:
            connection = await self._to(record)
            async with asyncio.timeout(timeout_s):
                return wire.outcome(await connection.call(method, payload))
        except OSError as error:
            if not isinstance(error, TimeoutError):
                self.forget(record)
            raise WorkerGone(record.name) from error

    def forget(self, record: WorkerRecord) -> None:
        """Hang up on this life."""
        held = self._open.get(record.name)
        if held is not None and held[0].life == record.life:
            del self._open[record.name]
            held[1].hang_up()

    async def close(self) -> None:
        """Hang up on all of them."""
        for _, connection in self._open.values():
            connection.hang_up()
        self._open.clear()

    async def _connection(self, worker: str) -> Calling:
        held = self._open.get(worker)
        if held is not None and not held[1].lost:
            return held[1]
        record = await self._registry.worker(worker)
        if record is None:
            raise WorkerGone(worker)
        return await self._to(record)

    async def _to(self, record: WorkerRecord) -> Calling:
        async with self._opening.setdefault(record.name, asyncio.Lock()):
            held = self._open.get(record.name)
            if held is not None and held[0].life == record.life and not held[1].lost:
                return held[1]
            host, _, port = record.address.rpartition(":")
            secret = SharedSecret(record.key.encode(), wire.PURPOSE)
            connection = await connect(Calling, host, int(port), secret, tls=self._tls, within_s=ANSWER_S)
            self._open[record.name] = (record, connection)
            return connection


async def asked_again(links: WorkerLinks, worker: str, method: int, payload: bytes) -> bytes:
    """`call`, for a person who waits. Raises Unavailable: the worker has just gone, and another takes its place."""
    with suppress(WorkerGone):
        return await links.call(worker, method, payload)
    raise Unavailable("Media is being moved. Please try again in a moment.", retry_after_s=0.5)
