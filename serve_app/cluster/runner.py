"""The `ActivityRunner` deployment: carries out what entities owe to partners (`serve_app.activities`)."""

import asyncio
import os
from typing import Final

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.remote import RemoteDirectory, ensure_shards, kinds_to_pools, log_process, workplace_of
from common.clock import Clock
from common.lib.collector import calm_collector
from common.net.tls import NodeTls
from serve_app.activities.connector import Connector
from serve_app.activities.metrics import RunnerMetrics
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from serve_app.capabilities.identity.accounts.account_records import Accounts
from serve_app.capabilities.identity.accounts.address_book import AccountAddresses
from serve_app.capabilities.identity.accounts.sealing import Sealing
from serve_app.capabilities.operations.connectors.jobs import JobsConnector
from serve_app.capabilities.operations.work.table import work_of
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.keys import derive
from serve_app.edge.conventions.roots import root_of
from serve_app.processes.member import ServeReplica
from store.mongo.client import Database
from store.platform_time import ProcessClock
from store.ports.maps import PartitionMaps
from store.ports.stores import Stores

KIND: Final = "runner"
NAME: Final = "activities"
DRAIN_S: Final = 5.0  # for calls that have begun; those that take longer are made again, under the same keys
_SHARE_S: Final = 5.0  # between two looks at how many runners there are


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

    async def __init__(self, recipe: CarewireSpec) -> None:  # type: ignore[misc] # Serve awaits it
        settings = recipe.settings
        self._member = ServeReplica(KIND, settings, name=NAME)
        log_process(await self._member.take_name(), settings)
        self._stores = stores = await recipe.open()
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
        self._runner = Runner(
            f"{self._member.name}-{os.urandom(6).hex()}",
            places,
            list(recipe.pools),
            self._region,
            Payloads(stores.vault),
            await connectors_of(recipe, self._member.client[settings.mongo.database], stores, clock),
            settings=settings.activities,
            clock=clock,
            metrics=RunnerMetrics(self._member.registry),
        )
        await self._runner.start()
        await self._member.join(self._runner.stats)
        self._sharing = asyncio.create_task(self._share())
        calm_collector()

    async def check_health(self) -> None:
        """Serve asks now and then; answering at all is the answer."""

    async def __del__(self) -> None:
        """Drain: what has begun ends, the rest goes back to the shards."""
        self._sharing.cancel()
        await self._runner.close(within_s=DRAIN_S)
        await self._region.close()
        await self._time.stop()
        await self._member.leave()
        self._stores.close()

    async def _share(self) -> None:
        while True:
            self._runner.share(self._member.fellows)
            await asyncio.sleep(_SHARE_S)


async def connectors_of(recipe: CarewireSpec, database: Database, stores: Stores, clock: Clock) -> list[Connector]:
    """Those whose partner is configured. Each brings its library with it, so the others are not imported."""
    settings = recipe.settings
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    connectors: list[Connector] = [JobsConnector(work_of(stores, kinds, clock))]
    if (server := settings.email.server) is not None:
        from serve_app.capabilities.email.connectors.smtp import SmtpConnector
        from serve_app.capabilities.email.message import Letterhead

        root = await root_of(settings.auth, database, stores.vault)
        accounts = Accounts(database, Sealing(stores.vault, derive(root, "index")))
        head = Letterhead(settings.email.from_, settings.http.public_url)
        connectors.append(SmtpConnector(server, head, AccountAddresses(accounts), clock))
    return connectors
