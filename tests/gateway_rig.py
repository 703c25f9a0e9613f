"""A gateway with everything behind it in this process: the real kernel on storage in memory, and clients for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import socketio
from prometheus_client import CollectorRegistry

from actors.inboxes.kind import InboxKind
from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import AnyKind
from actors.payments.kinds import payment_kinds
from actors.presence.shard import PresenceShard
from actors.presence.tracker import Tracker, presence_shards
from actors.rooms.pairs import PairKind
from actors.rooms.room.kind import RoomKind
from actors.rooms.service import Rooms, entity_of
from actors.workflows.table import all_reactions
from common.auth.tokens import mint
from common.auth.verifier import Verifier
from common.clock import Clock
from common.reach import Reach
from config.settings import (
    AuthSettings,
    GatewaySettings,
    KernelSettings,
    LimitSettings,
    PresenceSettings,
    RoomSettings,
    Settings,
)
from realtime.front.gateway import Gateway, GatewayParts, open_gateway
from realtime.front.hub import Hub
from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import GatewayContext
from serve_app.capabilities.rooms.capability import rooms_of
from serve_app.capabilities.rooms.ports import Everybody
from serve_app.catalogue import handlers_of, raw_routes_of
from serve_app.cluster.spec import CarewireSpec
from store.memory import memory_stores
from store.ports.stores import Stores
from tests.clients.heard import hear
from tests.skipping import LoopClock

SECRET = "a secret of at least thirty-two bytes, for tests only"
SHARED_SECRET = b"what all gateways of a test know"
CLOCK = LoopClock()
PATIENCE_S = 30.0


class Nobody:
    """Stands for a database, and for whom operators ask: here are neither. It can be handed on, and parts of it too."""

    def __getitem__(self, name: object) -> "Nobody":
        return self


NOBODY: Any = Nobody()


def token(user: str, role: str = "client", ttl_s: float = 6 * 3600.0) -> str:
    """A token that every gateway of the rig accepts."""
    return mint(SECRET, user=user, role=role, now_ms=CLOCK.now_ms(), ttl_s=ttl_s)


class Client:
    """A Socket.IO client that remembers everything it was sent."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.received: list[tuple[str, Any]] = []
        self.disconnects: list[str] = []
        self._news = asyncio.Event()
        self.sio = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5, **options)
        self.sio.on("*", self._on_event)
        self.sio.on("disconnect", self._on_disconnect)

    async def connect(self, auth: Any, *, transports: tuple[str, ...] = ("websocket",)) -> "Client":
        """Connect; raises `socketio.exceptions.ConnectionError` when refused."""
        await self.sio.connect(self.url, auth=auth, transports=list(transports), wait_timeout=PATIENCE_S)
        return self

    async def call(self, event: str, *payload: Any) -> Any:
        """Emit and wait for the ack."""
        return await self.sio.call(event, payload, timeout=PATIENCE_S)

    async def ok(self, event: str, payload: Any) -> Any:
        """The `data` of an ack that must be good."""
        ack = await self.call(event, payload)
        assert ack["ok"], ack
        return ack["data"]

    async def error(self, event: str, *payload: Any) -> Any:
        """The `error` of an ack that must be bad."""
        ack = await self.call(event, *payload)
        assert not ack["ok"], ack
        return ack["error"]

    def all(self, event: str) -> list[Any]:
        """The payloads of this event so far, in order."""
        return [payload for name, payload in self.received if name == event]

    async def until(self, met: Callable[["Client"], bool], missing: str) -> None:
        """Wait until what was received meets the condition; `missing` says what was not there."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not met(self):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{missing}; received {self.received}") from None

    async def next(self, event: str, count: int = 1) -> Any:
        """The payload of the `count`-th event of this name, once it is there."""
        await self.until(lambda client: len(client.all(event)) >= count, f"no {event} number {count}")
        return self.all(event)[count - 1]

    async def close(self) -> None:
        """Disconnect for good."""
        await self.sio.disconnect()

    async def _on_event(self, event: str, payload: Any = None) -> None:
        self.received.append((event, payload))
        hear(event, payload)
        self._news.set()

    async def _on_disconnect(self, reason: str = "") -> None:
        self.disconnects.append(reason)
        self._news.set()


@dataclass
class Rig:
    """A cluster, its gateways and their clients."""

    stores: Stores
    cluster: LocalCluster
    presence_settings: PresenceSettings
    presence: list[PresenceShard] = field(default_factory=list)
    trackers: list[Tracker] = field(default_factory=list)
    hubs: list[Hub] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    gateways: list[Gateway] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    tree: Settings = field(default_factory=Settings)

    async def gateway(
        self,
        *,
        port: int = 0,
        auth: AuthSettings | None = None,
        verifier: Verifier | None = None,
        rooms: type[Rooms] = Rooms,
        limits: LimitSettings | None = None,
        clock: Clock = CLOCK,
        **settings: Any,
    ) -> Gateway:
        """One more gateway, listening. `clock`: of its limits and deadlines."""
        name = f"gateway-{len(self.gateways)}"
        verifier = verifier or Verifier(auth or AuthSettings(leeway_s=0), CLOCK, secret=SECRET)
        self.registry = CollectorRegistry()
        made = GatewaySettings(**settings)
        hub = Hub(
            name,
            clock,
            self.registry,
            unlisten=lambda topic: region.unlisten(topic),
            max_rooms=made.max_rooms_per_socket,
            max_watched=self.presence_settings.max_watched,
        )
        region = await self.cluster.region(name, hub.deliver)
        tracker = Tracker(name, self.presence, settings=self.presence_settings, clock=CLOCK, on_changes=hub.observe)
        await tracker.start()
        self.trackers.append(tracker)
        context = GatewayContext(
            settings=self.tree,
            clock=CLOCK,
            region=region,
            stores=self.stores,
            related=None,
            database=NOBODY,
            direct=Everybody(),
            reach=Reach(),
            activity_shards=NOBODY,
            activity_figures=NOBODY,
            blobs=NOBODY,
            partners=(),
            root="of nothing",
            hub=hub,
            made={rooms_of: rooms(region, self.stores.views, CLOCK), audit_of: NOBODY},
        )
        gateway = await open_gateway(
            GatewayParts(
                hub=hub,
                region=region,
                tracker=tracker,
                verifier=verifier,
                settings=made,
                handlers=handlers_of(context),
                routes=raw_routes_of(context),
                topic_of=entity_of,
                host="127.0.0.1",
                port=port,
                limits=limits or LimitSettings(enabled=False),
                shared_secret=SHARED_SECRET,
            )
        )
        self.hubs.append(hub)
        self.regions.append(region)
        self.gateways.append(gateway)
        return gateway

    def url(self, gateway: int = 0) -> str:
        """Where a gateway is."""
        return f"http://127.0.0.1:{self.gateways[gateway].port}"

    def anonymous(self, gateway: int = 0, **options: Any) -> Client:
        """A client that has not connected yet."""
        client = Client(self.url(gateway), **options)
        self.clients.append(client)
        return client

    async def client(self, user: str, *, gateway: int = 0, transports: Any = ("websocket",), **auth: Any) -> Client:
        """A client of this user, with its session."""
        client = self.anonymous(gateway)
        await client.connect({"token": token(user), **auth}, transports=transports)
        await client.next("session")
        return client


@contextlib.asynccontextmanager
async def rig(**kernel: Any) -> AsyncIterator[Rig]:
    """A running cluster without gateways; everything is stopped afterwards. `presence`: its settings."""
    presence_settings = PresenceSettings(**{"settle_s": 0, "tick_ms": 10, **kernel.pop("presence", {})})
    kinds: list[AnyKind] = [
        RoomKind(RoomSettings(typing_ttl_s=kernel.pop("typing_ttl_s", 6.0))),
        InboxKind(),
        PairKind(),
        *CarewireSpec(Settings()).kinds("calendars"),
        *payment_kinds(poll_s=60.0),  # bookings ask what they cost
        *kernel.pop("kinds", ()),
    ]
    stores = memory_stores(CLOCK, [index for kind in kinds for index in kind.indexes])
    cluster = LocalCluster(stores, kinds, settings=KernelSettings(**kernel), clock=CLOCK, reactions=all_reactions())
    await cluster.start()
    made = Rig(stores, cluster, presence_settings)
    for name in presence_shards(presence_settings):
        made.presence.append(PresenceShard(name, stores.views, settings=presence_settings, clock=CLOCK))
        await made.presence[-1].start()
    try:
        yield made
    finally:
        async with asyncio.timeout(30):
            await asyncio.gather(*(client.close() for client in made.clients))
            await asyncio.gather(*(gateway.stop() for gateway in made.gateways))
            await asyncio.gather(*(tracker.close() for tracker in made.trackers))
            await asyncio.gather(*(shard.stop() for shard in made.presence))
            await cluster.stop()
