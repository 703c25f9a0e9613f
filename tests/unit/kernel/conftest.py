"""The kernel in virtual time over sound stores: tests wait for nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from common.logs import configure_logging
from tests.simulation.loop import run
from tests.simulation.watch import life_table
from tests.simulation.world import World

__all__ = ["life_table"]

configure_logging("CRITICAL", "console")


@pytest.fixture
def world() -> World:
    """A cluster without faults."""
    return World(1, rate=0.0)


@pytest.fixture
def play(world: World) -> Callable[[Callable[[World], Awaitable[Any]]], Any]:
    """Runs a scenario in a started world with one region, `g1`."""

    def playing(scenario: Callable[[World], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            await world.start()
            await world.region("g1")
            return await scenario(world)

        return run(world.loop, main())

    return playing
