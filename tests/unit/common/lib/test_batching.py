"""Work that goes together: who asked gets what they asked for, done after they asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from common.errors import Unavailable
from common.lib.batching import Batcher, look_up_together
from tests.simulation.loop import VirtualLoop, run
from tests.waiting import eventually


class SlowStore:
    """Answers when it is told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def look_up(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(list(keys))
        found = {key: self.values[key] for key in keys if key in self.values}
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return found


async def until_asked(store: SlowStore, times: int) -> None:
    async def asked() -> bool:
        return len(store.asked) >= times

    await eventually(asked, f"{len(store.asked)} look-ups")


async def test_those_who_come_while_one_is_under_way_go_together() -> None:
    store = SlowStore()
    store.values = {"a": 1, "b": 2, "c": 3}
    look_ups: Batcher[Sequence[str], list[int]] = Batcher(look_up_together(store.look_up))
    first = look_ups.put(["a"])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [look_ups.put(keys) for keys in (["b", "x"], ["c", "b"])]
    await asyncio.sleep(0)
    store.open.set()
    assert [await first, *[await other for other in others]] == [[1], [2], [3, 2]]
    assert store.asked == [["a"], ["b", "x", "c"]]


async def test_what_is_asked_for_while_a_look_up_is_under_way_is_read_anew() -> None:
    store = SlowStore()
    look_ups: Batcher[Sequence[str], list[int]] = Batcher(look_up_together(store.look_up))
    before = look_ups.put(["a"])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    store.values["a"] = 1
    after = look_ups.put(["a"])
    await asyncio.sleep(0)
    store.open.set()
    assert (await before, await after) == ([], [1])


async def test_a_failure_is_everybodys_who_waited_for_it_and_nobodys_later() -> None:
    store = SlowStore()
    store.error = Unavailable("The database does not answer.")
    store.open.set()
    look_ups: Batcher[Sequence[str], list[int]] = Batcher(look_up_together(store.look_up))
    results = await asyncio.gather(look_ups.put(["a"]), look_ups.put(["b"]), return_exceptions=True)
    assert [type(one) for one in results] == [Unavailable, Unavailable]
    store.error, store.values = None, {"a": 1}
    assert await look_ups.put(["a"]) == [1]


async def test_who_gave_up_costs_the_others_nothing() -> None:
    store = SlowStore()
    store.values = {"a": 1, "b": 2}
    look_ups: Batcher[Sequence[str], list[int]] = Batcher(look_up_together(store.look_up))
    impatient, patient = look_ups.put(["a"]), look_ups.put(["b"])
    await asyncio.sleep(0)
    impatient.cancel()
    store.open.set()
    assert await patient == [2]
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_after_company_came_the_next_look_up_waits_for_more_but_nobody_alone_waits() -> None:
    store = SlowStore()
    store.open.set()
    look_ups: Batcher[Sequence[str], list[int]] = Batcher(look_up_together(store.look_up), wait_s=0.2)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await look_ups.put(["a"])
    assert loop.time() - began_s < 0.2
    store.open.clear()
    first, second = look_ups.put(["b"]), look_ups.put(["c"])
    await until_asked(store, 2)
    third = look_ups.put(["d"])
    await asyncio.sleep(0)
    store.open.set()
    await asyncio.gather(first, second)
    await asyncio.gather(third, look_ups.put(["e"]))
    assert store.asked == [["a"], ["b", "c"], ["d", "e"]]


class Recorder:
    """Takes `takes_s` over each batch, and writes down when each began, on the loop's clock."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s = takes_s
        self.batches: list[tuple[float, list[int]]] = []

    async def run(self, batch: Sequence[int]) -> list[int]:
        self.batches.append((round(asyncio.get_running_loop().time(), 3), list(batch)))
        await asyncio.sleep(self.takes_s)
        return [10 * number for number in batch]


def test_what_one_batch_cannot_take_goes_beside_it_as_far_as_batches_may() -> None:
    recorder = Recorder(1.0)

    async def main() -> None:
        batcher = Batcher(recorder.run, most=2, at_once=2)
        assert await asyncio.gather(*map(batcher.put, range(7))) == [0, 10, 20, 30, 40, 50, 60]
        assert len(batcher) == 0

    run(VirtualLoop(), main())
    assert recorder.batches == [(0.0, [0, 1]), (0.0, [2, 3]), (1.0, [4, 5]), (1.0, [6])]


def test_beside_a_batch_that_takes_long_another_leaves_after_a_while() -> None:
    recorder = Recorder(1.0)

    async def main() -> None:
        batcher = Batcher(recorder.run, at_once=3, company_s=0.25)
        first = batcher.put(1)
        await asyncio.sleep(0.1)
        others = [batcher.put(2), batcher.put(3)]
        assert await asyncio.gather(first, *others) == [10, 20, 30]

    run(VirtualLoop(), main())
    assert recorder.batches == [(0.0, [1]), (0.35, [2, 3])]


def test_a_batcher_that_lingers_lets_company_come_and_a_full_batch_goes_at_once() -> None:
    recorder = Recorder(0.0)

    async def main() -> None:
        batcher = Batcher(recorder.run, most=3, linger_s=0.25)
        first = batcher.put(1)
        await asyncio.sleep(0.2)
        await asyncio.gather(first, batcher.put(2))
        await asyncio.gather(*map(batcher.put, (3, 4, 5)))

    run(VirtualLoop(), main())
    assert recorder.batches == [(0.25, [1, 2]), (0.25, [3, 4, 5])]


async def test_results_that_do_not_fit_their_batch_are_an_error_and_nobody_waits_for_ever() -> None:
    async def lose_one(batch: Sequence[int]) -> list[int]:
        return list(batch[1:])

    batcher = Batcher(lose_one)
    results = await asyncio.gather(batcher.put(1), batcher.put(2), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
