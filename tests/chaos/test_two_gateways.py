"""Gateways hold no truth: one dies, or all are told to stop, and their clients miss nothing."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import pytest

from tests.chaos.scenario import BEFORE, goes_on, paused_less_than, rows_of, whole_again
from tests.chaos.talkers import Crowd, crowd
from tests.system.harness import STOP_S, System, wait_until

pytestmark = pytest.mark.timeout(240)  # starts of the whole program, on a machine that may be busy
FULL: Final = 20  # sockets of one gateway; the crowd of eight needs no third one
SETTINGS: Final[dict[str, object]] = {
    "GATEWAY__REPLICAS": 2,
    "GATEWAY__MAX_REPLICAS": 3,
    "GATEWAY__SOCKETS_PER_REPLICA": FULL,
    "GATEWAY__UPSCALE_DELAY_S": 0,
    "GATEWAY__DOWNSCALE_DELAY_S": 1,
    "GATEWAY__DRAIN_S": 2,
}
TRANSPORTS: Final = ("websocket",)


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
    before = await rows_of(victim)
    async with crowd(victim, "two", TRANSPORTS) as people:
        people.begin()
        await people.flows(BEFORE, within_s=10.0)
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
            await people.flows(BEFORE, within_s=10.0)
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
        await people.flows(BEFORE, within_s=10.0)
        victim.interrupt(signal.SIGTERM)
        assert await asyncio.to_thread(victim.wait, STOP_S) == 0
        assert all(talker.told_to_reconnect for talker in people.talkers)
        await asyncio.to_thread(victim.start)
        await goes_on(people)
