"""The wheel visits each item at its time, and one that fails does not stop the others. Its clock is the loop's."""

import asyncio

import pytest

from realtime.websocket.timer_wheel import Wheel
from tests.simulation.loop import VirtualLoop, run

TICK_S = 0.005


class Item:
    """Notes when it was visited, and comes back while `again_s` says so."""

    def __init__(self, *again_s: float, fails: bool = False) -> None:
        self.bucket = -1
        self.visits: list[float] = []
        self.again_s = list(again_s)
        self.done = asyncio.Event()
        self._fails = fails

    def due(self, now_s: float) -> float:
        self.visits.append(now_s)
        if self._fails:
            raise RuntimeError("on purpose")
        if self.again_s:
            return now_s + self.again_s.pop(0)
        self.done.set()
        return 0.0


async def test_items_are_visited_never_early_and_come_back_as_they_say() -> None:
    wheel, loop = Wheel(0.05), asyncio.get_running_loop()
    item, start = Item(0.02, 0.03), loop.time()
    wheel.add(item, start + 0.01)
    await asyncio.wait_for(item.done.wait(), 5)
    gaps = [later - earlier for earlier, later in zip([start, *item.visits], item.visits, strict=False)]
    assert len(gaps) == 3
    assert all(gap > least - 1e-9 for gap, least in zip(gaps, (0.01, 0.02, 0.03), strict=True))
    assert len(wheel) == 0


async def test_an_item_is_moved_only_to_an_earlier_time() -> None:
    wheel, now = Wheel(0.05), asyncio.get_running_loop().time()
    item = Item()
    wheel.add(item, now + 60)
    late = item.bucket
    wheel.add(item, now + 90)
    assert item.bucket == late
    wheel.add(item, now + 30)
    assert item.bucket < late
    assert len(wheel) == 1
    wheel.stop()


async def test_a_dropped_item_is_not_visited() -> None:
    wheel, now = Wheel(0.05), asyncio.get_running_loop().time()
    dropped, kept = Item(), Item()
    wheel.add(dropped, now + 0.01)
    wheel.add(kept, now + 0.02)
    wheel.drop(dropped)
    wheel.drop(dropped)
    await asyncio.wait_for(kept.done.wait(), 5)
    assert dropped.visits == []


async def test_an_item_that_fails_does_not_stop_the_others() -> None:
    loop = asyncio.get_running_loop()
    told: list[str] = []
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    wheel, broken, good = Wheel(0.05), Item(fails=True), Item()
    wheel.add(broken, loop.time() + 0.01)
    wheel.add(good, loop.time() + 0.01)
    await asyncio.wait_for(good.done.wait(), 5)
    assert len(broken.visits) == 1
    assert told == ["a deadline failed"]


@pytest.mark.parametrize("stopped", [True, False])
def test_a_stopped_wheel_visits_nobody(stopped: bool) -> None:
    """The twin is not stopped, and sees the visit."""

    async def main() -> list[float]:
        wheel, item = Wheel(0.05), Item()
        wheel.add(item, asyncio.get_running_loop().time() + 0.01)
        if stopped:
            wheel.stop()
        await asyncio.sleep(60)
        return item.visits

    assert bool(run(VirtualLoop(), main())) is not stopped
