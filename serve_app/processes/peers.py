"""How processes of Carewire ask each other for their figures: one line there, one answer back, over TCP.

    -> <key> metrics\\n          <- Prometheus text, then end of file
    -> <key> stats\\n            <- a JSON object, then end of file

The port is a free one of `cluster.ports`; it and the key stand in the registry of processes (`store.mongo.processes`),
so only those who may read the database can ask. A bare stream keeps web frameworks out of processes that need none.
"""

import asyncio
import hmac
import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Literal

from common.ports import PortRange, listen
from store.mongo.processes import Process

Question = Literal["metrics", "stats"]

_MAX_LINE: Final = 256
_MAX_ANSWER: Final = 4 * 2**20


class Peer:
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
    ) -> None:
        self._name, self._kind = name, kind
        self._host, self._ports = host, ports
        self._answers: dict[str, Callable[[], bytes]] = {
            "metrics": metrics,
            "stats": lambda: json.dumps(dict(stats())).encode(),
        }
        self._key = secrets.token_urlsafe(16)
        self._server: asyncio.Server | None = None

    async def start(self) -> Process:
        """Listen. The process to register.

        Raises:
            StartupError: none of the ports that it was given is free.
        """
        self._server = await asyncio.start_server(self._serve, sock=listen(self._host, self._ports), limit=_MAX_LINE)
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError):
            key, _, question = (await asyncio.wait_for(reader.readline(), 1.0)).decode().strip().partition(" ")
            if hmac.compare_digest(key, self._key) and question in self._answers:
                writer.write(self._answers[question]())
                await asyncio.wait_for(writer.drain(), 5.0)
        writer.close()


async def ask(process: Process, question: Question, timeout_s: float) -> bytes:
    """What `process` answers.

    Raises:
        OSError: it cannot be reached, or answers nothing.
        TimeoutError: it does not answer in time.
    """
    async with asyncio.timeout(timeout_s):
        host, _, port = process.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=_MAX_ANSWER)
        try:
            writer.write(f"{process.key} {question}\n".encode())
            answer = await reader.read(-1)
        finally:
            writer.close()
    if not answer:
        raise ConnectionError("refused")
    return answer
