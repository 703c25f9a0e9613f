"""A noisy entity and its quiet neighbours on the same shard, in virtual time."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from actors.kernel.contract.partitions import partition_of
from actors.kernel.shard.context import USUAL_BOUNDS, ShardBounds
from store.ports.journal import Journal
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import Write
from tests.unit.kernel.shard.test_commands import ANN, ROOM, Play, submit
from tests.unit.kernel.shard.test_life import until

NOISE = 3000


class SlowDisk:
    """The journal of a disk that takes 50 ms a turn, so that turns are felt."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def append(self, turns: Any) -> Any:
        await asyncio.sleep(0.05)
        return await self._journal.append(turns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_quiet_room_waits_for_a_few_commands_of_a_noisy_one_and_not_for_its_queue(
    play: Play, world: World, guarded: bool
) -> None:
    """Another gateway floods one room; the twin without the guard sees the quiet one wait."""
    if not guarded:
        world.bounds = ShardBounds(commands_of_one=USUAL_BOUNDS.commands)
    world.settings = SETTINGS.model_copy(update={"max_batch_bytes": 90_000, "max_queued_per_entity": NOISE})
    world.sound = replace(world.sound, journal=SlowDisk(world.sound.journal))

    async def scenario(world: World) -> None:
        noisy = await world.region("g2")
        done = 0

        async def shout(number: int) -> None:
            nonlocal done
            await noisy.submit(ROOM, Write(f"{number}"), by=ANN, timeout_s=60)
            done += 1

        placed = await world.sound.maps.read("rooms")
        assert placed is not None
        home = placed.owners[partition_of(ROOM)]
        quiet = next(room for n in range(99) if placed.owners[partition_of(room := f"ledger:q{n}")] == home)
        await submit(world, Write("before"), quiet)
        shouting = [asyncio.create_task(shout(number)) for number in range(NOISE)]
        await until(lambda: done > 0, "the first turn of the noisy room")
        before = done
        await submit(world, Write("hello"), quiet)
        assert (done - before <= 2 * USUAL_BOUNDS.commands_of_one) == guarded, done - before
        await asyncio.gather(*shouting)

    play(scenario)
