"""A shard that ends now and then, while people wait for it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.identity_rig import House


@dataclass
class Deaths:
    """How often it has died."""

    count: int = 0


@asynccontextmanager
async def mortal_shards(home: House, every_s: float, dice: random.Random) -> AsyncIterator[Deaths]:
    """Meanwhile each shard stops every `every_s` seconds or so, and another life takes its place."""
    deaths = Deaths()
    dying = asyncio.create_task(_die(home, every_s, dice, deaths))
    try:
        yield deaths
    finally:
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)


async def _die(home: House, every_s: float, dice: random.Random, deaths: Deaths) -> None:
    while True:
        await asyncio.sleep(every_s * dice.uniform(0.5, 1.5))
        for name in list(home.cluster.shards):
            replaced = asyncio.create_task(_replace(home, name, f"d{deaths.count}"))
            await asyncio.shield(replaced)  # who stops the deaths leaves no shard dead
            deaths.count += 1


async def _replace(home: House, name: str, life: str) -> None:
    await home.cluster.shards[name].stop()
    await home.cluster.start_shard(name, life=life)


def percentile(values: list[float], share: float) -> float:
    """Of values that were measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
