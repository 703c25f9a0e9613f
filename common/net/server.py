"""Whoever listens for connections of `common.net.framing`, and knows which are open."""

import asyncio
from collections.abc import Callable
from typing import Final

from common.net.framing import Listening
from common.net.ports import PortRange, listen
from common.net.tls import NodeTls


class FramedServer:
    """Listens on one port. `make`: the end of a new connection, which stands in the set while it is open."""

    def __init__(self, make: Callable[[set[Listening]], Listening]) -> None:
        self._make: Final = make
        self._open: Final[set[Listening]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, ports: PortRange | None, tls: NodeTls | None) -> int:
        """The port: a free one, one of `ports` if they are given.

        Raises:
            StartupError: none of them is free.
        """
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._make(self._open), sock=listen(host, ports), ssl=None if tls is None else tls.listener
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Answer no more, and hang up on everybody. Idempotent."""
        if self._server is not None:
            self._server.close()
        for connection in [*self._open]:
            connection.hang_up()
