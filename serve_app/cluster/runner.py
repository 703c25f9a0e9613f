"""The `ActivityRunner` deployment: carries out what entities owe to partners (`serve_app.activities`)."""

import asyncio
import os
from contextlib import AsyncExitStack
from typing import Final

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.hosting import kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory, client_of, workplace_of
from actors.kernel.cluster.remote.processes import log_process
from actors.kernel.cluster.remote.shards import ensure_shards
from actors.presence.channel import PresenceChange
from actors.presence.tracker import Tracker
from common.auth.keys import derive
from common.lib.collector import calm_collector
from common.net.tls import NodeTls
from config.settings import Settings
from serve_app.activities.daily import begin_daily
from serve_app.activities.metrics import RunnerMetrics
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from serve_app.capabilities.connecting import ACTIVITIES, AddressBook, RunnerContext, daily_of, open_connectors
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.address_book import AccountAddresses
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from serve_app.processes.member import ServeReplica
from store.blobs.opening import open_blobs
from store.mongo.client import Database
from store.platform_time import ProcessClock
from store.ports.maps import PartitionMaps
from store.ports.stores import Stores

KIND: Final = "runner"
WORKER: Final = "worker"
"""What a runner is that serves some connectors alone."""
DRAIN_S: Final = 5.0  # for calls that have begun; those that take longer are made again, under the same keys
_SHARE_S: Final = 5.0  # between two looks at how many runners there are


def workers_of(settings: Settings) -> int:
    """Runners that serve some connectors alone: `files-0`."""
    return int(settings.features.files)


class RemoteWorkplaces(RemoteDirectory):
    """Finds shards, and where they give out work (`activities.runner.Workplaces`)."""

    def __init__(self, maps: PartitionMaps, tls: NodeTls | None) -> None:
        super().__init__(maps, tls)
        self._node_tls = tls

    def workplace(self, shard: str) -> WorkClient:
        """See `activities.runner.Workplaces`."""
        return workplace_of(shard, self._node_tls)


class RunnerReplica:
    """One replica: Serve starts it, asks for its health, and lets it drain before it ends."""

    async def __init__(self, recipe: CarewireSpec, process: str = ACTIVITIES) -> None:  # type: ignore[misc] # Serve awaits it
        """`process`: what it is called, and which connectors it serves."""
        settings = recipe.settings
        kind = KIND if process == ACTIVITIES else WORKER
        self._member = ServeReplica(kind, settings, name=process)
        log_process(await self._member.take_name(), settings)
        self._stores = stores = await recipe.open(indexes=kind == KIND)
        await ensure_shards(recipe, stores)
        self._time = ProcessClock(stores.platform_time, settable=settings.clock.settable)
        clock = await self._time.start()
        places = RemoteWorkplaces(stores.maps, self._member.tls)
        self._region = Region(
            self._member.name,
            places,
            kinds_to_pools(recipe),
            settings=settings.kernel,
            clock=clock,
            metrics=RegionMetrics(self._member.registry),
        )
        await self._region.start()
        database = self._member.client[settings.mongo.database]
        root = await root_of(settings.auth, database, stores.vault)
        self._tracker = Tracker(
            self._member.name,
            [client_of(shard, self._member.tls) for shard in recipe.volatile_shards],
            settings=settings.presence,
            clock=clock,
            on_changes=_unheard,
        )
        await self._tracker.start()
        self._opened = AsyncExitStack()
        context = RunnerContext(
            settings=settings,
            registry=self._member.registry,
            clock=clock,
            region=self._region,
            stores=stores,
            database=database,
            blobs=await self._opened.enter_async_context(open_blobs(settings.files, database, stores.vault, clock)),
            addresses=addresses_of(root, database, stores),
            kinds=[one for pool in recipe.pools for one in recipe.kinds(pool)] if kind == KIND else [],
            root=root,
            online=self._tracker.is_online,
            pools=kinds_to_pools(recipe),
        )
        self._runner = Runner(
            name=f"{self._member.name}-{os.urandom(6).hex()}",
            workplaces=places,
            pools=list(recipe.pools),
            region=self._region,
            payloads=Payloads(stores.vault),
            connectors=open_connectors(context, process),
            settings=settings.activities,
            clock=clock,
            metrics=RunnerMetrics(self._member.registry),
        )
        await self._runner.start()
        await self._member.join(self._runner.stats)
        self._sharing = asyncio.create_task(self._share() if kind == KIND else _alone())
        daily = begin_daily(self._region, daily_of(settings)) if kind == KIND else _alone()
        self._daily = asyncio.create_task(daily)
        calm_collector()

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def __del__(self) -> None:
        """Drain: what has begun ends, the rest goes back to the shards."""
        self._sharing.cancel()
        self._daily.cancel()
        await self._runner.close(within_s=DRAIN_S)
        await self._tracker.close()
        await self._region.close()
        await self._opened.aclose()
        await self._time.stop()
        await self._member.leave()
        self._stores.close()

    async def _share(self) -> None:
        while True:
            self._runner.share(self._member.fellows)
            await asyncio.sleep(_SHARE_S)


async def _alone() -> None:
    """Whoever serves some connectors alone shares with nobody."""


def _unheard(_: list[PresenceChange]) -> None:
    """Nobody here waits for changes: who is online is looked at when it matters."""


def addresses_of(root: str, database: Database, stores: Stores) -> AddressBook:
    """The address book of people."""
    return AccountAddresses(Accounts(database, Sealing(stores.vault, derive(root, "index"))))
