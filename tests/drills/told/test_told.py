"""Very many people are told one thing: everybody once, at a pace, and memory stays as it was.

`make drill told` tells 100,000; with `SIZE=10000` fewer.
"""

import gc
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import psutil
import pytest

from tests.activity_rig import a_runner
from tests.identity_rig import house
from tests.mongo import url_of
from tests.waiting import eventually

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 2_000
FLAT_MB: Final = 80
PATH: Final = "/api/notifications/broadcasts"
pytestmark = pytest.mark.timeout(600 + SIZE // 50)


def _rss_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


async def test_everybody_is_told_once_and_memory_stays_flat(
    mongo_port: int, tmp_path: Any, record_property: Any
) -> None:
    people = [f"p{number:07}" for number in range(SIZE)]
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path) as home:
        now = datetime.now(UTC)
        for first in range(0, SIZE, 10_000):
            some = people[first : first + 10_000]
            await home.database["seen_roles"].insert_many([{"_id": one, "role": "client", "at": now} for one in some])
        async with a_runner(home):
            body = {"audience": {"role": "client"}, "title": "Hello", "body": "All of you.", "channels": ["in_app"]}
            began_s, before_mb = time.monotonic(), _rss_mb()
            made = (await home.ok("POST", PATH, {**body, "rate_per_s": 5000}, bearer=home.admin()))["broadcast"]
            peak_mb = 0.0

            async def done() -> bool:
                nonlocal peak_mb
                peak_mb = max(peak_mb, _rss_mb())
                stands = await home.ok("GET", f"{PATH}/{made['id']}", bearer=home.admin())
                return bool(stands["broadcast"]["status"] == "done")

            await eventually(done, "not everybody was told", timeout_s=120 + SIZE / 100)
            took_s = time.monotonic() - began_s
        stands = (await home.ok("GET", f"{PATH}/{made['id']}", bearer=home.admin()))["broadcast"]
        assert (stands["total"], stands["done"], stands["failed"]) == (SIZE, SIZE, 0)
        told = await home.database["notifications"].count_documents({"f.type": "announcement"})
    figures = {"told": told, "per_s": round(SIZE / took_s), "grown_mb": round(peak_mb - before_mb)}
    print(f"told: {figures}")
    record_property("figures", figures)
    assert told == SIZE
    if SIZE >= 50_000:  # below, what a process warms up to is more than what it holds
        assert peak_mb - before_mb < FLAT_MB
