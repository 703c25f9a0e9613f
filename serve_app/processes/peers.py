"""Exchange of figures between processes of Carewire, by TCP (`common.net.framing`).

    METRICS   Prometheus text            STATS   a JSON object

The port is a free one of `cluster.ports`; it and the key stand in the registry of processes (`store.mongo.processes`),
so only those who may read the database can ask. A bare stream keeps web frameworks out of processes that need none.
"""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from typing import Final, Literal

from typing_extensions import override

from common.net.framing import FIRST_METHOD, Calling, Listening, connect
from common.net.ports import PortRange, listen
from common.net.proof import SharedSecret
from common.net.tls import NodeTls
from store.mongo.processes import Process

Question = Literal["metrics", "stats"]

_METHODS: Final[Mapping[Question, int]] = {"metrics": FIRST_METHOD, "stats": FIRST_METHOD + 1}
_PURPOSE: Final = "figures"
_LINGER_S: Final = 5.0  # that a caller has to take an answer and hang up


class PeerProcess:
    """One process, as the others see it: its entry in the registry, and the listener that answers for it."""

    def __init__(
        self,
        name: str,
        kind: str,
        *,
        host: str,
        ports: PortRange | None = None,
        metrics: Callable[[], bytes],
        stats: Callable[[], Mapping[str, object]],
        tls: NodeTls | None = None,
    ) -> None:
        self._name, self._kind = name, kind
        self._host, self._ports, self._tls = host, ports, tls
        self._answers: Mapping[int, Callable[[], bytes]] = {
            _METHODS["metrics"]: metrics,
            _METHODS["stats"]: lambda: json.dumps(dict(stats())).encode(),
        }
        self._key = secrets.token_urlsafe(16)
        self._server: asyncio.Server | None = None

    async def start(self) -> Process:
        """Listen. The process to register.

        Raises:
            StartupError: none of the ports that it was given is free.
        """
        secret = SharedSecret(self._key.encode(), _PURPOSE)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _FiguresConnection(secret, self._answers),
            sock=listen(self._host, self._ports),
            ssl=None if self._tls is None else self._tls.listener,
        )
        port = self._server.sockets[0].getsockname()[1]
        return Process(
            name=self._name,
            kind=self._kind,
            pid=os.getpid(),
            node=socket.gethostname(),
            start=secrets.token_hex(8),
            address=f"{self._host}:{port}",
            key=self._key,
        )

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()


class _FiguresConnection(Listening):
    """The end of the process that is asked, once."""

    def __init__(self, secret: SharedSecret, answers: Mapping[int, Callable[[], bytes]]) -> None:
        super().__init__(secret)
        self._answers = answers

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        if (answer := self._answers.get(method)) is None:
            self.hang_up()
            return
        asyncio.get_running_loop().call_later(_LINGER_S, self.hang_up)
        self.reply(call, answer())


async def ask_process(process: Process, question: Question, timeout_s: float, tls: NodeTls | None = None) -> bytes:
    """The answer of `process`.

    Raises:
        OSError: it cannot be reached, does not know the key, or does not answer in time (`TimeoutError`).
    """
    async with asyncio.timeout(timeout_s):
        host, _, port = process.address.rpartition(":")
        secret = SharedSecret(process.key.encode(), _PURPOSE)
        connection = await connect(Calling, host, int(port), secret, tls=tls, within_s=timeout_s)
        try:
            return await connection.call(_METHODS[question], b"")
        finally:
            connection.hang_up()
