"""The Socket.IO server: python-socketio's, for aiohttp, on our Engine.IO server."""

import asyncio
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any, Final

from engineio.packet import Packet as EnginePacket
from socketio.packet import (
    ACK,
    BINARY_ACK,
    BINARY_EVENT,
    CONNECT,
    CONNECT_ERROR,
    EVENT,
)
from typing_extensions import override

from realtime.engineio.server import ClientGone, Step
from realtime.engineio.session.packets import frame_of
from realtime.engineio.session.session import PARSE_ERROR, Socket
from realtime.socketio.framing import event_frame, frames_of
from realtime.socketio.library import SocketLibrary
from realtime.socketio.manager import Manager
from realtime.socketio.well_formed import MalformedPacketError, require_sense
from realtime.websocket.frames import Frame

_INVALID_NAMESPACE: Final = {"message": "Invalid namespace"}


class AsyncServer(SocketLibrary):
    """A drop-in `socketio.AsyncServer` for aiohttp, and some options more.

    Handlers that are plain functions are called at once; coroutines get a task each, or (with `async_handlers=False`)
    keep the client's next packet waiting.
    """

    def __init__(
        self,
        client_manager: Any = None,
        *args: Any,
        connect_timeout: float = 45.0,
        max_attachments: int = 64,
        environ_keys: Collection[str] | None = None,
        **options: Any,
    ) -> None:
        """`connect_timeout`: seconds that a client may be without a namespace, from its beginning and after it has left
        the last one. `max_attachments`: of one packet.
        `environ_keys`: what to keep of a client's environ once it has connected; None: all, as python-socketio does,
        which costs some kilobytes a connection. The rest is python-socketio's, python-engineio's and
        `EngineServer`'s."""
        super().__init__(client_manager if client_manager is not None else Manager(), *args, **options)
        self.connect_timeout = connect_timeout
        self.max_attachments = max_attachments
        self.environ_keys = environ_keys
        self._prepared = False
        self.eio.parse_json = False
        self.eio.step = self.step
        self.eio.always_lets_in(self.connect_handler, self._welcome)

    # what python-socketio offers

    async def emit(
        self,
        event: str,
        data: Any = None,
        to: Any = None,
        room: Any = None,
        skip_sid: Any = None,
        namespace: str | None = None,
        callback: Any = None,
        ignore_queue: bool = False,
    ) -> None:
        """As python-socketio's. Nothing is logged."""
        await self.manager.emit(
            event,
            data,
            namespace or "/",
            room=to or room,
            skip_sid=skip_sid,
            callback=callback,
            ignore_queue=ignore_queue,
        )

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """As python-socketio's."""
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace=namespace, ignore_queue=ignore_queue)
        if eio_sid is not None:
            self._without_namespace(eio_sid)

    # prepared packets

    def prepare(self, event_json: bytes, namespace: str | None = None) -> Frame:
        """An event that is JSON already, `["name", argument, ...]`, as a frame for any number of sockets."""
        return event_frame(event_json, namespace)

    def write_frame(self, sids: Iterable[str], frame: Frame, namespace: str = "/") -> None:
        """Send one frame to many, after everything sent before. Clients that are gone are left out. Never waits."""
        everyone = self.manager.rooms.get(namespace, {}).get(None, {})
        sockets = self.eio.sockets
        eio_sids = (everyone[sid] for sid in sids if sid in everyone)
        self.eio.broadcast((sockets[eio_sid] for eio_sid in eio_sids if eio_sid in sockets), frame)

    def socket(self, sid: str, namespace: str = "/") -> Socket:
        """The Engine.IO socket of a client; it outlives an upgrade.

        Raises:
            KeyError: there is no such client.
        """
        socket: Socket = self.eio.sockets[self.manager.eio_sid_from_sid(sid, namespace)]
        return socket

    def emit_to(self, eio_sids: Iterable[str], namespace: str, data: list[Any], number: int | None = None) -> None:
        """Send an event to these clients. `number`: of the ack that is asked for."""
        frames = frames_of(self.packet_class(EVENT, namespace=namespace, data=data, id=number))
        sockets = self.eio.sockets
        found = [sockets[eio_sid] for eio_sid in eio_sids if eio_sid in sockets]
        for frame in frames:
            self.eio.broadcast(found, frame)

    # the way in

    def step(self, socket: Socket, item: Any) -> Step | None:
        """Handle one message of a client, or its end."""
        if isinstance(item, ClientGone):
            return self.left(socket, item.reason)
        if socket.closing:
            return None
        try:
            packet = self.read(socket, item)
        except Exception:  # whatever a parser says to bytes that a client chose  # noqa: BLE001
            socket.end(PARSE_ERROR)
            return None
        return self.handle(socket, packet) if packet is not None else None

    def read(self, socket: Socket, item: str | bytes) -> Any:
        """Parse a message. The packet; None if attachments are to come.

        Raises:
            Exception: it is malformed.
        """
        waiting = self.unfinished.get(socket.sid) if self.unfinished else None
        attachment = isinstance(item, bytes) and self.packet_class.uses_binary_events
        if waiting is not None:
            if not attachment:
                raise MalformedPacketError("An attachment was to come.")
            if waiting.add_attachment(item):
                return self.unfinished.pop(socket.sid)
            return None
        if attachment or not item:
            raise MalformedPacketError("There is no packet that this belongs to.")
        packet = self.packet_class(encoded_packet=item)
        self.check(packet)
        if packet.packet_type in (BINARY_EVENT, BINARY_ACK) and packet.attachment_count:
            if packet.attachment_count > self.max_attachments:
                raise MalformedPacketError("There are too many attachments.")
            if self.manager.sid_from_eio_sid(socket.sid, packet.namespace or "/") is None:
                raise MalformedPacketError("This client is not connected.")
            self.unfinished[socket.sid] = packet
            return None
        return packet

    def check(self, packet: Any) -> None:
        """Refuse what a client may not send.

        Raises:
            MalformedPacketError: it may not send this.
        """
        require_sense(packet)

    def handle(self, socket: Socket, packet: Any) -> Step | None:
        """Begin to handle one whole packet."""
        kind, namespace = packet.packet_type, packet.namespace or "/"
        if kind in (EVENT, BINARY_EVENT):
            sid = self.manager.sid_from_eio_sid(socket.sid, namespace)
            if sid is None or not self.manager.is_connected(sid, namespace):
                return None
            return self.dispatch(socket, sid, namespace, packet)
        if kind in (ACK, BINARY_ACK):
            sid = self.manager.sid_from_eio_sid(socket.sid, namespace)
            if isinstance(self.manager, Manager):
                running: Step | None = self.manager.called_back(sid, packet.id, packet.data)
                return running
            called: Step = self.manager.trigger_callback(sid, packet.id, packet.data)
            return called
        if kind == CONNECT:
            return self.connecting(socket, namespace, packet.data)
        return self.leave_namespace(socket.sid, namespace, self.reason.CLIENT_DISCONNECT)

    def dispatch(self, socket: Socket, sid: str, namespace: str, packet: Any) -> Step | None:
        """Call the handler of an event, and acknowledge it."""
        result = self._begin(sid, namespace, packet.data)
        acknowledge = partial(self._acknowledge, socket, namespace, packet.id)
        if not asyncio.iscoroutine(result):
            acknowledge(result)
            return None
        running = _then(result, acknowledge)
        if self.async_handlers:
            self.eio.spawn(running)
            return None
        return running

    def _begin(self, sid: str, namespace: str, data: list[Any]) -> Any:
        """The handler's result, or a coroutine."""
        name, *arguments = data
        if self.instrumented:
            return self.trigger(name, namespace, sid, *arguments)
        handler, found = self.handler_of(name, namespace, (sid, *arguments))
        if handler is not None:
            return handler(*found)
        listener, found = self.listener_of(namespace, (sid, *arguments))
        return listener.trigger_event(name, *found) if listener is not None else self.not_handled

    def _acknowledge(self, socket: Socket, namespace: str, number: int | None, result: Any) -> None:
        if number is None or result is self.not_handled:
            return
        data = [] if result is None else list(result) if isinstance(result, tuple) else [result]
        for frame in frames_of(self.packet_class(ACK, namespace=namespace, id=number, data=data)):
            socket.write(frame)

    # the general path

    @override
    def write_packet(self, eio_sid: str, packet: Any) -> None:
        """Send a Socket.IO packet to a client, after everything sent before. Never waits."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            for frame in frames_of(packet):
                socket.write(frame)

    @override
    def write_engine_packet(self, eio_sid: str, packet: EnginePacket) -> None:
        """Send an Engine.IO packet to a client, after everything sent before. Never waits."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            socket.write(frame_of(packet))

    async def connecting(self, socket: Socket, namespace: str, data: Any) -> None:
        """A client wants to connect to a namespace."""
        known = namespace in self.handlers or namespace in self.namespace_handlers
        if not known and self.namespaces != "*" and namespace not in self.namespaces:
            self.write_packet(
                socket.sid, self.packet_class(CONNECT_ERROR, data=_INVALID_NAMESPACE, namespace=namespace)
            )
            return
        await self.connect_to(socket.sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(socket.sid, namespace)
        if sid is not None and self.manager.is_connected(sid, namespace):
            self.settled(socket, sid, namespace)

    def settled(self, socket: Socket, sid: str, namespace: str) -> None:
        """The client is connected, and has been told so."""
        socket.expect_by_s = 0.0
        environ = self.environ.get(socket.sid)
        if self.environ_keys is not None and environ is not None:
            self.environ[socket.sid] = {key: environ[key] for key in self.environ_keys if key in environ}
        if not socket.closing:
            self.connected(sid, namespace)

    def connected(self, sid: str, namespace: str) -> None:
        """Called when the client has been told that it is connected: what is sent from now on, it takes."""

    @override
    def namespace_left(self, eio_sid: str, namespace: str) -> None:
        """A client has left a namespace; it may have to connect to another."""
        self._without_namespace(eio_sid)

    def _without_namespace(self, eio_sid: str) -> None:
        """If the client has left its last namespace, it has to connect to one in time."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closing or socket.expect_by_s:
            return
        if not any(self.manager.sid_from_eio_sid(eio_sid, namespace) for namespace in self.manager.get_namespaces()):
            socket.expect(self.patience_s(socket))

    def patience_s(self, socket: Socket) -> float:
        """The time that a client may stay after it has left its last namespace, in seconds."""
        return self.connect_timeout

    @override
    def session_opened(self, eio_sid: str, environ: dict[str, Any]) -> None:
        """A session begins."""
        self._welcome(self.eio.sockets[eio_sid], environ)

    def _welcome(self, socket: Socket, environ: dict[str, Any]) -> None:
        """A session begins; it has to connect to a namespace in time."""
        if not self._prepared:
            self._prepared = self.manager_initialized = True
            self.manager.initialize()
        self.environ[socket.sid] = environ
        socket.expect_by_s = self.eio.now_s() + self.connect_timeout

    def left(self, socket: Socket, reason: str) -> Step | None:
        """The session has ended."""
        return self._leaving(socket, reason)

    async def _leaving(self, socket: Socket, reason: str) -> None:
        await self.eio.finish(socket, reason)
        self.unfinished.pop(socket.sid, None)


async def _then(result: Any, done: Any) -> None:
    done(await result)
