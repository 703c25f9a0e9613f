"""The `Gateway` deployment: a Socket.IO front on a port of its own, connected to the shards."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.cluster.hosting import kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory, client_of
from actors.kernel.cluster.remote.processes import log_process
from actors.kernel.cluster.remote.shards import ensure_shards
from actors.kernel.lib.means import RecentMean
from actors.presence.tracker import Tracker
from actors.rooms.service import entity_of
from common.auth.verifier import Verifier
from common.lib.collector import calm_collector
from realtime.front.gateway import GatewayParts, open_gateway
from realtime.front.hub import Hub
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import GatewayContext
from serve_app.capabilities.identity.accounts.names import names_of
from serve_app.capabilities.identity.accounts.roles import Sightings
from serve_app.capabilities.identity.assembly import revocations_of
from serve_app.capabilities.identity.care.carrying import carry_over
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.identity.sessions.gate import DirectRoomRule, SocketGuard
from serve_app.capabilities.identity.sessions.revocation import RevocationFollower
from serve_app.capabilities.moderation.capability import reach_of
from serve_app.capabilities.operations.clock import PlatformClock
from serve_app.catalogue import handlers_of, listen, raw_routes_of, webhook_partners
from serve_app.cluster.activities import ProcessFigures, RemoteActivityShards
from serve_app.cluster.pools import Pools
from serve_app.cluster.scaling import SOCKETS
from serve_app.cluster.sharing import Sharing, other_gateways
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from serve_app.processes.member import ServeReplica
from serve_app.processes.monitor import ProcessMonitor
from store.blobs.opening import open_blobs
from store.mongo.secrets import shared_secret
from store.platform_time import ProcessClock


class GatewayReplica:
    """One replica: Serve starts it, asks for its health, and lets it drain before it ends."""

    async def __init__(self, recipe: CarewireSpec) -> None:  # type: ignore[misc] # Serve awaits it
        settings = recipe.settings
        self._member = ServeReplica("gateway", settings)
        log_process(await self._member.take_name(), settings)
        self._stores = stores = await recipe.open()
        await ensure_shards(recipe, stores)
        self._time = ProcessClock(stores.platform_time, settable=settings.clock.settable)
        clock = await self._time.start()
        database = self._member.client[settings.mongo.database]
        revocations = revocations_of(database, settings, clock)
        secret = settings.auth.secret.get_secret_value() if settings.auth.secret is not None else None
        care, reach = CareReader(stores.views), reach_of(settings, stores.views)
        guard = SocketGuard(revocations, AuditRecord(database, clock), Sightings(database, clock).note)
        hub = Hub(
            self._member.name,
            clock,
            self._member.registry,
            unlisten=lambda topic: self._region.unlisten(topic),  # the region is made with this hub: no topic before it
            max_rooms=settings.gateway.max_rooms_per_socket,
            max_watched=settings.presence.max_watched,
        )
        self._follower = RevocationFollower(database, revocations, hub.revoked, lambda: hub.users)
        await self._follower.start()
        self._region = Region(
            self._member.name,
            RemoteDirectory(stores.maps, self._member.tls),
            kinds_to_pools(recipe),
            settings=settings.kernel,
            clock=clock,
            on_deliveries=hub.deliver,
            metrics=RegionMetrics(self._member.registry),
        )
        await self._region.start()
        await carry_over(database, self._region)
        self._tracker = Tracker(
            self._member.name,
            [client_of(shard, self._member.tls) for shard in recipe.volatile_shards],
            settings=settings.presence,
            clock=clock,
            on_changes=hub.observe,
        )
        self._tracker.watch_levels(self._member.registry)
        await self._tracker.start()
        pools = Pools(recipe, stores)
        census = ProcessMonitor(self._member.processes, pools, tls=self._member.tls)
        self._opened = AsyncExitStack()
        opening = open_blobs(settings.files, database, stores.vault, clock)
        blobs = await self._opened.enter_async_context(opening)
        root = await root_of(settings.auth, database, stores.vault)
        context = GatewayContext(
            settings=settings,
            registry=self._member.registry,
            clock=clock,
            region=self._region,
            stores=stores,
            related=care.cares,
            database=database,
            direct=DirectRoomRule(care, settings.identity, reach),
            reach=reach,
            activity_shards=RemoteActivityShards(pools),
            activity_figures=ProcessFigures(census, pools),
            blobs=blobs,
            partners=webhook_partners(settings),
            root=root,
            mover=PlatformClock(self._time, pools) if settings.clock.settable else None,
            names=names_of(database, stores.vault, root),
            pools=pools,
            hub=hub,
        )
        self._gateway = await open_gateway(
            GatewayParts(
                hub=hub,
                region=self._region,
                tracker=self._tracker,
                verifier=Verifier(settings.auth, clock, secret=secret),
                settings=settings.gateway,
                handlers=handlers_of(context),
                routes=raw_routes_of(context),
                topic_of=entity_of,
                host=settings.gateway.host,
                port=settings.gateway.port,
                guard=guard,
                limits=settings.limits,
                shared_secret=await shared_secret(database, "gateways"),
                inner_host=self._member.host,
                inner_ports=settings.cluster.port_range,
                tls=self._member.tls,
                reach=reach,
            )
        )
        listen(context)
        self._delay = RecentMean(self._member.registry, "carewire_gateway_delivery_seconds")
        await self._member.join(lambda: {**self._gateway.stats(), "lag_ms": self._delay.ms(clock.monotonic_s())})
        sharing = Sharing(
            self._gateway, partial(other_gateways, self._member.processes, self._member.name, self._member.tls)
        )
        self._sharing = asyncio.create_task(sharing.run())
        calm_collector()

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Serve asks every few seconds where the number of gateways may change (see `scaling`)."""
        return {SOCKETS: float(self._gateway.sockets)}

    async def __del__(self) -> None:
        """Drain: clients are told to go elsewhere before their sockets are closed."""
        self._sharing.cancel()
        await self._gateway.drain()
        await self._gateway.stop()
        await self._tracker.close()
        await self._follower.stop()
        await self._region.close()
        await self._time.stop()
        await self._member.leave()
        await self._opened.aclose()
        self._stores.close()
