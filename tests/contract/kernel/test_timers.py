from dataclasses import replace

import pytest

from store.ports.stores import Stores
from store.ports.timers import Timer, Timers


@pytest.fixture
def timers(stores: Stores) -> Timers:
    return stores.timers


def a_timer(name: str, due_ms: int, partition: int = 1) -> Timer:
    return Timer(name, f"room:{name}", partition, due_ms, b"\x00command of " + name.encode())


async def test_what_is_due_comes_earliest_first_as_it_was_put(timers: Timers) -> None:
    late, early, same = a_timer("late", 30), a_timer("early", 10), a_timer("a", 10)
    await timers.put([late, early, same, a_timer("not yet", 31), a_timer("another's", 5, partition=2)])
    assert await timers.due([1, 3], before_ms=31, limit=10) == [same, early, late]
    assert await timers.due([1], before_ms=31, limit=2) == [same, early]
    assert await timers.due([1], before_ms=31, limit=0) == []
    assert await timers.due([1], before_ms=10, limit=9) == []
    assert await timers.due([], before_ms=99, limit=9) == []


async def test_a_timer_that_is_put_again_moves(timers: Timers) -> None:
    timer = a_timer("a", 10)
    await timers.put([timer])
    moved = replace(timer, due_ms=50, command=b"other")
    await timers.put([moved])
    assert await timers.due([1], before_ms=20, limit=9) == []
    assert await timers.due([1], before_ms=60, limit=9) == [moved]
    last = replace(timer, due_ms=5)
    await timers.put([replace(timer, due_ms=99), last])
    assert await timers.due([1], before_ms=60, limit=9) == [last]
    await timers.put([])


async def test_a_dropped_timer_is_gone_and_dropping_it_again_does_no_harm(timers: Timers) -> None:
    await timers.put([a_timer("a", 10), a_timer("b", 10)])
    for _ in range(2):
        await timers.drop(["a", "never was"])
        assert await timers.due([1], before_ms=20, limit=9) == [a_timer("b", 10)]
    await timers.drop([])


async def test_all_partitions_can_be_asked_at_once(timers: Timers) -> None:
    wanted = [a_timer(f"t{number:03}", 100 + number, partition=number) for number in range(256)]
    await timers.put(wanted)
    assert await timers.due(range(256), before_ms=1000, limit=1000) == wanted
