"""The Socket.IO server of a gateway."""

import asyncio
import logging
from typing import Any, Final

from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.packet import CONNECT_ERROR
from typing_extensions import override

from config.settings import GatewaySettings
from realtime.delivery import codec
from realtime.delivery.packets import Packet, connected_text
from realtime.delivery.socket_writer import frame
from realtime.front.bounds.strangers import ABUSE
from realtime.front.namespace import Namespace, connection_environ
from realtime.socketio import AsyncServer, Peers, Socket
from realtime.websocket.frames import REFUSED

_LARGEST_FRAME: Final = 1 << 20  # bytes; what is larger than a message may be, but not larger than this, gets an answer


class FrontServer(AsyncServer):
    """The wire server, with some things of the gateway's: there is one namespace, events go to the front with the id of
    their ack, the front hears when a client knows that it is connected, and what makes no sense is answered, not
    punished."""

    def __init__(self, front: Namespace, **options: Any) -> None:
        super().__init__(**options)
        self._front = front
        self.register_namespace(front)

    @override
    def read(self, socket: Socket, item: str | bytes) -> Any:
        """An event waits for its attachments. Stray binary frames are those of one that was refused when it came."""
        waiting = self.unfinished.get(socket.sid) if self.unfinished else None
        if isinstance(item, bytes):
            whole = waiting is not None and waiting.add_attachment(item)
            return self.unfinished.pop(socket.sid) if whole else None
        if waiting is not None:
            waiting.interrupted()
            self.handle(socket, self.unfinished.pop(socket.sid))
        packet = self.packet_class(encoded_packet=item or "?")
        if packet.attachment_count and self.manager.sid_from_eio_sid(socket.sid, packet.namespace or "/") is not None:
            self.unfinished[socket.sid] = packet
            return None
        return packet

    @override
    async def connecting(self, socket: Socket, namespace: str, data: Any) -> None:
        """The one namespace with its one handler: without the search for both."""
        while socket.held is not None:
            await asyncio.shield(socket.held)
        if socket.closing:
            return
        sid = await self.manager.pre_connect(socket.sid, namespace) if namespace == self._front.namespace else None
        if sid is None:  # another namespace, or connected already: python-socketio says so
            await super().connecting(socket, namespace, data)
            self._tried(socket)
            return
        by_s, socket.expect_by_s = socket.expect_by_s, 0.0  # it is we who take the time now
        try:
            await self._front.on_connect(sid, self.environ[socket.sid], data)
        except Refused as refused:
            self.write_packet(socket.sid, Packet(CONNECT_ERROR, data=refused.error_args, namespace=namespace))
            await self.manager.disconnect(sid, namespace, ignore_queue=True)
            socket.expect(by_s - self.eio.now_s())
            self._tried(socket)
            return
        socket.write(frame(connected_text(sid)))
        await self.manager.connect(sid, namespace)
        self.settled(socket, sid, namespace)

    @override
    def left(self, socket: Socket, reason: str) -> None:
        """The same for the end, which waits for nothing."""
        manager, namespace = self.manager, self._front.namespace
        try:
            sid = manager.sid_from_eio_sid(socket.sid, namespace)
            if sid is not None and manager.is_connected(sid, namespace):
                self._front.closed(sid, reason)
                manager.basic_disconnect(sid, namespace)
        finally:
            self.environ.pop(socket.sid, None)
            self.unfinished.pop(socket.sid, None)
            self._front.strangers.gone(socket)
            self.eio.finished(socket)

    @override
    def namespace_left(self, eio_sid: str, namespace: str) -> None:
        super().namespace_left(eio_sid, namespace)
        if (socket := self.eio.sockets.get(eio_sid)) is not None:
            self._tried(socket)

    @override
    def patience_s(self, socket: Socket) -> float:
        """The time left to authenticate, in seconds."""
        return self._front.strangers.left_s(socket)

    def _tried(self, socket: Socket) -> None:
        if not socket.closing and not self._front.strangers.tried(socket):
            socket.end(ABUSE, abort=True, code=REFUSED)

    @override
    def dispatch(self, socket: Socket, sid: str, namespace: str, packet: Any) -> None:
        """Each in its own task; nothing is awaited before its command is queued."""
        self.eio.spawn(self._front.receive(sid, packet.data, packet.id))

    @override
    def connected(self, sid: str, namespace: str) -> None:
        """The session may begin."""
        self._front.opened(sid)


def make_server(settings: GatewaySettings, front: Namespace, peers: Peers | None) -> FrontServer:
    """The server with our settings. `peers`: the other gateways."""
    quiet = logging.getLogger("socketio.carewire")
    quiet.setLevel(logging.CRITICAL)  # what it reports as errors are mistakes of clients
    return FrontServer(
        front,
        async_mode="aiohttp",
        json=codec,
        serializer=Packet,
        logger=quiet,
        engineio_logger=quiet,
        ping_interval=settings.ping_interval_s,
        ping_timeout=settings.ping_timeout_s,
        max_http_buffer_size=max(_LARGEST_FRAME, 2 * settings.max_message_bytes),
        cors_allowed_origins="*" if settings.any_origin else list(settings.cors_origins),
        cors_credentials=not settings.any_origin,
        http_compression=False,
        max_buffered_bytes=settings.max_buffered_bytes,
        connect_timeout=settings.auth_timeout_s,
        admit=front.admit,
        environ_of=connection_environ,
        peers=peers,
    )
