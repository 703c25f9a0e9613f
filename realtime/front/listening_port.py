"""The port that clients of a gateway connect to."""

import asyncio
import socket
from typing import Any, Final

from aiohttp import web

from common.errors import StartupError
from config.settings import GatewaySettings
from realtime.front.front_server import FrontServer
from realtime.front.raw.door import RawDoor
from realtime.socketio import FastHandshake

_BACKLOG: Final = 4096
_PATH: Final = "socket.io"
_SHUTDOWN_S: Final = 1.0
_IDLE_S: Final = 75.0  # between two requests over one connection, until the head of the second is there


class ListeningPort:
    """One that accepts connections, from `open_port` on."""

    def __init__(
        self, server: FrontServer, runner: web.AppRunner, handshakes: FastHandshake, listener: asyncio.Server
    ) -> None:
        self._server = server
        self._runner = runner
        self._handshakes = handshakes
        self._listener = listener
        self.port: int = listener.sockets[0].getsockname()[1]

    def stop_accepting(self) -> None:
        """Accept no more; connections that are open go on. Idempotent."""
        self._listener.close()

    async def close(self) -> None:
        """Close everything."""
        self._handshakes.close()
        await self._server.shutdown()
        await self._runner.cleanup()


async def open_port(
    server: FrontServer, settings: GatewaySettings, host: str, port: int, door: RawDoor
) -> ListeningPort:
    """Accept the server's clients at this port; `port=0` leaves it to the system. Several gateways of a node share one
    (SO_REUSEPORT): the kernel spreads the connections.

    Raises:
        StartupError: the port cannot be had.
    """
    app = web.Application()
    server.attach(app, _PATH)
    door.attach(app, server.eio.outbound)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S, keepalive_timeout=_IDLE_S)
    await runner.setup()
    assert runner.server is not None  # it has been set up
    handshakes = FastHandshake(server.eio, _PATH, runner.server)
    loop = asyncio.get_running_loop()
    try:
        listener = await loop.create_server(handshakes, host, port, reuse_port=True, backlog=_BACKLOG)
    except OSError as error:
        await runner.cleanup()
        raise StartupError(
            f"The gateway cannot listen on {host}:{port} ({error.strerror}): free it or set CAREWIRE_GATEWAY__PORT."
        ) from None
    for listening in listener.sockets:  # connections inherit what is set
        _bound(listening, settings)
    return ListeningPort(server, runner, handshakes, listener)


def _bound(listening: Any, settings: GatewaySettings) -> None:
    """Bound what the kernel may keep for one client that does not read: beyond that it is this process which keeps it,
    counts it, and gives up. And for how long it may be kept without a byte of it being taken."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        patience_ms = int(1000 * (settings.ping_interval_s + settings.ping_timeout_s))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_ms)
