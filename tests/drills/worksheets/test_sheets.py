"""Worksheets are written by two each, through both doors, while gateway, care shard, API and mongod are killed in turn.
Afterwards everybody holds the same text, also who starts from nothing, and all that was typed or acknowledged is in it.

`make drill sheets` writes for 60 s on 20 worksheets; `SIZE=4` on fewer.
"""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.scenario import all_rows, whole_again
from tests.chaos.writers import writers
from tests.system.harness import System

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 20
WRITING_S: Final = 60.0
EVERY_S: Final = 0.1
VICTIMS: Final = ("care-0", "gateway-0", "mongod", "care-1", "controller")
pytestmark = pytest.mark.timeout(900)


async def test_whatever_dies_everybody_holds_the_same_and_nothing_is_lost(tmp_path: Path) -> None:
    system = System(tmp_path)
    try:
        system.start()
        async with AsyncExitStack() as stack:
            pairs = [await stack.enter_async_context(writers(system, f"{number}")) for number in range(SIZE)]
            writing = [asyncio.create_task(pair.write(EVERY_S)) for pair in pairs]
            ends_s, turns = time.monotonic() + WRITING_S, 0
            while time.monotonic() < ends_s:
                rows = await all_rows(system)
                name = next(one for one in VICTIMS[turns % len(VICTIMS) :] + VICTIMS if one in rows)
                await asyncio.sleep(2.0)
                await system.kill(name)
                await whole_again(system, rows, name)
                turns += 1
            for pair in pairs:
                pair.over = True
            await asyncio.gather(*writing)
            texts = await asyncio.gather(*(pair.equal() for pair in pairs))
        print(f"{SIZE} worksheets, {turns} deaths, {sum(text.count(';') for text in texts)} edits: all there, once")
    finally:
        system.stop()
