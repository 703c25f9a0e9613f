"""How far the platform's time is ahead: one number, which every process hears of."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from store.platform_time import ProcessClock
from store.ports.stores import Stores
from tests.contract.conftest import Backend
from tests.waiting import eventually


def heard(jumps: list[int], wanted: list[int]) -> Callable[[], Awaitable[bool]]:
    async def met() -> bool:
        return jumps == wanted

    return met


async def test_it_is_nothing_until_somebody_moves_it_and_moves_add_up(stores: Stores) -> None:
    assert await stores.platform_time.ahead_ms() == 0
    ahead = await asyncio.gather(*(stores.platform_time.advance(1000) for _ in range(5)))
    assert sorted(ahead) == [1000, 2000, 3000, 4000, 5000]
    assert await stores.platform_time.ahead_ms() == 5000


async def test_a_move_that_has_a_name_is_made_once_whoever_repeats_it(backend: Backend) -> None:
    first, second = (backend.process().platform_time for _ in range(2))
    assert await first.advance(1000, deed="a") == 1000
    assert await second.advance(1000, deed="a") == 1000
    assert await second.advance(1000, deed="b") == 2000
    repeats = await asyncio.gather(*(one.advance(500, deed="c") for one in (first, second) for _ in range(5)))
    assert set(repeats) == {2500}
    assert [await first.advance(1) for _ in range(2)] == [2501, 2502]  # without a name, each counts


async def test_every_process_goes_by_it_and_is_told_at_once(backend: Backend) -> None:
    here, there = (ProcessClock(backend.process().platform_time, settable=True) for _ in range(2))
    jumps: list[int] = []
    there.on_move(lambda: jumps.append(there.clock.ahead_ms))
    try:
        await here.start()
        await there.start()
        assert await here.advance(86_400_000) == 86_400_000
        assert here.clock.platform_ms() - here.clock.now_ms() >= 86_399_999
        await eventually(heard(jumps, [86_400_000]), "not told")
        await here.advance(1000)
        await eventually(heard(jumps, [86_400_000, 86_401_000]), "not told again")
    finally:
        await here.stop()
        await there.stop()


@pytest.mark.parametrize("settable", [False, True])
async def test_a_process_that_starts_later_reads_it_first_whether_it_may_be_moved_or_not(
    backend: Backend, settable: bool
) -> None:
    await backend.process().platform_time.advance(5000)
    late = ProcessClock(backend.process().platform_time, settable=settable)
    clock = await late.start()
    assert clock.ahead_ms == 5000
    await late.stop()
    await late.stop()
