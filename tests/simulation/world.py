"""A simulated cluster: shards that die and come back, regions behind a bad network, and a record of it all."""

import random
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient, ShardGone
from actors.kernel.cluster.courier import courier_of
from actors.kernel.cluster.handoff import rebalance
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import AnyKind, Attach, Principal
from actors.kernel.contract.partitions import shard_names
from actors.kernel.contract.reactions import AnyReaction
from actors.kernel.shard.context import USUAL_BOUNDS
from actors.kernel.shard.shard import Shard
from common.errors import CarewireError, Unavailable
from config.settings import KernelSettings
from store.memory import memory_stores
from store.ports.leases import Holder
from store.ports.maps import PartitionMap
from store.ports.stores import Stores
from tests.simulation.faults import Dice, FaultyClient, FaultyJournal
from tests.simulation.loop import VirtualClock, VirtualLoop
from tests.unit.kernel.ledger import LedgerKind

T = TypeVar("T")
KEEP_S = 20.0
SETTINGS = KernelSettings(
    snapshot_every=5,
    passivate_after_s=3.0,
    fetch_wait_s=1.0,
    linger_ms=0.0,
    max_batch_bytes=2000,
    max_queued_per_entity=1000,
)


class World:
    """One run. Everything random comes from `seed`."""

    def __init__(
        self,
        seed: int,
        *,
        rate: float = 1.0,
        settings: KernelSettings = SETTINGS,
        keep_s: float = KEEP_S,
        kinds: Sequence[AnyKind] = (LedgerKind(),),
        reactions: Sequence[AnyReaction] = (),
    ) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.random = random.Random(seed)
        random.seed(seed)  # of the pauses between attempts
        self.dice = Dice(self.random, rate)
        self.settings = settings
        self.keep_s = keep_s
        self.sound: Stores = memory_stores(self.clock, [index for kind in kinds for index in kind.indexes])
        self.kinds = kinds
        self.reactions = reactions
        self.bounds = USUAL_BOUNDS
        self.shards: dict[str, Shard] = {}
        self.lives = 0
        self.regions: dict[str, Region] = {}
        self.heard: dict[str, list[protocol.TopicDelivery]] = {}
        self._courier: Region | None = None

    @property
    def stores(self) -> Stores:
        """The stores as seen over the bad network."""
        faulty: dict[str, Any] = {
            name: FaultyJournal(getattr(self.sound, name), self.dice)
            for name in ("journal", "views", "timers", "activities", "leases", "maps")
        }
        return replace(self.sound, **faulty)

    async def start(self, shards: int = 2) -> None:
        """Bring the cluster up."""
        names = shard_names("rooms", shards)
        await rebalance(self.sound.maps, self, "rooms", names)
        self._courier = await self.region("courier")
        for name in names:
            await self.start_shard(name)

    async def start_shard(self, name: str) -> Shard:
        """A new life of a shard."""
        assert self._courier is not None
        self.lives += 1
        shard = Shard(
            name,
            self.kinds,
            self.stores,
            settings=self.settings,
            clock=self.clock,
            holder=Holder(f"{name}/{self.lives}", "sim", 0, 0),
            courier=courier_of(self._courier),
            keep_s=self.keep_s,
            reactions=self.reactions,
            bounds=self.bounds,
        )
        self.shards[name] = shard
        await shard.start()
        return shard

    async def kill(self, name: str) -> None:
        """kill -9: whatever it was doing ends at the await where it stands."""
        await self.shards.pop(name).tasks.cancel()

    async def scale(self, shards: int) -> None:
        """Change the number of shards while everything runs, over the bad network."""
        wanted = shard_names("rooms", shards)
        for name in wanted:
            if name not in self.shards:
                await self.start_shard(name)
        while True:
            try:
                await rebalance(self.stores.maps, self, "rooms", wanted)
            except Unavailable:
                continue
            present = await self.sound.maps.read("rooms")
            if present is not None and set(present.owners) == set(wanted):
                break
        for name in sorted(self.shards.keys() - set(wanted)):
            await self.shards.pop(name).stop()

    async def release(self, shard: str, partitions: Sequence[int]) -> None:
        """See `handoff.ShardControl`."""
        await self.dice.pause()
        if shard not in self.shards or self.dice.strikes(0.05):
            raise ShardGone(shard)
        await self.shards[shard].release(partitions)
        if self.dice.strikes(0.05):
            raise ShardGone(shard)

    async def adopt(self, shard: str) -> None:
        """See `handoff.ShardControl`."""
        await self.dice.pause()
        if shard not in self.shards or self.dice.strikes(0.05):
            raise ShardGone(shard)
        await self.shards[shard].adopt()

    async def region(self, name: str) -> Region:
        """A region whose deliveries are recorded in `heard[name]`."""
        heard = self.heard.setdefault(name, [])
        region = Region(
            name,
            self,
            {kind.name: "rooms" for kind in self.kinds},
            settings=self.settings,
            clock=self.clock,
            on_deliveries=heard.extend,
            nonce=lambda: self.random.randbytes(10),
        )
        await region.start()
        self.regions[name] = region
        return region

    async def attach(self, region: str, topic: str) -> int:
        """Listen to a topic through a region; the version from which on it must hear everything."""
        while True:
            try:
                reply = await self.regions[region].submit(topic, Attach(), by=Principal("ann"), listen=True)
            except CarewireError as error:
                if not error.retryable:
                    raise
            else:
                return reply.version

    def loop_free(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that never waits (the sound stores' do not), after the loop has closed."""
        try:
            work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        raise AssertionError("it waits")

    async def read_map(self, pool: str) -> PartitionMap:
        present = await self.sound.maps.read(pool)
        assert present is not None
        return present

    def client(self, shard: str) -> ShardClient:
        async def call(method: str, request: bytes) -> bytes:
            if shard not in self.shards:
                raise ShardGone("dead")
            life = self.shards[shard]
            reply: bytes = await getattr(life, method)(request)
            if self.shards.get(shard) is not life:
                raise ShardGone("died meanwhile")
            return reply

        return FaultyClient(call, self.dice)
