"""Gateways hold no truth: a request may come to any of them, one dies, all are told to stop: nobody misses anything."""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import aiohttp
import pytest

from tests.chaos.scenario import BEFORE, all_rows, goes_on, paused_less_than, whole_again
from tests.chaos.talkers import Crowd, crowd
from tests.clients.js_client import JsClient
from tests.system.harness import LEAN, STOP_S, System, wait_until

pytestmark = pytest.mark.timeout(600)  # starts of the whole program, on a machine that may be busy
FULL: Final = 20  # sockets of one gateway; the crowd of eight needs no third one
SETTINGS: Final = LEAN | {
    "GATEWAY__REPLICAS": 2,
    "GATEWAY__MAX_REPLICAS": 3,
    "GATEWAY__SOCKETS_PER_REPLICA": FULL,
    "GATEWAY__UPSCALE_DELAY_S": 0,
    "GATEWAY__DOWNSCALE_DELAY_S": 1,
    "GATEWAY__DRAIN_S": 2,
}
TRANSPORTS: Final = ("websocket",)
MESSAGES: Final = 1000  # from each side
AT_ONCE: Final = 50


async def test_pollers_whose_every_request_may_come_to_either_gateway_miss_nothing_and_hear_nothing_twice(
    victim: System,
) -> None:
    """The stock clients, polling only, with a new connection for each request; the kernel chooses the gateway."""
    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
    async with (
        http,
        victim.client("alice", transports=["polling"], http_session=http) as alice,
        JsClient(victim.gateway_url, auth={"token": victim.token("bob")}, transports=["polling"]) as bob,
    ):
        await alice.call("create_room", {"room_id": "round", "members": ["bob"]})
        await alice.call("join_room", {"room_id": "round"})
        assert (await bob.call("join_room", {"room_id": "round"}))["ok"]
        places = asyncio.Semaphore(AT_ONCE)

        async def say(number: int) -> None:
            async with places:
                await alice.call("message", {"room_id": "round", "body": f"alice {number}"})
                await bob.tell("message", {"room_id": "round", "body": f"bob {number}"})

        await asyncio.gather(*map(say, range(MESSAGES)))
        everything = sorted(f"{who} {number}" for who in ("alice", "bob") for number in range(MESSAGES))
        await alice.hears("message", len(everything), within_s=60)
        await wait_until(
            lambda: len(bob.all("message")) >= len(everything), within_s=60, what="all that bob is to hear", every_s=0.2
        )
        for heard in (alice.payloads("message"), bob.all("message")):
            assert sorted(message["body"] for message in heard) == everything
            assert [message["seq"] for message in heard] == sorted(message["seq"] for message in heard)
        assert bob.states() == ["connect"]
        assert len(alice.payloads("session")) == 1
    async with victim.http("operator", "admin") as operator:
        page = (await operator.get("/metrics")).text
    carried = re.findall(
        r'carewire_gateway_forwards_total{kind="(\w+)",process="gateway-\d",result="(\w+)"} (\S+)', page
    )
    assert {(kind, result) for kind, result, _ in carried} == {("poll", "ok"), ("post", "ok")}
    assert all(float(count) > MESSAGES / 100 for _, _, count in carried)


@asynccontextmanager
async def crowd_partly_at(victim: System, gateway: str) -> AsyncIterator[Crowd]:
    """A crowd of whom somebody was given this gateway: the kernel deals them out."""
    for number in range(20):
        async with crowd(victim, f"at-{gateway}-{number}", TRANSPORTS) as people:
            if any(talker.gateways[0] == gateway for talker in people.talkers):
                yield people
                return
    raise AssertionError(f"nobody was given {gateway}")


async def test_clients_of_a_killed_gateway_go_on_at_another_one(victim: System) -> None:
    before = await all_rows(victim)
    async with crowd(victim, "two", TRANSPORTS) as people:
        people.begin()
        await people.flows(BEFORE)
        ((busiest, _),) = Counter(talker.gateways[0] for talker in people.talkers).most_common(1)
        os.kill(before[busiest][1], signal.SIGKILL)
        await whole_again(victim, before, busiest)
        await goes_on(people)
        print(f"one of two gateways killed: {people.ledger}")
        for talker in people.talkers:
            assert len(talker.gateways) == (2 if talker.gateways[0] == busiest else 1)
        assert paused_less_than(5.0, people, victim)


async def test_a_gateway_joins_as_sockets_come_takes_its_share_and_drains_when_they_go(victim: System) -> None:
    async def gateways() -> dict[str, int]:
        return {row["name"]: row.get("sockets", 0) for row in await victim.status() if row["kind"] == "gateway"}

    async def shared() -> bool:
        held = await gateways()
        return len(held) == 3 and min(held.values()) > FULL // 4

    async def two_again() -> bool:
        return len(await gateways()) == 2

    before = set(await gateways())
    async with AsyncExitStack() as staying:
        visitors = [victim.client(f"visitor-{number}") for number in range(3 * FULL)]
        await asyncio.gather(*(staying.enter_async_context(visitor) for visitor in visitors))
        await wait_until(shared, within_s=60.0, what="a third gateway with its share", every_s=0.5)
        print(f"sockets: {await gateways()}")
        (added,) = set(await gateways()) - before
        async with crowd_partly_at(victim, added) as people:
            people.begin()
            await people.flows(BEFORE)
            await staying.aclose()
            await wait_until(two_again, within_s=60.0, what="two gateways", every_s=0.5)
            await goes_on(people)
            remaining = await gateways()
            moved = [talker for talker in people.talkers if talker.gateways[0] not in remaining]
            print(f"{len(moved)} were at the gateway that ended: {people.ledger}")
            assert moved, f"{added} was not the one to end: {remaining}"
            assert all(talker.told_to_reconnect for talker in moved)
            assert all(talker.gateways[-1] in remaining for talker in people.talkers)
            assert paused_less_than(5.0, people, victim)


async def test_a_stop_sends_everybody_away_first_and_the_next_start_finds_all_that_was_acknowledged(
    victim: System,
) -> None:
    async with crowd(victim, "stop", TRANSPORTS) as people:
        people.begin()
        await people.flows(BEFORE)
        victim.interrupt(signal.SIGTERM)
        assert await asyncio.to_thread(victim.wait, STOP_S) == 0
        assert all(talker.told_to_reconnect for talker in people.talkers)
        await asyncio.to_thread(victim.start)
        await goes_on(people)
