"""How often batches and turns begin, and how few questions many strangers cost. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from typing_extensions import override

from actors.kernel.contract.entity import Principal
from actors.kernel.lib.pacing import Pacer
from store.ports.stores import Stores
from store.ports.vault import Vault
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Write

LINGER_S = 0.005


def never() -> bool:
    return False


def waits(scenario: Callable[[Pacer], Awaitable[float]]) -> float:
    """What `scenario` gives back, in ms."""
    loop = VirtualLoop()
    clock = VirtualClock(loop)

    async def main() -> float:
        return await scenario(Pacer(clock, LINGER_S))

    return round(run(loop, main()) * 1000, 3)


async def rested(pace: Pacer, enough: Callable[[], bool] = never) -> float:
    since_s = pace.clock.monotonic_s()
    await pace.rest(enough)
    return pace.clock.monotonic_s() - since_s


def test_when_it_is_quiet_nothing_waits() -> None:
    async def scenario(pace: Pacer) -> float:
        pace.worked(pace.began())
        await asyncio.sleep(LINGER_S)
        return await rested(pace)

    assert waits(scenario) == 0.0


def test_short_work_begins_no_sooner_than_the_linger() -> None:
    async def scenario(pace: Pacer) -> float:
        pace.worked(pace.began())
        return await rested(pace)

    assert waits(scenario) == 5.0


def test_long_work_is_followed_by_a_rest_as_long_up_to_a_bound() -> None:
    def after(work_s: float) -> float:
        async def scenario(pace: Pacer) -> float:
            since_s = pace.began()
            await asyncio.sleep(work_s)
            pace.worked(since_s)
            return await rested(pace)

        return waits(scenario)

    assert [after(work_s) for work_s in (0.012, 0.1)] == [12.0, 20.0]


def test_other_work_meanwhile_prolongs_a_rest_but_not_for_ever() -> None:
    async def scenario(pace: Pacer) -> float:
        async def work() -> None:
            while True:
                since_s = pace.clock.monotonic_s()
                await asyncio.sleep(0.004)
                pace.worked(since_s)

        pace.began()
        working = asyncio.create_task(work())
        waited_s = await rested(pace)
        working.cancel()
        return waited_s

    assert waits(scenario) == 20.0


def test_what_is_held_waits_for_its_release_but_not_for_ever() -> None:
    def after(release_s: float) -> float:
        async def scenario(pace: Pacer) -> float:
            pace.began(held=True)
            asyncio.get_running_loop().call_later(release_s, pace.released)
            return await rested(pace)

        return waits(scenario)

    assert [after(release_s) for release_s in (0.001, 0.012, 1.0)] == [5.0, 12.0, 20.0]


def test_who_has_enough_to_do_does_not_rest() -> None:
    async def scenario(pace: Pacer) -> float:
        pace.worked(pace.began())
        return await rested(pace, lambda: True)

    assert waits(scenario) == 0.0


class CountingVault:
    """A vault that is slow, and counts the questions."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.questions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    async def ensure(self, subjects: Iterable[str]) -> None:
        self.questions += 1
        await asyncio.sleep(0.003)
        await self._vault.ensure(subjects)


class Slow(World):
    """A world whose keys take their time."""

    @property
    @override
    def stores(self) -> Stores:
        if not hasattr(self, "vault"):
            self.vault = CountingVault(self.sound.vault)
        return replace(super().stores, vault=self.vault)


def test_a_hundred_people_who_speak_for_the_first_time_cost_a_few_questions() -> None:
    world = Slow(1, rate=0.0)

    async def main() -> int:
        await world.start(shards=1)
        region = await world.region("g1")
        writing = (region.submit(f"ledger:{n}", Write("hi"), by=Principal(f"user{n}")) for n in range(100))
        await asyncio.gather(*writing)
        return world.vault.questions

    assert 1 <= run(world.loop, main()) <= 10  # a batch each, at most


def test_a_turn_that_only_finds_a_key_missing_does_not_hold_up_the_next() -> None:
    world = Slow(1, rate=0.0, settings=SETTINGS.model_copy(update={"linger_ms": 50.0}))

    async def main() -> list[float]:
        await world.start(shards=1)
        region = await world.region("g1")
        took_s = []
        for name in ("ann", "ann", "ben"):  # ben's key is not in memory, and the turn that notices stores nothing
            await asyncio.sleep(1.0)
            since_s = world.clock.monotonic_s()
            await region.submit("ledger:1", Write("hi"), by=Principal(name))
            took_s.append(world.clock.monotonic_s() - since_s)
        return took_s

    _, known_s, unknown_s = run(world.loop, main())
    assert unknown_s - known_s < 0.01
