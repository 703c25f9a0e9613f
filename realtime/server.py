"""The Socket.IO server and the port that it listens on. The only place that builds on python-socketio's inside."""

import logging
from typing import Any, Final

import socketio
from aiohttp import web
from engineio.payload import Payload

from config.errors import StartupError
from config.settings import GatewaySettings
from realtime import codec
from realtime.front import Front
from realtime.packets import Incoming, Packet
from realtime.polling import bound
from realtime.websocket import WebSocket

_LARGEST_FRAME: Final = 1 << 20  # bytes; what is larger than a message may be, but not larger than this, gets an answer
_MAX_POSTED_PACKETS: Final = 1000  # of one long-polling POST; python-engineio drops the whole POST above it
_BACKLOG: Final = 4096
_SHUTDOWN_S: Final = 1.0


class Server(socketio.AsyncServer):  # type: ignore[misc] # python-socketio has no types
    """python-socketio's server, with four things of its own: events go to the front with the id of their ack, the
    front hears when a client knows that it is connected, stray binary frames are ignored, and polls are bounded."""

    def __init__(self, front: Front, **options: Any) -> None:
        super().__init__(**options)
        self.eio._async = {**self.eio._async, "websocket": WebSocket}  # a table that all servers of a process share
        self._front = front
        self.register_namespace(front)

    async def _handle_eio_connect(self, eio_sid: str, environ: Any) -> Any:
        bound(self.eio.sockets[eio_sid])
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if not isinstance(data, bytes):  # attachments of an event that was refused when it came
            await super()._handle_eio_message(eio_sid, data or "?")

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if sid is None or not self.manager.is_connected(sid, namespace or "/"):
            return
        transport = self.eio.sockets.get(eio_sid)
        if transport is None or transport.closed:  # it left while its token was checked
            await self._handle_disconnect(eio_sid, namespace, self.reason.TRANSPORT_CLOSE)
        else:
            self._front.opened(sid)

    async def _handle_event_internal(
        self, server: Any, sid: str, eio_sid: str, data: Incoming, namespace: str | None, ack_id: int | None
    ) -> None:
        await self._front.receive(sid, data, ack_id)


def make_server(settings: GatewaySettings, front: Front) -> Server:
    """The server with our settings."""
    Payload.max_decode_packets = _MAX_POSTED_PACKETS
    quiet = logging.getLogger("socketio.carewire")
    quiet.setLevel(logging.CRITICAL)  # what it reports as errors are mistakes of clients
    return Server(
        front,
        async_mode="aiohttp",
        json=codec,
        serializer=Packet,
        logger=quiet,
        engineio_logger=quiet,
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        max_http_buffer_size=max(_LARGEST_FRAME, 2 * settings.max_message_bytes),
        cors_allowed_origins=list(settings.cors_origins),
        http_compression=False,
    )


class Site:
    """The port. Several gateways of a node share it (SO_REUSEPORT): the kernel spreads the connections."""

    def __init__(self, server: Server) -> None:
        app = web.Application()
        server.attach(app)
        self._server = server
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        self._site: web.TCPSite | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept. The port, which `port=0` leaves to the system.

        Raises:
            StartupError: the port cannot be had.
        """
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port, reuse_port=True, backlog=_BACKLOG)
        try:
            await self._site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartupError(
                f"The gateway cannot listen on {host}:{port} ({error.strerror}): free it or set CAREWIRE_GATEWAY__PORT."
            ) from None
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop_listening(self) -> None:
        """Accept no more; connections that are open go on. Idempotent."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()

    async def close(self) -> None:
        """Close everything."""
        await self._server.shutdown()
        await self._runner.cleanup()
