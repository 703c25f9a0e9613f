"""A shard that ends now and then, while people wait for it; and a mongod that is killed."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import CarewireError
from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo
from tests.identity_rig import House
from tests.mongo import free_port

AGAIN_S: Final = 0.2


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
    """However often it takes: its database may be away."""
    with suppress(CarewireError):
        await home.cluster.shards[name].stop()
    while True:
        try:
            await home.cluster.start_shard(name, life=life)
            return
        except CarewireError:
            await asyncio.sleep(AGAIN_S)


class MortalMongod:
    """A mongod of a test's own, that is killed (SIGKILL) and comes back with what it had stored."""

    def __init__(self, directory: Path) -> None:
        self._settings, self._directory = MongoSettings(port=free_port()), directory
        self._mongod = EmbeddedMongo(self._settings, directory)
        self.deaths = 0

    @property
    def port(self) -> int:
        """Where it listens, whichever of its lives it is in."""
        return self._settings.port

    async def start(self) -> None:
        """Its first life."""
        await self._mongod.start()

    async def stop(self) -> None:
        """In good order."""
        await self._mongod.stop()

    @asynccontextmanager
    async def dying(self, every_s: float, dice: random.Random) -> AsyncIterator[None]:
        """Meanwhile it is killed every `every_s` seconds or so, but never sooner than it took to come back: on a busy
        machine it would be away for most of the time. Afterwards it runs."""
        killing = asyncio.create_task(self._die(every_s, dice))
        try:
            yield
        finally:
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)

    async def _die(self, every_s: float, dice: random.Random) -> None:
        took_s = 0.0
        while True:
            await asyncio.sleep(max(took_s, every_s * dice.uniform(0.5, 1.5)))
            began_s = time.monotonic()
            await asyncio.shield(asyncio.create_task(self._next_life()))
            took_s = time.monotonic() - began_s

    async def _next_life(self) -> None:
        if (pid := self._mongod.pid) is not None:
            os.kill(pid, signal.SIGKILL)
        await self._mongod.stop()
        self._mongod = EmbeddedMongo(self._settings, self._directory)
        await self._mongod.start()
        self.deaths += 1


@asynccontextmanager
async def a_mongod(directory: Path) -> AsyncIterator[MortalMongod]:
    """One of a test's own."""
    mongod = MortalMongod(directory)
    await mongod.start()
    try:
        yield mongod
    finally:
        await mongod.stop()


def percentile(values: list[float], share: float) -> float:
    """Of values that were measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
