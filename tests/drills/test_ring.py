"""Calls to people with five devices at two gateways, three of which answer at once, while the shard dies now and then:
each has one answer, everybody else hears so, and nobody is left ringing.

`make drill ring` makes 500 calls; with `SIZE=50` fewer.
"""

import asyncio
import os
import random
import time
import uuid
from typing import Any, Final

import pytest

from tests.drills.mortal import mortal_shards, percentile
from tests.gateway_rig import Client, token
from tests.identity_rig import House, house
from tests.mongo import url_of

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 12
SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
DEVICES: Final = 5
ANSWERING: Final = 3
AT_ONCE: Final = 10
LATEST_S: Final = 0.5  # from the answer to the end at the other devices, where nothing died meanwhile
pytestmark = pytest.mark.timeout(300 + SIZE)


async def _heard(device: Client, call_id: str, event: str) -> float:
    def there(client: Client) -> bool:
        return any(one["call"]["id"] == call_id for one in client.all(event))

    await device.until(there, f"no {event} for {call_id}")
    return time.monotonic()


async def _call(home: House, number: int, dice: random.Random, late: list[float]) -> None:
    callee, caller = f"ada-{number}", f"tess-{number}"
    devices = [await home.socket(token(callee), gateway=place % 2, inbox=0) for place in range(DEVICES)]
    calling = await home.socket(token(caller, "therapist"), gateway=number % 2)
    call = (await calling.ok("call_user", {"callee_id": callee, "media": "audio", "request_id": "one"}))["call"]
    await asyncio.gather(*(_heard(device, call["id"], "call_notification") for device in devices))
    order = dice.sample(range(DEVICES), ANSWERING)
    acks: list[Any] = await asyncio.gather(
        *(devices[one].call("answer_call", {"call_id": call["id"], "device_id": f"d{one}"}) for one in order)
    )
    answered_s = time.monotonic()
    good = [ack["data"]["call"] for ack in acks if ack["ok"]]
    assert len(good) == 1, acks
    assert all(ack["error"]["code"] == "conflict" for ack in acks if not ack["ok"]), acks
    ends = await asyncio.gather(*(_heard(device, call["id"], "call_ended") for device in devices))
    late += [max(0.0, end - answered_s) for end in ends]
    for device in devices:
        said = [one for one in device.all("call_ended") if one["call"]["id"] == call["id"]]
        assert {(one["reason"], one["call"]["answered_by"]) for one in said} == {
            ("answered_elsewhere", good[0]["answered_by"])
        }
        await device.close()
    await _heard(calling, call["id"], "call_ended")
    await calling.close()


@pytest.mark.parametrize("mortal", [False, True], ids=["calm", "the shard dies"])
async def test_one_device_has_each_call_and_nobody_is_left_ringing(
    mongo_port: int, tmp_path: Any, mortal: bool, record_property: Any
) -> None:
    dice, late = random.Random(SEED), list[float]()
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path) as home:
        await home.gateway()
        await home.gateway()
        async with mortal_shards(home, 0.7 if mortal else 1e6, dice) as deaths:
            for first in range(0, SIZE, AT_ONCE):
                some = range(first, min(SIZE, first + AT_ONCE))
                await asyncio.gather(*(_call(home, number, dice, late) for number in some))
    figures = {"calls": SIZE, "deaths": deaths.count, "p50_s": percentile(late, 0.5), "p99_s": percentile(late, 0.99)}
    print(f"ring: {figures}")
    record_property("figures", figures)
    if not mortal:
        assert percentile(late, 0.99) < LATEST_S
