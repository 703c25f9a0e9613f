"""python-socketio's server and manager with public names for what they keep private: the only file that uses those."""

from typing import Any

import socketio
from engineio.packet import Packet as EnginePacket
from typing_extensions import override

from realtime.engineio.server import EngineServer


class SocketLibrary(socketio.AsyncServer):  # type: ignore[misc] # python-socketio has no types
    """The base of `AsyncServer`. A release of python-socketio that renames something is followed here."""

    # what it asks of us

    def write_packet(self, eio_sid: str, packet: Any) -> None:
        """Send a Socket.IO packet to a client, after everything sent before."""
        raise NotImplementedError

    def write_engine_packet(self, eio_sid: str, packet: EnginePacket) -> None:
        """Send an Engine.IO packet to a client, after everything sent before."""
        raise NotImplementedError

    def session_opened(self, eio_sid: str, environ: dict[str, Any]) -> None:
        """A client has an Engine.IO session."""
        raise NotImplementedError

    def namespace_left(self, eio_sid: str, namespace: str) -> None:
        """A client has left a namespace, or was sent out of it; its handler has run."""

    # what we ask of it

    @property
    def connect_handler(self) -> Any:
        """The handler that Engine.IO calls when a session opens, unless somebody has put another in its place."""
        return self._handle_eio_connect

    @property
    def unfinished(self) -> dict[str, Any]:
        """Packets whose attachments are to come, by Engine.IO session."""
        waiting: dict[str, Any] = self._binary_packet
        return waiting

    @property
    def instrumented(self) -> bool:
        """Whether the admin UI listens to events: then they go through `trigger`."""
        return "_trigger_event" in self.__dict__

    def trigger(self, event: str, namespace: str, *arguments: Any) -> Any:
        """Call the handler of an event as python-socketio does: a coroutine."""
        return self._trigger_event(event, namespace, *arguments)

    def handler_of(self, event: str, namespace: str, arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """The handler of an event, None if there is none, and what to call it with."""
        found: tuple[Any, tuple[Any, ...]] = self._get_event_handler(event, namespace, arguments)
        return found

    def listener_of(self, namespace: str, arguments: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """The class-based handler of a namespace, None if there is none, and what to call it with."""
        found: tuple[Any, tuple[Any, ...]] = self._get_namespace_handler(namespace, arguments)
        return found

    async def connect_to(self, eio_sid: str, namespace: str, data: Any) -> None:
        """Let a client into a namespace, or refuse it, and tell it which."""
        await self._handle_connect(eio_sid, namespace, data)

    async def leave_namespace(self, eio_sid: str, namespace: str, reason: str) -> None:
        """The client has said that it leaves."""
        await self._handle_disconnect(eio_sid, namespace, reason)

    # its own names for these

    @override
    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    @override
    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        self.session_opened(eio_sid, environ)

    @override
    async def _handle_disconnect(self, eio_sid: str, namespace: str, reason: str | None = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self.namespace_left(eio_sid, namespace)

    @override
    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        self.write_packet(eio_sid, pkt)

    @override
    async def _send_eio_packet(self, eio_sid: str, eio_pkt: EnginePacket) -> None:
        self.write_engine_packet(eio_sid, eio_pkt)


class LibraryManager(socketio.AsyncManager):  # type: ignore[misc] # python-socketio has no types
    """The base of `Manager`."""

    def ack_id(self, sid: str, callback: Any) -> int:
        """A number for the ack of an event to this client, with which `callback` is called."""
        number: int = self._generate_ack_id(sid, callback)
        return number
