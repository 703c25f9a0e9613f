"""The connection between a region and a shard, by TCP (`common.net.framing`).

Ray makes, places, restarts and finds shards; the messages themselves do not go through it. A call through a Ray actor
costs about 1.8 ms of CPU on both sides together (measured), a call here about a twentieth of that, and a connection
keeps what is sent in order. Whoever wants to connect asks the actor for its address and the secret of its present
life: so who may call the actor may connect, and nobody else.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from typing_extensions import override

from actors.kernel.caller.shard_client import ShardClient, ShardGone, WorkClient
from common.lib.tasks import Tasks
from common.net.framing import FIRST_METHOD, Calling, ConnectionLost, Listening, connect
from common.net.ports import PortRange
from common.net.proof import SharedSecret
from common.net.server import FramedServer
from common.net.tls import NodeTls

_SUBSCRIBE, _SUBMIT, _FETCH, _WORK = range(FIRST_METHOD, FIRST_METHOD + 4)
_PURPOSE: Final = "shard"
_CONNECT_S: Final = 2.0
_SECRET_BYTES: Final = 32


class ShardAddress(NamedTuple):
    """The place at which a shard listens in its present life, and the secret that opens it."""

    host: str
    port: int
    secret: bytes


class DirectServer:
    """Listens for the regions of one shard, and for its runners, if it has a `workplace`."""

    def __init__(
        self, shard: ShardClient, name: str, tls: NodeTls | None = None, *, workplace: WorkClient | None = None
    ) -> None:
        self._methods: dict[int, Callable[[bytes], Awaitable[bytes]]] = {
            _SUBSCRIBE: shard.subscribe,
            _SUBMIT: shard.submit,
            _FETCH: shard.fetch,
        }
        if workplace is not None:
            self._methods[_WORK] = workplace.work
        self._tls = tls
        self._tasks = Tasks(name)
        self._secret = os.urandom(_SECRET_BYTES)
        proven = SharedSecret(self._secret, _PURPOSE)
        self._server = FramedServer(lambda among: _ShardConnection(self, proven, among))

    async def start(self, host: str, ports: PortRange | None = None) -> ShardAddress:
        """Listen on a free port of this address, one of `ports` if they are given.

        Raises:
            StartupError: none of them is free.
        """
        return ShardAddress(host, await self._server.start(host, ports, self._tls), self._secret)

    async def close(self) -> None:
        """Hang up on everybody."""
        self._server.close()
        await self._tasks.cancel()

    def serve(self, connection: "_ShardConnection", call: int, method: int, payload: bytes) -> None:
        """Answer one request, beside the others."""
        if (answer := self._methods.get(method)) is None:
            connection.hang_up()
            return
        task = self._tasks.spawn(_answer(connection, call, answer(payload)))
        if method == _WORK:
            connection.works(task)


async def _answer(connection: Listening, call: int, reply: Awaitable[bytes]) -> None:
    connection.reply(call, await reply)


class _ShardConnection(Listening):
    """The shard's end of one connection."""

    def __init__(self, server: DirectServer, secret: SharedSecret, among: set[Listening]) -> None:
        super().__init__(secret, among=among)
        self._server = server
        self._working: set[asyncio.Task[None]] = set()

    def works(self, task: "asyncio.Task[None]") -> None:
        """A runner asks for work: that it hangs up is its word for giving everything back."""
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for task in self._working:
            task.cancel()

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        self._server.serve(self, call, method, payload)


class DirectClient:
    """Calls one shard (`shard_client.ShardClient`). Connects when it must, and finds the shard again after each loss.

    `locate` asks where the shard is by now; it raises `ShardGone` when nobody knows.
    """

    def __init__(self, locate: Callable[[], Awaitable[ShardAddress]], tls: NodeTls | None = None) -> None:
        self._locate = locate
        self._tls = tls
        self._connection: Calling | None = None
        self._connecting = asyncio.Lock()

    async def subscribe(self, request: bytes) -> bytes:
        """See `shard_client.ShardClient`."""
        return await self._call(_SUBSCRIBE, request)

    async def submit(self, request: bytes) -> bytes:
        """See `shard_client.ShardClient`."""
        return await self._call(_SUBMIT, request)

    async def fetch(self, request: bytes) -> bytes:
        """See `shard_client.ShardClient`."""
        return await self._call(_FETCH, request)

    async def work(self, request: bytes) -> bytes:
        """See `shard_client.WorkClient`."""
        return await self._call(_WORK, request)

    async def _call(self, method: int, request: bytes) -> bytes:
        connection = self._connection
        if connection is None or connection.lost:
            connection = await self._connect()
        try:
            return await connection.call(method, request)
        except ConnectionLost as error:
            raise ShardGone("the connection is lost") from error
        except asyncio.CancelledError:  # the channel has given up: the other side may hang, or be gone without a word
            connection.hang_up()
            raise

    async def _connect(self) -> Calling:
        async with self._connecting:
            if self._connection is not None and not self._connection.lost:
                return self._connection
            host, port, secret = await self._locate()
            proven = SharedSecret(secret, _PURPOSE)
            try:
                self._connection = await connect(Calling, host, port, proven, tls=self._tls, within_s=_CONNECT_S)
            except OSError as error:  # `Refused` too: it listens where a shard did that is gone
                raise ShardGone("cannot connect") from error
            return self._connection
