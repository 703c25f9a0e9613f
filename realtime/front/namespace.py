"""The namespace `/`: takes what python-socketio hears, gives it to sessions and handlers, and sends the answers."""

from collections.abc import Mapping
from typing import Any

import msgspec
import socketio
from socketio.exceptions import ConnectionRefusedError as Refused

from common.addresses import client_address, network_of
from common.errors import CarewireError, InvalidArgument, Overloaded, RateLimited, Unauthenticated, Unavailable
from common.logs import get_logger
from config.settings import GatewaySettings
from realtime.delivery.connections import Connection
from realtime.delivery.packets import Incoming
from realtime.delivery.socket_writer import SocketWriter
from realtime.front.acks import UNKNOWN, Ack, Events, error_event
from realtime.front.bounds.admission import refused
from realtime.front.bounds.bounds import FrontBounds
from realtime.front.bounds.strangers import ABUSE
from realtime.front.handlers import EventResult, Handler
from realtime.front.hub import Hub
from realtime.front.session.sessions import SocketSessions
from realtime.socketio import OpeningRequest

log = get_logger(__name__)


class Namespace(socketio.AsyncNamespace):  # type: ignore[misc] # python-socketio has no types
    """One a gateway. python-socketio calls `on_connect` and `on_disconnect`; events come through `receive`, so a
    client that names its event "disconnect" reaches neither."""

    def __init__(
        self, settings: GatewaySettings, hub: Hub, bounds: FrontBounds, sessions: SocketSessions, events: Events
    ) -> None:
        super().__init__("/")
        self._settings = settings
        self._hub = hub
        self._bounds = bounds
        self._sessions = sessions
        self._events = events
        self.strangers = bounds.strangers
        self.draining = False

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Those of all events, by event."""
        return self._events.handlers

    def admit(self, request: OpeningRequest) -> dict[str, Any] | None:
        """None: a connection may be opened. Else the answer that sends its client away, who comes back by itself."""
        if self.draining:
            return refused(_leaving())
        refusal = self._bounds.admission.refusal(self.network(connection_environ(request)))
        return refused(refusal) if refusal is not None else None

    async def on_connect(self, sid: str, environ: Mapping[str, str], auth: msgspec.Raw | None = None) -> None:
        """Raises python-socketio's ConnectionRefusedError, which the client gets as `connect_error`."""
        result = "ok"
        try:
            if self.draining:
                raise _leaving()
            self._bounds.admission.enter()
            await self._sessions.connect(sid, self._writer(sid), auth, self.network(environ))
        except CarewireError as error:
            result = error.code
            raise Refused(error.message, error.to_wire()) from None
        except Exception:
            result = CarewireError.code
            log.exception("connect.crashed", sid=sid)
            told = CarewireError("Something went wrong on our side.")
            raise Refused(told.message, told.to_wire()) from None
        finally:
            self._hub.metrics.connected(result)

    async def on_disconnect(self, sid: str, reason: str = "") -> None:
        """The client has left the namespace, and may stay without one."""
        self.closed(sid, reason)

    def closed(self, sid: str, reason: str) -> None:
        """Its subscriptions end."""
        self._sessions.closed(sid, reason)

    def opened(self, sid: str) -> None:
        """The CONNECT packet is on its way to the client."""
        self._sessions.opened(sid)

    async def receive(self, sid: str, incoming: Incoming, ack_id: int | None) -> None:
        """Handle one event and send its answer."""
        connection = self._hub.connections.get(sid)
        if connection is None:
            return
        started_s = self._hub.clock.monotonic_s()
        try:
            size = self._bounds.inbound.begin(connection, incoming)
        except Overloaded as busy:
            ack = Ack(UNKNOWN, EventResult(), busy)
        else:
            try:
                ack = await self._events.acknowledged(connection, incoming)
            finally:
                self._bounds.inbound.end(connection, size)
        self._reply(connection, ack, incoming.name, ack_id)
        self._hub.metrics.answered(ack.event, ack.code, self._hub.clock.monotonic_s() - started_s)

    def _reply(self, connection: Connection, ack: Ack, name: str, ack_id: int | None) -> None:
        writer = connection.writer
        if ack_id is not None:
            writer.acknowledge(ack_id, ack.body(), ack.answer.attachments, binary=connection.binary)
        elif ack.error is not None:
            writer.emit("error", error_event(ack.error, event=name))
        for delivery in ack.answer.held:
            writer.deliver(delivery, binary=connection.binary)
        if isinstance(ack.error, InvalidArgument | Unauthenticated):
            self._count_invalid(connection)
        elif isinstance(ack.error, RateLimited | Overloaded):
            self._bounds.inbound.refused(connection)

    def _count_invalid(self, connection: Connection) -> None:
        limit = self._settings.max_invalid_events
        if connection.count_invalid(self._hub.clock.monotonic_s()) == limit + 1:
            abuse = RateLimited("Too many invalid events.", details={"limit_per_minute": limit})
            self._hub.dismissals.dismiss(connection, abuse, ABUSE)

    def network(self, environ: Mapping[str, str]) -> str:
        """The address that whoever opens a connection is counted by."""
        peer, forwarded_for = environ["REMOTE_ADDR"], environ["HTTP_X_FORWARDED_FOR"]
        return network_of(client_address(peer, forwarded_for, self._settings.trusted_proxies))

    def _writer(self, sid: str) -> SocketWriter:
        server: Any = self.server
        return SocketWriter(server.socket(sid))


def connection_environ(request: OpeningRequest) -> dict[str, str]:
    """The parts of the request that opens a connection which the front needs, named as in a WSGI environ. A whole one
    holds every header and the request itself."""
    forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", ()))
    return {"REMOTE_ADDR": request.remote or "", "HTTP_X_FORWARDED_FOR": forwarded_for}


def _leaving() -> Unavailable:
    return Unavailable("This server is shutting down. Connect again.", retry_after_s=1.0)
