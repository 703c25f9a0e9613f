"""Look-ups that go together: who asked gets what they asked for, read after they asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from common.errors import Unavailable
from common.lib.lookups import LookupBatcher
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
    gathered: LookupBatcher[str, int] = LookupBatcher(store.look_up)
    first = asyncio.create_task(gathered.get(["a"]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(gathered.get(keys)) for keys in (["b", "x"], ["c", "b"])]
    await asyncio.sleep(0)
    store.open.set()
    assert [await first, *[await one for one in others]] == [[1], [2], [3, 2]]
    assert store.asked == [["a"], ["b", "x", "c"]]


async def test_what_is_asked_for_while_a_look_up_is_under_way_is_read_anew() -> None:
    store = SlowStore()
    gathered: LookupBatcher[str, int] = LookupBatcher(store.look_up)
    before = asyncio.create_task(gathered.get(["a"]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    store.values["a"] = 1
    after = asyncio.create_task(gathered.get(["a"]))
    await asyncio.sleep(0)
    store.open.set()
    assert (await before, await after) == ([], [1])


async def test_a_failure_is_everybodys_who_waited_for_it_and_nobodys_later() -> None:
    store = SlowStore()
    store.error = Unavailable("The database does not answer.")
    store.open.set()
    gathered: LookupBatcher[str, int] = LookupBatcher(store.look_up)
    results = await asyncio.gather(gathered.get(["a"]), gathered.get(["b"]), return_exceptions=True)
    assert [type(one) for one in results] == [Unavailable, Unavailable]
    store.error, store.values = None, {"a": 1}
    assert await gathered.get(["a"]) == [1]


async def test_who_gave_up_costs_the_others_nothing() -> None:
    store = SlowStore()
    store.values = {"a": 1, "b": 2}
    gathered: LookupBatcher[str, int] = LookupBatcher(store.look_up)
    impatient, patient = asyncio.create_task(gathered.get(["a"])), asyncio.create_task(gathered.get(["b"]))
    await asyncio.sleep(0)
    impatient.cancel()
    store.open.set()
    assert await patient == [2]
    with pytest.raises(asyncio.CancelledError):
        await impatient


def test_after_company_came_the_next_look_up_waits_for_more_but_nobody_alone_waits() -> None:
    async def main() -> None:
        store = SlowStore()
        store.open.set()
        gathered: LookupBatcher[str, int] = LookupBatcher(store.look_up, rest_s=0.2)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await gathered.get(["a"])
        assert loop.time() - began_s < 0.2
        store.open.clear()
        first, second = asyncio.create_task(gathered.get(["b"])), asyncio.create_task(gathered.get(["c"]))
        await until_asked(store, 2)
        third = asyncio.create_task(gathered.get(["d"]))
        await asyncio.sleep(0)
        store.open.set()
        await asyncio.gather(first, second)
        await asyncio.gather(third, gathered.get(["e"]))
        assert store.asked == [["a"], ["b", "c"], ["d", "e"]]

    run(VirtualLoop(), main())
