"""Which worker takes a meeting, by what all have said; and how many nodes there are, while Ray says nothing."""

import asyncio
from typing import Any

from config.settings import MediaSettings
from serve_app.capabilities.meetings.fleet.counting import LASTS_S, Nodes
from serve_app.capabilities.meetings.fleet.placing import Fleet, WorkerReading
from serve_app.capabilities.meetings.workers.registry import Control, WorkerRecord
from serve_app.capabilities.meetings.workers.wire import Stats
from tests.simulation.loop import VirtualClock, VirtualLoop

NOBODY: Any = None  # who is never asked here


def a_clock() -> VirtualClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return VirtualClock(loop)


def fleet(**media: Any) -> Fleet:
    return Fleet(NOBODY, NOBODY, NOBODY, MediaSettings(**media))


def seen(name: str, *, state: Any = "ready", load: float = 0.1, streams: int = 0) -> WorkerReading:
    record = WorkerRecord(name, f"life of {name}", "node", 1, 1, "127.0.0.1:1", "key", "127.0.0.1", 1)
    stats = Stats(name, record.life, state, participants=0, streams=streams, load=load, cpu_s=1.0)
    return WorkerReading(record, stats)


def test_the_least_loaded_takes_it_and_nobody_who_may_not() -> None:
    all_ = [seen("media-0", load=0.5), seen("media-1", load=0.2), seen("media-2", state="draining", load=0.0)]
    assert fleet().fittest(all_, ()) == all_[1].record
    assert fleet().fittest(all_, {"media-1"}) == all_[0].record
    assert fleet().fittest(all_, {"media-0", "media-1"}) is None
    assert fleet(max_streams=10).fittest([seen("media-0", streams=10)], ()) is None
    assert fleet().fittest([WorkerReading(all_[0].record, None)], ()) is None


def test_none_may_be_where_operators_or_settings_say_so() -> None:
    assert fleet(max_workers=0).none_may(Control())
    assert fleet().none_may(Control(max_workers=0))
    assert not fleet(max_workers=0).none_may(Control(max_workers=1))


async def test_nobody_waits_for_nodes_to_be_counted_again() -> None:
    told = asyncio.Event()
    counts = [2]

    async def count() -> int | None:
        if len(counts) == 1:
            counts.append(3)
            return 2
        await told.wait()
        return counts.pop()

    nodes = Nodes(count, a_clock())
    assert await nodes.number() == 2
    await asyncio.sleep(LASTS_S + 1)
    assert [await nodes.number() for _ in range(3)] == [2, 2, 2]
    told.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await nodes.number() == 3


async def test_where_nobody_can_tell_there_is_the_one_that_asks() -> None:
    async def count() -> int | None:
        return None

    assert await Nodes(count, a_clock()).number() == 1
