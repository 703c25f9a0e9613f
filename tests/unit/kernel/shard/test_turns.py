"""How many turns a shard has under way, and what of. In virtual time."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from typing_extensions import override

from actors.kernel.contract.entity import Principal
from store.ports.journal import Turn
from store.ports.stores import Stores
from tests.simulation.loop import run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import LedgerKind, Write

INSERT_S = 0.5
ANN = Principal("ann")


class SlowJournal:
    """Each append takes its time; `most` were under way at once, `most_of_one` of one entity."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self._under_way: Counter[str] = Counter()
        self._appends = 0
        self.most = self.most_of_one = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, turns: Sequence[Turn]) -> Any:
        self._appends += 1
        self._under_way.update(turn.entity for turn in turns)
        self.most = max(self.most, self._appends)
        self.most_of_one = max(self.most_of_one, *self._under_way.values())
        await asyncio.sleep(INSERT_S)
        self._under_way.subtract(turn.entity for turn in turns)
        self._appends -= 1
        return await self._journal.append(turns)


class MultiStep(LedgerKind):
    """A ledger of which more is asked than it does by itself."""

    multi_step = True


class Slow(World):
    """A world whose journal takes its time."""

    @property
    @override
    def stores(self) -> Stores:
        if not hasattr(self, "journal"):
            self.journal = SlowJournal(self.sound.journal)
        return replace(super().stores, journal=self.journal)


def write_apart(*entities: str, kind: LedgerKind) -> tuple[SlowJournal, list[float]]:
    """Write to these 150 ms one after the other: when each was answered, in inserts since it was sent."""
    world = Slow(1, rate=0.0, settings=SETTINGS.model_copy(update={"linger_ms": 5.0}), kinds=(kind,))

    async def main() -> list[float]:
        await world.start(shards=1)
        region = await world.region("g1")

        async def write(entity: str, after_s: float) -> float:
            await asyncio.sleep(after_s)
            since_s = world.clock.monotonic_s()
            await region.submit(entity, Write("hi"), by=ANN)
            return (world.clock.monotonic_s() - since_s) / INSERT_S

        for entity in dict.fromkeys(entities):  # in memory, as busy ones are
            await write(entity, 0.0)
        return await asyncio.gather(*(write(entity, 0.15 * place) for place, entity in enumerate(entities)))

    took = run(world.loop, main())
    return world.journal, took


def test_what_is_multi_step_does_not_wait_for_the_insert_of_another() -> None:
    journal, (first, second) = write_apart("ledger:a", "ledger:b", kind=MultiStep())
    assert (first < 1.5, second < 1.5) == (True, True)
    assert journal.most == 2


def test_no_more_than_two_turns_are_under_way() -> None:
    journal, (*_, third) = write_apart("ledger:a", "ledger:b", "ledger:c", kind=MultiStep())
    assert 1.3 < third < 2.0  # until the first insert is over, then its own
    assert journal.most == 2


def test_an_entity_waits_for_its_own_insert() -> None:
    journal, (first, second) = write_apart("ledger:a", "ledger:a", kind=MultiStep())
    assert first < 1.5 < second
    assert journal.most_of_one == 1


def test_of_what_is_not_multi_step_one_turn_at_a_time_is_stored() -> None:
    journal, (first, second) = write_apart("ledger:a", "ledger:b", kind=LedgerKind())
    assert first < 1.5 < second
    assert journal.most == 1


class Faulty(SlowJournal):
    """Fails once in a way that nobody expects."""

    failed = False

    @override
    async def append(self, turns: Sequence[Turn]) -> Any:
        if not self.failed:
            self.failed = True
            raise RuntimeError("a bug")
        return await super().append(turns)


def test_a_fault_in_a_turn_keeps_nobody_waiting_for_ever() -> None:
    world = Slow(1, rate=0.0)
    world.journal = Faulty(world.sound.journal)

    async def main() -> int:
        await world.start(shards=1)
        region = await world.region("g1")
        return (await region.submit("ledger:a", Write("hi"), by=ANN)).version

    assert run(world.loop, main(), limit_s=60) == 1
