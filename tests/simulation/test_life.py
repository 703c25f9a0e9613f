"""The table of an entity's life: every row is driven, nothing falls outside it, and a wrong table is found."""

import asyncio
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from typing_extensions import override

from actors.kernel.contract.entity import Principal
from actors.kernel.shard.residents import life
from actors.kernel.shard.residents.life import Life, LifeEvent, Phase
from common.errors import Unavailable
from store.ports.leases import Holder, Lease
from store.ports.stores import Stores
from tests.simulation.faults import Dice
from tests.simulation.loop import run
from tests.simulation.test_kernel import CRAMPED, Hasty, a_run
from tests.simulation.watch import Pair, WatchedTable, watched
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import LedgerKind, Write

ANN = Principal("ann")
HURRIED = SETTINGS.model_copy(update={"lease_renewal_s": 0.05, "lease_s": 0.5})


class StolenLeases:
    """Leases that somebody else takes over now and then, between two renewals."""

    def __init__(self, inner: Any, dice: Dice) -> None:
        self._inner = inner
        self._dice = dice

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def renew(self, lease: Lease) -> bool:
        if self._dice.strikes(0.2):
            await self._inner.release(lease)
            await self._inner.acquire(lease.name, Holder("thief", "sim", 0, 0), 0.01)
        renewed: bool = await self._inner.renew(lease)
        return renewed


class Robbed(World):
    """A world whose shards lose their leases while they run."""

    @property
    @override
    def stores(self) -> Stores:
        leases: Any = StolenLeases(self.sound.leases, self.dice)
        return replace(super().stores, leases=leases)


class Away(World):
    """A world whose journal cannot be read for a while."""

    away = False

    @property
    @override
    def stores(self) -> Stores:
        journal: Any = AwayJournal(self)
        return replace(self.sound, journal=journal)


class AwayJournal:
    """The journal of `Away`."""

    def __init__(self, world: Away) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.sound.journal, name)

    async def load(self, ids: Any) -> Any:
        if self._world.away:
            await asyncio.sleep(0.5)
            raise Unavailable("The database does not answer.")
        return await self._world.sound.journal.load(ids)


def robbed(seed: int) -> None:
    world = Robbed(seed, settings=HURRIED, kinds=(Hasty(),) if seed % 2 else (LedgerKind(),))
    run(world.loop, a_run(world, deaths=0))


def kill_and_move(seed: int) -> None:
    world = World(seed, settings=CRAMPED if seed % 4 == 0 else SETTINGS, kinds=(Hasty(),))
    run(world.loop, a_run(world, deaths=seed % 2 * 2, sizes=(3, 1, 2) if seed % 2 == 0 else ()))


def give_up() -> None:
    """Nobody waits any more for an entity that cannot be loaded."""
    world = Away(1, rate=0.0)

    async def scenario() -> None:
        await world.start(shards=1)
        region = await world.region("g1")
        world.away = True
        with pytest.raises(Unavailable):
            await region.submit("ledger:new", Write("one"), by=ANN, timeout_s=1)
        await asyncio.sleep(2)
        assert world.shards["rooms-0"].stats()["entities"] == 0
        world.away = False
        assert (await region.submit("ledger:new", Write("two"), by=ANN)).version == 1

    run(world.loop, scenario())


def drive() -> None:
    """All that can happen to an entity."""
    for seed in range(30):
        try:
            kill_and_move(seed)
            robbed(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
    give_up()


@pytest.mark.parametrize("block", range(4))
def test_no_lease_that_is_lost_in_the_midst_of_work_breaks_a_promise(block: int) -> None:
    for seed in range(block * 25, block * 25 + 25):
        try:
            robbed(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_the_simulation_drives_every_row_of_the_table_and_nothing_outside(life_table: WatchedTable) -> None:
    drive()
    assert set(life_table.driven) == set(life.NEXT)
    assert not life_table.impossible


def test_a_pair_outside_the_table_raises_and_changes_nothing(life_table: WatchedTable) -> None:
    for phase, event in product(Phase, LifeEvent):
        entity = Life()
        entity.phase = phase
        if (phase, event) in life.NEXT:
            entity.on(event)
            assert entity.phase is life.NEXT[phase, event]
        else:
            with pytest.raises(KeyError):
                entity.on(event)
            assert entity.phase is phase
    assert len(life_table.impossible) == len(Phase) * len(LifeEvent) - len(life.NEXT)
    life_table.impossible.clear()


def test_a_load_that_fails_after_its_lease_is_lost_changes_no_count() -> None:
    world = Away(1, rate=0.0, settings=HURRIED)

    async def scenario() -> None:
        await world.start(shards=1)
        region = await world.region("g1")
        world.away = True
        with pytest.raises(Unavailable):
            await region.submit("ledger:new", Write("one"), by=ANN, timeout_s=0.2)
        for held in await world.sound.leases.held():
            await world.sound.leases.release(Lease(held.name, held.holder.id, 1, 0.5))
        await asyncio.sleep(2)
        assert world.shards["rooms-0"].stats()["serving"]
        assert world.shards["rooms-0"].stats()["queued"] == 0

    run(world.loop, scenario())


def without(pair: Pair) -> dict[Pair, Phase]:
    return {row: phase for row, phase in life.NEXT.items() if row != pair}


@pytest.mark.parametrize("pair", life.NEXT, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def test_a_row_that_is_missing_is_found_by_the_simulation(pair: Pair) -> None:
    """The twin of the test above: each row, taken away, is missed."""
    with pytest.raises(AssertionError):
        drive_by(without(pair))


@pytest.mark.parametrize(
    ("pair", "phase"),
    [
        ((Phase.COMMITTING, LifeEvent.OWED), Phase.READY),  # the next turn would overtake what this one owes
        ((Phase.COMMITTING, LifeEvent.MISSED), Phase.READY),
        ((Phase.COMMITTING, LifeEvent.UNKNOWN), Phase.READY),
        ((Phase.READY, LifeEvent.TURN_BEGUN), Phase.READY),  # two turns of one entity
    ],
)
def test_a_row_that_leads_elsewhere_is_found_by_the_simulation(pair: Pair, phase: Phase) -> None:
    with pytest.raises(AssertionError):
        drive_by({**life.NEXT, pair: phase})


def drive_by(rows: dict[Pair, Phase]) -> None:
    """Drive the simulation by another table, until something is found or all of it has been run."""
    with watched(rows) as table:
        for seed in range(30):
            for scenario in (kill_and_move, robbed):
                try:
                    scenario(seed)
                except Exception as error:
                    raise AssertionError("a promise is broken") from error
                assert not table.impossible
        give_up()
