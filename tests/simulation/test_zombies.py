"""Two shards that both believe they own a room, and the twins that show what fence and lease are for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract.entity import AnyKind, Attach, Principal
from actors.kernel.shard.shard import Shard
from common.errors import Unavailable
from store.ports.leases import HeldLease, Holder, Lease
from store.ports.stores import Stores
from tests.simulation.faults import UnfencedJournal
from tests.simulation.loop import run
from tests.simulation.seeds import seeds
from tests.simulation.world import KEEP_S, World
from tests.simulation.world import SETTINGS as IMPATIENT
from tests.unit.kernel.ledger import LedgerKind, Pages, Write

SETTINGS = IMPATIENT.model_copy(update={"passivate_after_s": 300.0})  # a zombie must remember what it believes
ROOM = "ledger:a"
ANN = Principal("ann")


class GenerousLeases:
    """Grants every lease to everybody: what a broken lease would do."""

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        return Lease(name, holder.id, 1, ttl_s)

    async def renew(self, lease: Lease) -> bool:
        return True

    async def release(self, lease: Lease) -> None:
        return None

    async def held(self) -> Sequence[HeldLease]:
        return []


class CutLeases:
    """Leases behind a cable that somebody pulls: nothing arrives any more."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.cut = False

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any) -> Any:
            if self.cut:
                raise Unavailable("The database does not answer.")
            return await getattr(self._inner, name)(*args)

        return call


async def a_life(
    world: World, stores: Stores, life: str, kinds: Sequence[AnyKind] = (LedgerKind(),)
) -> tuple[Shard, Region]:
    """A shard that hosts everything, and a region that talks to this very life of it."""

    class Directory:
        async def read_map(self, pool: str) -> Any:
            return await world.read_map(pool)

        def client(self, shard: str) -> ShardClient:
            return host

    async def no_letters(letter: Any) -> None:
        raise AssertionError("nobody writes letters here")

    host = Shard(
        "rooms-0",
        kinds,
        stores,
        settings=SETTINGS,
        clock=world.clock,
        holder=Holder(life, "sim", 0, 0),
        courier=no_letters,
        keep_s=KEEP_S,
    )
    await host.start()
    heard = world.heard.setdefault(life, [])
    pools = {kind.name: "rooms" for kind in kinds}
    region = Region(life, Directory(), pools, settings=SETTINGS, clock=world.clock, on_deliveries=heard.extend)
    await region.start()
    return host, region


async def both_write(world: World, stores: Stores) -> Mapping[str, int]:
    """Two lives of one shard take 30 entries each for the same room, at the same time: text -> acked seq."""
    await world.start(shards=1)
    await world.shards["rooms-0"].stop()
    lives = [await a_life(world, replace(stores, leases=GenerousLeases()), name) for name in ("old", "new")]
    acked: dict[str, int] = {}

    async def write(region: Region, text: str) -> None:
        await asyncio.sleep(world.random.random())
        reply = await region.submit(ROOM, Write(text), by=ANN, command_id=text, timeout_s=60)
        acked[text] = msgspec.json.decode(reply.data)["seq"]

    await asyncio.gather(*(write(region, f"{region.name}/{number}") for _, region in lives for number in range(30)))
    return acked


@pytest.mark.parametrize("seed", seeds(20))
def test_the_fence_keeps_one_history_though_two_shards_write_it(seed: int) -> None:
    world = World(seed, rate=0.0)
    acked = run(world.loop, both_write(world, world.stores))
    turns = world.loop_free(world.sound.journal.turns(ROOM, after=0, limit=1000))
    assert [turn.turn for turn in turns] == list(range(1, len(turns) + 1))
    assert sorted(acked.values()) == list(range(1, 61)), "each acknowledged entry has a seq of its own"
    assert sum(len(turn.events) for turn in turns) == 60


def test_without_the_fence_two_shards_acknowledge_the_same_seq_twice() -> None:
    """The twin: the race is real, and only the fence stands between it and a lost message."""
    lost = 0
    for seed in range(20):
        world = World(seed, rate=0.0)
        unfenced: Any = UnfencedJournal(world.sound.journal)
        acked = run(world.loop, both_write(world, replace(world.stores, journal=unfenced)))
        lost += len(acked) - len(set(acked.values()))
    assert lost > 0


async def a_zombie(world: World, *, guarded: bool) -> tuple[int, int]:
    """The old life loses the database's lease table, not its memory; a new life writes on.

    Returns how many entries the new and the old life show to a reader afterwards (0: it does not answer).
    """
    await world.start(shards=1)
    await world.shards["rooms-0"].stop()
    cable: Any = CutLeases(world.sound.leases)
    old, to_old = await a_life(world, replace(world.sound, leases=cable), "old")
    await to_old.submit(ROOM, Write("first"), by=ANN)
    await to_old.submit(ROOM, Attach(), by=ANN, listen=True)
    cable.cut = True
    if not guarded:
        old._ownership._valid_until_s = float("inf")
    _, to_new = await a_life(world, world.sound, "new")
    await to_new.submit(ROOM, Write("second"), by=ANN, timeout_s=60)
    shown = len(msgspec.json.decode((await to_new.submit(ROOM, Pages(), by=ANN)).data))
    try:
        stale = len(msgspec.json.decode((await to_old.submit(ROOM, Pages(), by=ANN, timeout_s=5)).data))
    except Unavailable:
        return shown, 0
    return shown, stale


def test_a_zombie_serves_nothing_once_its_lease_is_void() -> None:
    world = World(1, rate=0.0)
    shown, stale = run(world.loop, a_zombie(world, guarded=True))
    assert (shown, stale) == (2, 0)


def test_without_the_lease_a_zombie_serves_the_past() -> None:
    """The twin: a shard that believes in itself for ever shows a history that has moved on."""
    world = World(1, rate=0.0)
    shown, stale = run(world.loop, a_zombie(world, guarded=False))
    assert (shown, stale) == (2, 1)


def test_a_new_life_waits_until_the_old_lease_is_void() -> None:
    async def main() -> float:
        await world.start(shards=1)
        await world.shards["rooms-0"].stop()
        old, to_old = await a_life(world, world.sound, "old")
        await to_old.submit(ROOM, Write("first"), by=ANN)
        await old.tasks.cancel()  # kill -9: nothing is released
        started_s = world.clock.monotonic_s()
        _, to_new = await a_life(world, world.sound, "new")
        await to_new.submit(ROOM, Write("second"), by=ANN, timeout_s=60)
        return world.clock.monotonic_s() - started_s

    world = World(1, rate=0.0)
    assert SETTINGS.lease_s - SETTINGS.lease_renewal_s <= run(world.loop, main()) <= SETTINGS.lease_s + 1
