"""One gateway: the Socket.IO front of this process. Plain asyncio; Serve wraps it elsewhere."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from actors.kernel.caller.region import Region
from actors.presence.tracker import Tracker
from common.auth.verifier import Verifier
from common.logs import get_logger
from common.net.ports import PortRange
from common.net.tls import NodeTls
from common.reach import Reach
from config.settings import GatewaySettings, LimitSettings
from realtime.delivery.connections import Connection
from realtime.front.acks import Events
from realtime.front.bounds.bounds import bounds_of
from realtime.front.front_server import make_server
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from realtime.front.listening_port import ListeningPort, open_port
from realtime.front.namespace import Namespace
from realtime.front.presence import PresenceEvents
from realtime.front.raw.door import RawDoor
from realtime.front.raw.routes import RawRoute
from realtime.front.revocation.guard import Guard, NoGuard
from realtime.front.session.expiry import Expiry
from realtime.front.session.recovery import SocketRecovery
from realtime.front.session.session_start import SessionStart
from realtime.front.session.sessions import SocketSessions
from realtime.front.session.sign_in import SignIn
from realtime.relay.relay import Relay

log = get_logger(__name__)

_PATIENCE_S: Final = 2.0  # that a closing socket's events may still take
_LOOK_S: Final = 0.05
_HANDING_OVER_S: Final = 1.0  # that what is carried for other gateways may take to end


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayParts:
    """The parts of a gateway. The region and the tracker call the hub; they stay the caller's, who closes them
    after the gateway.

    `handlers`, `routes`: of every capability. `topic_of`: what clients name to be recovered, as a topic; raises
    InvalidArgument for what can be none. `dice` spread the reconnects of a drain, and of those who come all at once.
    `shared_secret`: of the gateways that stand behind one address; None: this one stands alone. `host` and `port`:
    where clients connect; `port=0` leaves it to the system. `inner_host`: an IP address of this host by which the
    other gateways reach it; `inner_ports`: those of which it takes one for them; `tls`: between them.
    """

    hub: Hub
    region: Region
    tracker: Tracker
    verifier: Verifier
    settings: GatewaySettings
    handlers: Sequence[Handler]
    routes: Sequence[RawRoute] = ()
    topic_of: Callable[[str], str]
    host: str
    port: int
    guard: Guard = field(default_factory=NoGuard)
    reach: Reach = field(default_factory=Reach)
    limits: LimitSettings = field(default_factory=lambda: LimitSettings(enabled=False))
    dice: random.Random = field(default_factory=random.Random)
    shared_secret: bytes | None = None
    inner_host: str = "127.0.0.1"
    inner_ports: PortRange | None = None
    tls: NodeTls | None = None


class Gateway:
    """Accepts connections, from `open_gateway` on. Holds no truth: whatever it knows, its clients and the shards can
    tell another one."""

    def __init__(
        self, parts: GatewayParts, *, namespace: Namespace, listening: ListeningPort, relay: Relay | None
    ) -> None:
        """`relay`: to the other gateways behind the same address; None: there are none."""
        self.name = parts.hub.name
        self._hub = parts.hub
        self._drain_s = parts.settings.drain_s
        self._dice = parts.dice
        self._namespace = namespace
        self._listening = listening
        self._relay = relay
        self._stopped = False

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self._listening.port

    @property
    def sockets(self) -> int:
        """The number of connected sockets."""
        return len(self._hub.connections)

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The handlers of all events that clients may send, by event."""
        return self._namespace.handlers

    def stats(self) -> dict[str, int | bool | str]:
        """The present levels, for status and autoscaling."""
        return {
            "gateway": self.name,
            "port": self.port,
            "sockets": self.sockets,
            "topics": len(self._hub.subscriptions),
            "watched": len(self._hub.watchers),
            "joining": self._hub.subscriptions.joining,
            "held_bytes": self._hub.subscriptions.held_bytes,
            "draining": self._namespace.draining,
            **(self._relay.levels() if self._relay is not None else {}),
        }

    async def drain(self) -> None:
        """Accept no more, and send everybody elsewhere: each socket is told when it will be closed (`reconnect`
        with `delay_ms`, spread at random over `drain_s`), and then is, after the events that it waits for."""
        if self._stopped or self._namespace.draining:
            return
        self._namespace.draining = True
        self._listening.stop_accepting()
        log.info("gateway.draining", gateway=self.name, sockets=self.sockets)
        self._send_away(self._hub.connections)
        within_s = self._drain_s + 2 * _PATIENCE_S
        waiting: list[Awaitable[object]] = [self._hub.connections.emptied(within_s)]
        if self._relay is not None:
            self._relay.leave(self._drain_s, self._dice)
            waiting.append(self._relay.emptied(within_s))
        await asyncio.gather(*waiting)

    def move(self, count: int) -> None:
        """Send so many sockets elsewhere, chosen at random, the way of a drain. They may come back here."""
        connections = list(self._hub.connections)
        self._send_away(self._dice.sample(connections, min(count, len(connections))))

    async def stop(self) -> None:
        """Close every socket and the port. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._listening.stop_accepting()
        if self._relay is not None:
            self._relay.leave(0.0, self._dice)
            await self._relay.emptied(_HANDING_OVER_S)
        for connection in self._hub.connections:
            await connection.writer.close("shutdown")
        self._hub.deadlines.stop()
        await self._hub.tasks.cancel()
        await self._listening.close()
        if self._relay is not None:
            self._relay.close()
        log.info("gateway.stopped", gateway=self.name)

    def _send_away(self, connections: Iterable[Connection]) -> None:
        for connection in connections:
            delay_s = self._dice.uniform(0.0, self._drain_s)
            connection.writer.emit("reconnect", msgspec.json.encode({"delay_ms": int(delay_s * 1000)}))
            due_s = self._hub.clock.monotonic_s() + delay_s
            self._hub.deadlines.after(delay_s, partial(self._part, connection, due_s))

    def _part(self, connection: Connection, since_s: float) -> None:
        """Close the socket, once nothing of it is under way."""
        if connection.in_flight and self._hub.clock.monotonic_s() - since_s < _PATIENCE_S:
            self._hub.deadlines.after(_LOOK_S, partial(self._part, connection, since_s))
        else:
            self._hub.tasks.spawn(connection.writer.close("draining"))


async def open_gateway(parts: GatewayParts) -> Gateway:
    """A gateway that accepts connections.

    Raises:
        LookupError: a handler cannot start, see `by_event`.
        StartupError: a port cannot be had.
    """
    hub, settings = parts.hub, parts.settings
    secret = parts.shared_secret
    relay = Relay(secret, hub.metrics.forwarded, tls=parts.tls) if secret is not None else None
    namespace, door = doors_of(parts)
    server = make_server(settings, namespace, relay)
    if relay is not None:
        await relay.start(server.eio, parts.inner_host, parts.inner_ports)
    listening = await open_port(server, settings, parts.host, parts.port, door=door)
    hub.deadlines.start()
    log.info("gateway.started", gateway=hub.name, host=parts.host, port=listening.port)
    return Gateway(parts, namespace=namespace, listening=listening, relay=relay)


def doors_of(parts: GatewayParts) -> tuple[Namespace, RawDoor]:
    """The namespace of these parts, with its sessions and events, and the door of those who speak no Socket.IO.

    Raises:
        LookupError: a handler cannot start, see `by_event`.
    """
    hub, settings = parts.hub, parts.settings
    bounds = bounds_of(hub, settings, parts.limits, parts.dice)
    presence = PresenceEvents(parts.tracker, hub.watchers, parts.reach)
    recovery = SocketRecovery(
        parts.region,
        hub.joining,
        bounds.limits,
        hub.metrics,
        topic_of=parts.topic_of,
        max_events=settings.max_recovered_events,
    )
    sessions = SocketSessions(
        hub,
        bounds,
        sign_in=SignIn(hub, bounds, parts.verifier, parts.guard),
        start=SessionStart(hub, recovery, bounds.admission),
        expiry=Expiry(hub, warning_s=settings.expiry_warning_s, leeway_ms=parts.verifier.leeway_ms),
        presence=presence,
    )
    events = Events(
        [*sessions.handlers(), *presence.handlers(), *parts.handlers],
        max_bytes=settings.max_message_bytes,
        clock=hub.clock,
        guard=parts.guard,
        limits=bounds.limits,
    )
    namespace = Namespace(settings, hub, bounds, sessions, events=events)
    return namespace, RawDoor(parts.routes, namespace, settings, hub=hub, bounds=bounds, sessions=sessions)
