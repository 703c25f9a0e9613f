import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from store.holders import host_name, started_ms, this_process
from store.ports.leases import Holder, Lease, Leases
from store.ports.stores import Stores
from tests.contract.conftest import Backend
from tests.waiting import eventually

LONG_S = 600.0


@pytest.fixture
def leases(stores: Stores) -> Leases:
    return stores.leases


def elsewhere(name: str) -> Holder:
    """A process on another host, of which nothing can be proved here."""
    return Holder(name, "another-host", 1, 1)


def holder_of(pid: int) -> Holder:
    return Holder(f"holder {pid}", host_name(), pid, started_ms(pid) or 0)


def a_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])


def a_buried_one() -> Holder:
    process = a_process()
    holder = holder_of(process.pid)
    process.kill()
    process.wait()
    return holder


def kill_but_do_not_bury(process: subprocess.Popen[bytes]) -> None:
    """It is a zombie then."""
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


async def test_a_free_lease_is_taken_with_epoch_one(leases: Leases) -> None:
    me = this_process()
    assert await leases.acquire("rooms-0", me, 5.0) == Lease("rooms-0", me.id, 1, 5.0)


async def test_a_lease_is_not_taken_from_a_living_process_of_this_host(leases: Leases) -> None:
    assert await leases.acquire("rooms-0", this_process(), LONG_S) is not None
    assert await leases.acquire("rooms-0", this_process(), LONG_S) is None
    assert await leases.acquire("rooms-1", this_process(), LONG_S) is not None


async def test_a_lease_is_not_taken_from_a_process_of_another_host(leases: Leases) -> None:
    assert await leases.acquire("rooms-0", elsewhere("a"), LONG_S) is not None
    assert await leases.acquire("rooms-0", this_process(), LONG_S) is None


async def test_who_acquires_their_own_lease_again_keeps_the_epoch(leases: Leases) -> None:
    me = this_process()
    first = await leases.acquire("rooms-0", me, LONG_S)
    assert await leases.acquire("rooms-0", me, LONG_S) == first


async def test_a_void_lease_changes_hands_and_the_epoch_grows(leases: Leases) -> None:
    old = await leases.acquire("rooms-0", elsewhere("a"), 0.2)
    assert old is not None
    taken: list[Lease] = []

    async def took_it() -> bool:
        lease = await leases.acquire("rooms-0", elsewhere("b"), LONG_S)
        taken.extend([lease] if lease is not None else [])
        return bool(taken)

    await eventually(took_it, "the void lease could not be taken")
    assert taken == [Lease("rooms-0", "b", 2, LONG_S)]
    assert not await leases.renew(old)
    await leases.release(old)
    assert await leases.acquire("rooms-0", elsewhere("c"), LONG_S) is None


async def test_renewal_keeps_others_out_even_of_a_lease_that_lapsed_unseen(leases: Leases) -> None:
    in_time = await leases.acquire("rooms-0", elsewhere("a"), 0.3)
    late = await leases.acquire("rooms-1", elsewhere("a"), 0.1)
    assert in_time is not None
    assert late is not None
    assert await leases.renew(replace(in_time, ttl_s=LONG_S))
    await leases.acquire("watch", elsewhere("a"), 0.3)

    async def both_would_be_void() -> bool:
        return await leases.acquire("watch", elsewhere("b"), LONG_S) is not None

    await eventually(both_would_be_void, "a lease of 0.3 s was not void")
    assert await leases.renew(replace(late, ttl_s=LONG_S))
    for name in ("rooms-0", "rooms-1"):
        assert await leases.acquire(name, elsewhere("b"), LONG_S) is None


async def test_a_released_lease_is_free_at_once_and_the_epoch_grows(leases: Leases) -> None:
    old = await leases.acquire("rooms-0", elsewhere("a"), LONG_S)
    assert old is not None
    await leases.release(old)
    assert not await leases.renew(old)
    again = await leases.acquire("rooms-0", elsewhere("a"), LONG_S)
    assert again == replace(old, epoch=2)
    await leases.release(old)
    assert await leases.renew(again)


async def test_a_dead_process_of_this_host_is_followed_at_once(leases: Leases) -> None:
    process = a_process()
    try:
        holder = holder_of(process.pid)
        assert await leases.acquire("rooms-0", holder, LONG_S) is not None
        assert await leases.acquire("rooms-0", this_process(), LONG_S) is None
        kill_but_do_not_bury(process)
        lease = await leases.acquire("rooms-0", this_process(), LONG_S)
        assert lease is not None
        assert lease.epoch == 2
    finally:
        process.kill()
        process.wait()


async def test_a_buried_process_is_dead_too(leases: Leases) -> None:
    holder = a_buried_one()
    assert await leases.acquire("rooms-0", holder, LONG_S) is not None
    assert await leases.acquire("rooms-0", this_process(), LONG_S) is not None


async def test_another_process_with_the_same_pid_is_not_the_holder(leases: Leases) -> None:
    me = this_process()
    before = replace(me, id="before", started_ms=me.started_ms - 10)
    assert await leases.acquire("rooms-0", before, LONG_S) is not None
    assert await leases.acquire("rooms-0", me, LONG_S) is not None


async def test_a_dead_pid_of_another_host_proves_nothing(leases: Leases) -> None:
    holder = replace(a_buried_one(), host="another-host")
    assert await leases.acquire("rooms-0", holder, LONG_S) is not None
    assert await leases.acquire("rooms-0", this_process(), LONG_S) is None


async def test_of_two_who_want_a_lease_exactly_one_gets_it(backend: Backend) -> None:
    first, second = backend.process().leases, backend.process().leases
    for number in range(20):
        name = f"rooms-{number}"
        got = await asyncio.gather(
            first.acquire(name, elsewhere("a"), LONG_S), second.acquire(name, elsewhere("b"), LONG_S)
        )
        assert sum(lease is not None for lease in got) == 1


async def test_what_is_held_is_told_with_its_holder_and_grows_by_renewal_only(leases: Leases) -> None:
    other = elsewhere("a")
    lease = await leases.acquire("rooms-1", other, LONG_S)
    assert lease is not None
    await leases.acquire("rooms-0", other, LONG_S)
    first = await leases.held()
    assert [(held.name, held.holder) for held in first] == [("rooms-0", other), ("rooms-1", other)]
    assert all(0 < held.left_s <= LONG_S for held in first)

    async def less_is_left() -> bool:
        return (await leases.held())[1].left_s < first[1].left_s

    await eventually(less_is_left, "time does not pass")
    (_, waned) = await leases.held()
    assert await leases.renew(lease)
    (_, renewed) = await leases.held()
    assert renewed.left_s > waned.left_s


async def test_what_is_released_void_or_a_dead_process_s_is_not_held(leases: Leases) -> None:
    released = await leases.acquire("rooms-0", elsewhere("a"), LONG_S)
    assert released is not None
    await leases.release(released)
    await leases.acquire("rooms-1", elsewhere("b"), 0.05)
    await leases.acquire("rooms-2", replace(this_process(), started_ms=1), LONG_S)

    async def nothing_is_held() -> bool:
        return not await leases.held()

    await eventually(nothing_is_held, "something is held still")
