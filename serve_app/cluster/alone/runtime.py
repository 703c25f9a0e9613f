"""The foundations of a process that reads the journal alone: its place among the others, the stores, the time, and the
way to entities. Nobody waits for its work as one waits for an answer, so it yields the processor to those who
answer."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from actors.kernel.caller.metrics import RegionMetrics
from actors.kernel.caller.region import Region
from actors.kernel.cluster.hosting import kinds_to_pools
from actors.kernel.cluster.remote.calls import RemoteDirectory
from actors.kernel.cluster.remote.processes import log_process
from actors.kernel.cluster.remote.shards import ensure_shards
from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from serve_app.processes.member import ServeReplica
from store.mongo.client import Database
from store.mongo.kernel.feed import JournalFeed
from store.platform_time import ProcessClock
from store.ports.stores import Stores

KIND: Final = "worker"
_NICE: Final = 5  # a third of the time that others get who want it as well
LAST: Final = 10
"""A tenth of it: for who can be a second late where the processor is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """`kinds`: whose turns can be read here. `root`: what keys are derived from."""

    member: ServeReplica
    stores: Stores
    time: ProcessClock
    clock: Clock
    region: Region
    database: Database
    kinds: list[AnyKind]
    root: str
    recipe: CarewireSpec

    @classmethod
    async def open(
        cls, recipe: CarewireSpec, name: str, kinds: Sequence[AnyKind] | None = None, *, nice: int = _NICE
    ) -> Self:
        """Of a process that is called so. `kinds`: those that it reads, by default of all pools; whoever names them
        imports no others, which is 12 MB less. `nice`: how far it stands back. Raises StartupError, Unavailable."""
        settings = recipe.settings
        os.nice(nice)  # of this thread, and of those that it begins
        member = ServeReplica(KIND, settings, name=name)
        log_process(await member.take_name(), settings)
        stores = await recipe.open(indexes=kinds is None)
        await ensure_shards(recipe, stores)
        time = ProcessClock(stores.platform_time, settable=settings.clock.settable)
        clock = await time.start()
        region = Region(
            member.name,
            RemoteDirectory(stores.maps, member.tls),
            kinds_to_pools(recipe),
            settings=settings.kernel,
            clock=clock,
            metrics=RegionMetrics(member.registry),
        )
        await region.start()
        database = member.client[settings.mongo.database]
        return cls(
            member=member,
            stores=stores,
            time=time,
            clock=clock,
            region=region,
            database=database,
            kinds=[kind for pool in recipe.pools for kind in recipe.kinds(pool)] if kinds is None else list(kinds),
            root=await root_of(settings.auth, database, stores.vault),
            recipe=recipe,
        )

    def feed(self, of: Iterable[str]) -> JournalFeed:
        """The events of these kinds in the journal, from now on."""
        mongo = self.recipe.settings.mongo
        assert mongo.url is not None
        return JournalFeed(mongo.url.get_secret_value(), mongo.database, of)

    async def close(self) -> None:
        """Let go of everything, and be there no more."""
        await self.region.close()
        await self.time.stop()
        await self.member.leave()
        self.stores.close()
