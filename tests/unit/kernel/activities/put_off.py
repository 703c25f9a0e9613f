"""What tests of activities that are put off have in common."""

import asyncio
from typing import Any

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import ActivityRow
from store.ports.activities import ActivityRecord
from tests.simulation.world import World
from tests.unit.kernel.agency import Agent, send

EMAIL = {"email": 100}


async def documents(world: World) -> list[ActivityRecord]:
    """All of the collection, in the order of their lanes."""
    return sorted(await world.sound.activities.page(limit=10_000), key=lambda one: (one.entity, one.lane, one.order))


def a_report(offer: protocol.Offered, due_ms: int, **more: object) -> protocol.RunnerReport:
    return protocol.RunnerReport(id=offer.id, verdict="park", due_ms=due_ms, code="busy", message="Later.", attempts=1)


async def a_dead_one(world: World, **more: Any) -> bytes:
    await send(world, "a", **more)
    (offer,) = await Agent(world).work(wait_ms=1000)
    await Agent(world).work(credits_={}, reports=[protocol.RunnerReport(id=offer.id, verdict="dead")])
    await asyncio.sleep(1)
    return offer.id


def state_of(row: ActivityRow | None) -> str:
    assert row is not None
    return row.state
