"""kill -9 of any process under load, over both transports: a pause, and nothing lost, doubled or out of order."""

import os
import signal
from typing import Final

import pytest

from tests.chaos.scenario import BEFORE, goes_on, paused_less_than, rows_of, whole_again
from tests.chaos.talkers import crowd
from tests.system.harness import System

pytestmark = pytest.mark.timeout(600)  # starts of the whole program, on a machine that may be busy
SETTINGS: Final[dict[str, object]] = {}
BOTH: Final = ("websocket", "polling")
LONGEST_PAUSE_S: Final = {"rooms-0": 5.0, "mongod": 10.0, "controller": 5.0}


@pytest.mark.parametrize("name", LONGEST_PAUSE_S)
async def test_a_killed_process_is_a_pause_and_nothing_else(victim: System, name: str) -> None:
    before = await rows_of(victim)
    async with crowd(victim, name, BOTH) as people:
        people.begin()
        await people.flows(BEFORE)
        os.kill(before[name][1], signal.SIGKILL)
        await whole_again(victim, before, name)
        await goes_on(people)
        print(f"{name} killed: {people.ledger}")
        assert all(len(talker.gateways) == 1 for talker in people.talkers), "a socket was lost"
        assert paused_less_than(LONGEST_PAUSE_S[name], people, victim)


async def test_the_only_gateway_is_replaced_and_its_clients_come_back(victim: System) -> None:
    before = await rows_of(victim)
    async with crowd(victim, "gateway", BOTH) as people:
        people.begin()
        await people.flows(BEFORE)
        os.kill(before["gateway-0"][1], signal.SIGKILL)
        await whole_again(victim, before, "gateway-0")
        await goes_on(people)
        print(f"the only gateway killed: {people.ledger}")
        assert all(len(talker.gateways) == 2 for talker in people.talkers)
        assert paused_less_than(10.0, people, victim)  # there is no other one to go to
