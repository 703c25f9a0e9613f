"""A world without faults, in which activities are made, and what is asked of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from actors.kernel.contract import protocol
from tests.simulation.loop import run
from tests.simulation.world import World
from tests.unit.kernel.agency import Agent, unsettled
from tests.unit.kernel.errand import ErrandKind
from tests.waiting import eventually

Scenario = Callable[[World], Awaitable[Any]]


def play(scenario: Scenario, *, shards: int = 1, limit_s: float = 4000.0) -> None:
    """In a world without faults, with one region."""
    world = World(1, rate=0.0, kinds=(ErrandKind(),))

    async def main() -> None:
        await world.start(shards)
        await world.region("g1")
        await serves(world)
        await scenario(world)

    run(world.loop, main(), limit_s=limit_s)


def texts(offers: list[protocol.Offered]) -> list[str]:
    return [offer.payload.decode() for offer in offers]


async def a_new_life(world: World) -> None:
    """The shard dies, and serves again."""
    await world.kill("rooms-0")
    await world.start_shard("rooms-0")
    await serves(world)


async def serves(world: World) -> None:
    async def all_do() -> bool:
        return all(life.serving for life in world.shards.values())

    await eventually(all_do, "a shard does not serve", timeout_s=30)


async def all_of(world: World, credits_: dict[str, int]) -> list[protocol.Offered]:
    """What is offered until nothing is."""
    found: list[protocol.Offered] = []
    while offers := await Agent(world).work(wait_ms=3000, credits_=credits_):
        found += offers
    return found


async def settled(world: World) -> None:
    async def all_are() -> bool:
        return await unsettled(world) == 0

    await eventually(all_are, "a turn stays unsettled", timeout_s=30)


async def settled_but(world: World, some: int) -> None:
    async def are_settled() -> bool:
        return await unsettled(world) == some

    await eventually(are_settled, f"not all but {some} are settled", timeout_s=30)
