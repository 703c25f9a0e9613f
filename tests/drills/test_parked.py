"""A partner refuses for as long as it takes to make very many activities. They cost disk, not memory; then all of them
are done, in their order, and none that is late.

`make drill parked` makes 1,000,000; with `SIZE=100000` fewer.
"""

import asyncio
import gc
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import psutil
import pytest
from pydantic import SecretStr

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.partitions import PARTITIONS
from common.clock import MovableClock
from common.errors import CarewireError
from config.settings import ActivitySettings, MongoSettings, Settings
from loadtests.lib.debtors import Places
from loadtests.lib.workloads import percentile
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from store.ports.stores import Stores
from store.stores import open_stores
from tests.drills.crowd import Ask, Bookkeeper, CrowdKind, Have

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 20_000
LANES: Final = 1000
AT_ONCE: Final = 100  # activities of one command
URGENT: Final = 1000  # of each other urgency
TIED: Final = 0.01  # both lie in ten lanes, so their ends are as far apart as one call
FLAT_MB: Final = 60
HOUR_MS: Final = 3_600_000
TALK: Final = 1000  # turns
TALK_PER_S: Final = 100
STALL_S: Final = 60.0  # without any progress
pytestmark = pytest.mark.timeout(600 + SIZE // 250)


@dataclass
class Memory:
    """Of this process, in which there is nothing but the shard, the runner and who asks."""

    _process: psutil.Process = field(default_factory=psutil.Process)
    first_mb: float = 0.0
    peak_mb: float = 0.0

    def begin(self) -> None:
        """What counts is how it grows from here."""
        gc.collect()
        self.first_mb = self.peak_mb = self._now_mb()

    def look(self) -> float:
        """How much it has grown at most."""
        self.peak_mb = max(self.peak_mb, self._now_mb())
        return self.peak_mb - self.first_mb

    def _now_mb(self) -> float:
        return float(self._process.memory_info().rss) / 1e6


@dataclass
class House:
    """One shard, one runner, one partner."""

    stores: Stores
    clock: MovableClock
    cluster: LocalCluster
    region: Region
    partner: Bookkeeper
    memory: Memory = field(default_factory=Memory)
    talked: int = 0

    async def left(self) -> int:
        """Activities that are not over, as the database has them: a shard that has lost its lease knows of none."""
        stored = sum((await self.stores.activities.counts()).values())
        return stored + len(await self.stores.journal.unsettled(range(PARTITIONS), limit=AT_ONCE))

    async def unparked(self) -> int:
        """How many of them have no document yet."""
        return SIZE + 2 * URGENT - sum((await self.stores.activities.counts()).values())

    async def have(self, entity: str, command: Have) -> None:
        """However often it takes."""
        while True:
            try:
                await self.region.submit(entity, command, by=SYSTEM, command_id=f"{entity}:{command.first}")
                return
            except CarewireError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(0.05)


@pytest.fixture
async def house(mongo_url: str) -> AsyncIterator[House]:
    settings = Settings(mongo=MongoSettings(url=SecretStr(mongo_url), database="parked", timeout_s=30))
    clock = MovableClock()
    stores = await open_stores(settings, [])
    cluster = LocalCluster(stores, [CrowdKind()], settings=settings.kernel, clock=clock, shards=1)
    await cluster.start()
    partner = Bookkeeper()
    runner = Runner(
        "drill",
        Places(cluster),
        ["rooms"],
        await cluster.region("runner"),
        Payloads(stores.vault),
        [partner],
        settings=ActivitySettings(),
        clock=clock,
    )
    await runner.start()
    try:
        yield House(stores, clock, cluster, await cluster.region("drill"), partner)
    finally:
        await runner.close()
        await cluster.stop()
        stores.close()


async def make(house: House) -> None:
    """All of them, lane after lane, hundred after hundred; memory counts from the first tenth on."""
    deadline_ms = house.clock.platform_ms() + HOUR_MS
    each = SIZE // LANES
    commands = [
        (f"crowd:{lane}", Have(first=first, count=min(AT_ONCE, each - first), deadline_ms=deadline_ms))
        for first in range(0, each, AT_ONCE)
        for lane in range(LANES)
    ]
    waiting = iter(commands)
    made = 0

    async def worker() -> None:
        nonlocal made
        for entity, command in waiting:
            await house.have(entity, command)
            made += 1
            if made == len(commands) // 10:
                house.memory.begin()
            if made % 20 == 0:
                house.memory.look()

    await asyncio.gather(*(worker() for _ in range(20)))
    for urgency in ("soon", "now"):
        for lane in range(URGENT // AT_ONCE):
            await house.have(f"crowd:{urgency}{lane}", Have(first=0, count=AT_ONCE, urgency=urgency))


async def talk(house: House, what: str) -> None:
    """Say how long turns take that owe nothing, beside all the others."""
    waits_ms: list[float] = []

    async def one(number: int) -> None:
        begun_s = time.perf_counter()
        await house.have("crowd:talk", Have(first=number, count=0))
        waits_ms.append((time.perf_counter() - begun_s) * 1000)

    async with asyncio.TaskGroup() as tasks:
        for number in range(TALK):
            tasks.create_task(one(number + house.talked))
            await asyncio.sleep(1 / TALK_PER_S)
    house.talked += TALK
    p50_ms, p99_ms = percentile(waits_ms, 0.5), percentile(waits_ms, 0.99)
    print(f"\na turn that owes nothing, {what}: p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms")


async def until_none(house: House, left: Callable[[], Awaitable[int]], what: str) -> None:
    """It is going down, and ends at none."""
    least, since_s = await left(), time.monotonic()
    while now := await left():
        house.memory.look()
        if now < least:
            least, since_s = now, time.monotonic()
        assert time.monotonic() - since_s < STALL_S, f"{what}: {now} are left, and nothing happens"
        await asyncio.sleep(0.5)


async def ended(house: House) -> Counter[str]:
    """How all of them ended, as their entities were told."""
    names = [f"crowd:{lane}" for lane in range(LANES)]
    names += [f"crowd:{urgency}{lane}" for urgency in ("soon", "now") for lane in range(URGENT // AT_ONCE)]
    whole: Counter[str] = Counter()
    for start in range(0, len(names), 100):
        some = names[start : start + 100]
        for one in await asyncio.gather(*(house.region.ask(name, Ask(), by=SYSTEM) for name in some)):
            whole.update(one)
    return whole


async def test_they_cost_no_memory_and_all_are_done_in_order_and_none_too_late(house: House) -> None:
    await talk(house, "before")
    began_s = time.monotonic()
    await make(house)
    made_s = time.monotonic() - began_s
    await until_none(house, house.unparked, "they are put off")
    parked_s, grown_mb = time.monotonic() - began_s, house.memory.look()
    print(f"\nmade in {made_s:.0f} s, parked in {parked_s:.0f} s; memory grew by {grown_mb:.0f} MB")
    print(f"the partner refused {house.partner.refused} times")

    await talk(house, "while all of them are parked")

    house.clock.move(2 * HOUR_MS)
    house.cluster.time_moved()
    house.partner.open()
    await until_none(house, house.left, "they are done")
    drained_s, partner = time.monotonic() - house.partner.began_s, house.partner
    grown_mb = house.memory.look()
    rate = (SIZE + 2 * URGENT) / drained_s
    print(f"drained in {drained_s:.0f} s ({rate:.0f} a second); memory grew by {grown_mb:.0f} MB")
    print(f"done {dict(partner.done)}, again {partner.again}; the last of each at {_percent(partner)}")
    assert partner.faults[:5] == []
    assert partner.done == {"bulk": SIZE // 2, "soon": URGENT, "now": URGENT}
    assert await ended(house) == {"done": SIZE // 2 + 2 * URGENT, "expired": SIZE // 2}
    shares = partner.shares()
    assert shares["now"] <= shares["soon"] + TIED <= shares["bulk"]
    assert shares["now"] < 0.2, "a broadcast delayed what was urgent"
    assert grown_mb < FLAT_MB


def _percent(partner: Bookkeeper) -> str:
    return ", ".join(f"{urgency} {share:.1%}" for urgency, share in partner.shares().items())
