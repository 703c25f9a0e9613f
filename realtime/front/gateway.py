"""One gateway: the Socket.IO front of this process, wired together. Plain asyncio; Serve wraps it elsewhere."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry

from actors.kernel.caller.region import Region
from actors.kernel.contract.protocol import Delivery
from actors.presence.channel import PresenceChange
from actors.presence.tracker import Tracker
from common.clock import Clock
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.net.tls import NodeTls
from common.ports import PortRange
from common.revocations import Revocation
from common.verifier import Verifier
from config.settings import GatewaySettings, LimitSettings
from realtime.delivery.connections import Connection, Connections
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.fanout import Fanout
from realtime.delivery.joining import Joining
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.subscriptions import Subscriptions
from realtime.front.acks import Events, Handlers
from realtime.front.admission import Admission
from realtime.front.guard import Guard, NoGuard
from realtime.front.inbound import Inbound
from realtime.front.limits import EventLimits
from realtime.front.listening_port import ListeningPort, make_server
from realtime.front.namespace import Namespace
from realtime.front.presence import PresenceEvents
from realtime.front.recovery import SocketRecovery
from realtime.front.sessions import Sessions
from realtime.front.strangers import Strangers
from realtime.relay.relay import Relay

log = get_logger(__name__)

_PATIENCE_S: Final = 2.0  # that a closing socket's events may still take
_LOOK_S: Final = 0.05
_HANDING_OVER_S: Final = 1.0  # that what is carried for other gateways may take to end


@dataclass(frozen=True, slots=True)
class Topics:
    """What handlers need of their gateway: how its sockets come to listen to topics, and who may."""

    subscriptions: Subscriptions[Connection]
    joining: Joining
    guard: Guard


HandlersOf = Callable[[Topics], Handlers]
"""The handlers of the capabilities, for a gateway whose topics these are."""


class Gateway:
    """Holds no truth: whatever it knows, its clients and the shards can tell another one.

    The region that it speaks through is made with `deliver` as its `on_deliveries`, the tracker with `observe` as its
    `on_changes`; both are handed to `start`. They stay the caller's: close them after the gateway.
    """

    def __init__(
        self,
        name: str,
        settings: GatewaySettings,
        verifier: Verifier,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        dice: random.Random | None = None,
        guard: Guard | None = None,
        limits: LimitSettings | None = None,
        shared_secret: bytes | None = None,
        tls: NodeTls | None = None,
    ) -> None:
        """`registry` gets the gateway's metrics; one gateway a registry. `dice` spread the reconnects of a drain, and
        of those who come all at once. `limits`: without, there are none. `shared_secret`: of the gateways that stand
        behind one address; None: this one stands alone. `tls`: between them."""
        self.name = name
        self._settings = settings
        self._limits = limits or LimitSettings(enabled=False)
        self._verifier = verifier
        self._clock = clock
        self._dice = dice or random.Random()
        self._guard = guard or NoGuard()
        self._sessions: Sessions | None = None
        self._metrics = GatewayMetrics(registry)
        self._relay = Relay(shared_secret, self._metrics.forwarded, tls=tls) if shared_secret is not None else None
        self._connections = Connections()
        self._deadlines = Deadlines(clock)
        self._tasks = Tasks(name)
        self._subscriptions: Subscriptions[Connection] = Subscriptions(
            self._unlisten, max_topics=settings.max_rooms_per_socket + 1
        )
        self._fanout = Fanout(self._subscriptions, self._deadlines, clock, self._metrics)
        self._metrics.watch(self._subscriptions)
        self._presence: PresenceEvents | None = None
        self._region: Region | None = None
        self._front: Namespace | None = None
        self._site: ListeningPort | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port that it listens on; 0 while it does not."""
        return self._port

    @property
    def sockets(self) -> int:
        """How many are connected."""
        return len(self._connections)

    def deliver(self, deliveries: list[Delivery]) -> None:
        """Send what a region brought to whoever listens."""
        self._fanout.deliver(deliveries)

    @property
    def users(self) -> Collection[str]:
        """Who is connected here."""
        return self._sessions.users if self._sessions is not None else ()

    def revoked(self, revocation: Revocation) -> None:
        """Throw out whoever came in with what has been taken back."""
        if self._sessions is not None:
            self._sessions.revoked(revocation)

    def observe(self, changes: list[PresenceChange]) -> None:
        """Tell whoever watches what a tracker heard."""
        if self._presence is not None:
            self._presence.observe(changes)

    async def start(
        self,
        region: Region,
        tracker: Tracker,
        handlers: HandlersOf,
        *,
        host: str,
        port: int,
        inner_host: str = "127.0.0.1",
        inner_ports: PortRange | None = None,
    ) -> int:
        """Begin to accept connections. The port, which `port=0` leaves to the system. `handlers`: of every capability.
        `inner_host`: an IP address of this host by which the other gateways reach it; `inner_ports`: those of which it
        takes one for them.

        Raises:
            StartupError: a port cannot be had.
        """
        self._region = region
        self._presence = PresenceEvents(tracker)
        self._front = self._wire(region, self._presence, handlers)
        self._deadlines.start()
        server = make_server(self._settings, self._front, self._relay)
        self._site = ListeningPort(server, self._settings)
        if self._relay is not None:
            await self._relay.start(server.eio, inner_host, inner_ports)
        self._port = await self._site.listen(host, port)
        log.info("gateway.started", gateway=self.name, host=host, port=self._port)
        return self._port

    def stats(self) -> dict[str, int | bool | str]:
        """The present levels, for status and autoscaling."""
        return {
            "gateway": self.name,
            "port": self._port,
            "sockets": len(self._connections),
            "topics": len(self._subscriptions),
            "watched": 0 if self._presence is None else len(self._presence),
            "joining": self._subscriptions.joining,
            "held_bytes": self._subscriptions.held_bytes,
            "draining": self._front is not None and self._front.draining,
            **(self._relay.levels() if self._relay is not None else {}),
        }

    async def drain(self) -> None:
        """Accept no more, and send everybody elsewhere: each socket is told when it will be closed (`reconnect`
        with `delay_ms`, spread at random over `drain_s`), and then is, after the events that it waits for."""
        if self._site is None or self._front is None or self._front.draining:
            return
        self._front.draining = True
        await self._site.stop_listening()
        log.info("gateway.draining", gateway=self.name, sockets=len(self._connections))
        self._send_away(self._connections)
        within_s = self._settings.drain_s + 2 * _PATIENCE_S
        if self._relay is not None:
            self._relay.leave(self._settings.drain_s, self._dice)
        await asyncio.gather(
            self._connections.emptied(within_s), *([self._relay.emptied(within_s)] if self._relay is not None else [])
        )

    def move(self, count: int) -> None:
        """Send so many sockets elsewhere, chosen at random, the way of a drain. They may come back here."""
        connections = list(self._connections)
        self._send_away(self._dice.sample(connections, min(count, len(connections))))

    async def stop(self) -> None:
        """Close every socket and the port. Idempotent."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await site.stop_listening()
        if self._relay is not None:
            self._relay.leave(0.0, self._dice)
            await self._relay.emptied(_HANDING_OVER_S)
        for connection in self._connections:
            await connection.outlet.close("shutdown")
        self._deadlines.stop()
        await self._tasks.cancel()
        await site.close()
        if self._relay is not None:
            self._relay.close()
        log.info("gateway.stopped", gateway=self.name)

    def _wire(self, region: Region, presence: PresenceEvents, handlers_of: HandlersOf) -> Namespace:
        settings, clock, metrics = self._settings, self._clock, self._metrics
        joining = Joining(self._subscriptions)
        limits = EventLimits(self._limits, clock, metrics)
        inbound = Inbound(settings, self._deadlines, clock)
        strangers = Strangers(self._limits, settings.auth_timeout_s, self._deadlines, clock, metrics)
        metrics.inbound_bytes.set_function(lambda: inbound.bytes)
        metrics.sockets.set_function(lambda: len(self._connections))
        sessions = Sessions(
            self.name,
            settings,
            self._verifier,
            self._connections,
            self._subscriptions,
            SocketRecovery(region, joining, limits, metrics, max_events=settings.max_recovered_events),
            presence,
            self._deadlines,
            self._tasks,
            clock,
            metrics,
            self._guard,
            limits,
            strangers,
        )
        self._sessions = sessions
        door = Admission(self._limits, clock, metrics, lambda: sessions.under_way, self._dice)
        handlers = {
            **sessions.handlers(),
            **presence.handlers(),
            **handlers_of(Topics(self._subscriptions, joining, self._guard)),
        }
        events = Events(handlers, max_bytes=settings.max_message_bytes, clock=clock, guard=self._guard, limits=limits)
        return Namespace(
            settings, self._connections, sessions, events, self._tasks, clock, metrics, door, inbound, strangers
        )

    def _unlisten(self, topic: str) -> None:
        if self._region is not None:
            self._region.unlisten(topic)

    def _send_away(self, connections: Iterable[Connection]) -> None:
        for connection in connections:
            delay_s = self._dice.uniform(0.0, self._settings.drain_s)
            connection.outlet.emit("reconnect", msgspec.json.encode({"delay_ms": int(delay_s * 1000)}))
            self._deadlines.after(delay_s, partial(self._part, connection, self._clock.monotonic_s() + delay_s))

    def _part(self, connection: Connection, since_s: float) -> None:
        """Close the socket, once nothing of it is under way."""
        if connection.in_flight and self._clock.monotonic_s() - since_s < _PATIENCE_S:
            self._deadlines.after(_LOOK_S, partial(self._part, connection, since_s))
        else:
            self._tasks.spawn(connection.outlet.close("draining"))
