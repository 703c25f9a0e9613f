"""Gateways hold no truth: one dies, or all are told to stop, and their clients miss nothing."""

import asyncio
import os
import signal
from collections import Counter
from typing import Final

import pytest

from tests.chaos.scenario import BEFORE, goes_on, paused_less_than, rows_of, whole_again
from tests.chaos.talkers import crowd
from tests.system.harness import STOP_S, System

pytestmark = pytest.mark.timeout(240)  # starts of the whole program, on a machine that may be busy
SETTINGS: Final[dict[str, object]] = {"GATEWAY__REPLICAS": 2, "GATEWAY__DRAIN_S": 2}
TRANSPORTS: Final = ("websocket",)


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
