"""A TCP proxy with switches, to break connections at the worst moment.

async with Proxy(port) as proxy:
    client = open_client(f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true", timeout_s=2)
    proxy.lose_answer_to(b"journal")      # the server does it, and the client never hears
"""

import asyncio
import itertools
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

_CHUNK = 65536
_LONGEST_PATTERN = 256


class _Cut(Enum):
    REQUEST = auto()  # the server never sees it
    ANSWER = auto()  # the server does it; the client never hears


@dataclass(slots=True)
class _Order:
    pattern: bytes
    cut: _Cut
    times: int


class Proxy:
    """Passes bytes both ways between its own `port` and a server on this machine, until told otherwise. With more
    than one server each new connection goes to the next."""

    def __init__(self, *upstream_ports: int, upstream_host: str = "127.0.0.1") -> None:
        self._upstreams = itertools.cycle((upstream_host, port) for port in upstream_ports)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._orders: list[_Order] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._cut = asyncio.Condition()
        self.port = 0
        self.delay_s = 0.0
        """Added to everything, in each direction."""
        self.refusing = False
        """Close new connections at once, as a server that is not there."""
        self.cuts = 0
        """Connections cut by `lose_request` and `lose_answer_to` so far."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.resume()
        self.cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lose_request(self, containing: bytes, *, times: int = 1) -> None:
        """Cut the connection on which such a request comes next, before the server has seen it."""
        self._orders.append(_Order(containing, _Cut.REQUEST, times))

    def lose_answer_to(self, containing: bytes, *, times: int = 1) -> None:
        """Pass such a request on, wait until the server answers, and cut the connection instead of passing that on."""
        self._orders.append(_Order(containing, _Cut.ANSWER, times))

    def hang(self) -> None:
        """Pass nothing on any more, and say nothing either: a stopped process, a lost network."""
        self._flowing.clear()

    def resume(self) -> None:
        """The end of `hang`: what was held back goes through."""
        self._flowing.set()

    def cut_all(self) -> None:
        """Cut every connection there is, now."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def until_cut(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait for the `count`-th cut that was ordered."""
        async with asyncio.timeout(timeout_s), self._cut:
            await self._cut.wait_for(lambda: self.cuts >= count)

    async def _accept(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            client_out.transport.abort()
            return
        try:
            server_in, server_out = await asyncio.open_connection(*next(self._upstreams))
        except OSError:
            client_out.transport.abort()
            return
        pair = {client_out, server_out}
        self._writers |= pair
        doomed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(client_in, server_out, doomed))
                group.create_task(self._answers(server_in, client_out, doomed))
        except* (OSError, _Ended):
            pass
        finally:
            self._writers -= pair
            for writer in pair:
                writer.transport.abort()

    async def _requests(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        tail = b""
        while data := await source.read(_CHUNK):
            order = self._order_for(tail, data)
            tail = data[-_LONGEST_PATTERN:]
            if order is not None and order.cut is _Cut.REQUEST:
                await self._count()
                break
            if order is not None:
                doomed.set()
            await self._pass_on(sink, data)
        raise _Ended

    async def _answers(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        while data := await source.read(_CHUNK):
            if doomed.is_set():
                await self._count()
                break
            await self._pass_on(sink, data)
        raise _Ended

    async def _pass_on(self, sink: asyncio.StreamWriter, data: bytes) -> None:
        await self._flowing.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        sink.write(data)
        await sink.drain()

    def _order_for(self, tail: bytes, data: bytes) -> _Order | None:
        for order in self._orders:
            begun = tail[max(0, len(tail) - len(order.pattern) + 1) :]  # a pattern may lie across two reads
            if order.pattern in begun + data:
                order.times -= 1
                if order.times == 0:
                    self._orders.remove(order)
                return order
        return None

    async def _count(self) -> None:
        async with self._cut:
            self.cuts += 1
            self._cut.notify_all()


class _Ended(Exception):
    """One side has closed: close the other."""
