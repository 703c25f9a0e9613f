"""Emergencies whose first two rungs do not answer, while the shard dies now and then and the runner is away: each
rung is asked in its time, the last one answers, and one person has each.

`make drill ladder` raises 200; with `SIZE=50` fewer.
"""

import asyncio
import os
import random
import time
import uuid
from datetime import datetime
from typing import Any, Final

import pytest

from tests.activity_rig import a_runner
from tests.drills.mortal import mortal_shards, percentile
from tests.gateway_rig import Client, token
from tests.identity_rig import House, house
from tests.mongo import url_of

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 10
SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
WAIT_S: Final = 2
TAKEN_OVER_S: Final = 1.0  # and as long again while the shard is none: the next life has to take over first
LATE_S: Final = 1.0  # a rung is asked within so long of its time
RUNGS: Final = ("one", "two", "three")
LADDER: Final = {"rungs": [{"to": {"user_ids": [one]}, "wait_s": WAIT_S} for one in RUNGS]}
pytestmark = pytest.mark.timeout(300 + SIZE)


async def _asked(socket: Client, emergency_id: str) -> dict[str, Any]:
    def alerts() -> list[dict[str, Any]]:
        return [one for one in socket.all("emergency_alert") if one["emergency"]["id"] == emergency_id]

    await socket.until(lambda _: bool(alerts()), f"{emergency_id} asked nobody here")
    return alerts()[0]


async def _climb(home: House, number: int, sockets: list[Client], late: list[float]) -> None:
    body = {"kind": "other", "request_id": "one"}
    person = await home.socket(token(f"ada-{number}"), gateway=number % 2)
    raised = (await person.ok("emergency_alert", body))["emergency"]
    due = raised["created_at"]
    for socket in sockets:
        alert = await _asked(socket, raised["id"])
        late.append(time.time() - datetime.fromisoformat(due).timestamp())
        due = alert["emergency"]["next_rung_at"]
    acks = await asyncio.gather(
        *(socket.call("acknowledge_emergency", {"emergency_id": raised["id"]}) for socket in sockets)
    )
    owners = {ack["data"]["emergency"]["acknowledged_by"] for ack in acks if ack["ok"]}
    refused = {ack["error"]["details"]["acknowledged_by"] for ack in acks if not ack["ok"]}
    assert len(owners | refused) == 1, acks
    await person.close()


@pytest.mark.parametrize("mortal", [False, True], ids=["calm", "everything dies"])
async def test_each_rung_is_asked_in_its_time_and_one_person_has_it(
    mongo_port: int, tmp_path: Any, mortal: bool, record_property: Any
) -> None:
    dice, late = random.Random(SEED), list[float]()
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path) as home:
        for _ in range(2):
            await home.gateway()
        await home.ok("PUT", "/api/emergencies/ladders/default", LADDER, bearer=home.admin())
        sockets = [await home.socket(token(one, "therapist"), gateway=place % 2) for place, one in enumerate(RUNGS)]
        async with mortal_shards(home, 3.0 if mortal else 1e6, dice) as deaths:
            half = SIZE // 2
            async with a_runner(home):
                await asyncio.gather(*(_climb(home, number, sockets, late) for number in range(half)))
            await asyncio.gather(*(_climb(home, number, sockets, late) for number in range(half, SIZE)))  # no runner
    figures = {"raised": SIZE, "deaths": deaths.count, "p50_s": percentile(late, 0.5), "p99_s": percentile(late, 0.99)}
    print(f"ladder: {figures}")
    record_property("figures", figures)
    assert min(late) >= -0.001, "a rung was asked before its time"
    assert percentile(late, 0.99) < (LATE_S if not mortal else LATE_S + TAKEN_OVER_S)
