"""kill -9 of any process under load, over both transports: a pause, and nothing lost, doubled or out of order."""

import asyncio
import os
import signal
from typing import Final

import pytest

from tests.chaos.scenario import BEFORE, all_rows, goes_on, paused_less_than, whole_again
from tests.chaos.talkers import crowd
from tests.chaos.writers import PATIENCE_S, writers
from tests.system.harness import System, wait_until

pytestmark = pytest.mark.timeout(600)  # starts of the whole program, on a machine that may be busy
SETTINGS: Final[dict[str, object]] = {}
BOTH: Final = ("websocket", "polling")
LONGEST_PAUSE_S: Final = {"rooms-0": 5.0, "mongod": 10.0, "controller": 5.0}


@pytest.mark.parametrize("name", LONGEST_PAUSE_S)
async def test_a_killed_process_is_a_pause_and_nothing_else(victim: System, name: str) -> None:
    before = await all_rows(victim)
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
    before = await all_rows(victim)
    async with crowd(victim, "gateway", BOTH) as people:
        people.begin()
        await people.flows(BEFORE)
        os.kill(before["gateway-0"][1], signal.SIGKILL)
        await whole_again(victim, before, "gateway-0")
        await goes_on(people)
        print(f"the only gateway killed: {people.ledger}")
        assert all(len(talker.gateways) == 2 for talker in people.talkers)
        assert paused_less_than(10.0, people, victim)  # there is no other one to go to


async def test_two_who_write_one_worksheet_lose_nothing_when_its_shard_dies(victim: System) -> None:
    before = await all_rows(victim)
    async with writers(victim, "sheet") as pair:
        writing = asyncio.create_task(pair.write(0.05))
        await wait_until(lambda: len(pair.tess.acked) >= 5, within_s=PATIENCE_S, what="five edits that are stored")
        os.kill(before["care-0"][1], signal.SIGKILL)
        await whole_again(victim, before, "care-0")
        known = len(pair.tess.acked)
        await wait_until(lambda: len(pair.tess.acked) >= known + 5, within_s=PATIENCE_S, what="five more")
        pair.over = True
        await writing
        print(f"the worksheet's shard killed: {(await pair.equal()).count(';')} edits")
