from dataclasses import replace
from typing import Any

import pytest

from store.ports.activities import BEHIND, ActivityRecord, ActivityStore
from store.ports.stores import Stores


@pytest.fixture
def activities(stores: Stores) -> ActivityStore:
    return stores.activities


def record(name: str, due_ms: int, partition: int = 1, **more: Any) -> ActivityRecord:
    rest: dict[str, Any] = {
        "connector": "email",
        "entity": f"room:{name}",
        "state": "parked",
        "created_at_ms": due_ms,
    } | more
    return ActivityRecord(
        id=name.encode().ljust(16, b"."), partition=partition, due_ms=due_ms, packed=b"\x00fx", **rest
    )


async def test_what_is_due_comes_earliest_first_as_it_was_put(activities: ActivityStore) -> None:
    late, early, same = record("late", 30), record("early", 10), record("a", 10)
    others = [record("later", 31), record("far", 5, partition=2), record("dead", 5, state="dead")]
    await activities.put([late, early, same, *others, record("sms", 5, connector="sms"), record("now", 5, urgency=0)])
    assert await activities.due([1, 3], "email", before_ms=31, limit=10) == [same, early, late]
    assert await activities.due([1], "email", before_ms=31, limit=2) == [same, early]
    assert await activities.due([1], "email", before_ms=31, limit=0) == []
    assert await activities.due([1], "email", before_ms=10, limit=9) == []
    assert await activities.due([], "email", before_ms=99, limit=9) == []
    assert [one.entity for one in await activities.due([1], "email", before_ms=99, limit=9, urgency=0)] == ["room:now"]


async def test_every_member_is_kept(activities: ActivityStore) -> None:
    full = record(
        "a",
        10,
        urgency=2,
        lane="l",
        order=7 << 20,
        attempts=3,
        deaths=2,
        deadline_ms=99,
        code="busy",
        message="The partner is busy.",
    )
    await activities.put([full])
    assert await activities.get([full.id, b"-" * 16]) == {full.id: full}


async def test_one_that_is_put_again_is_replaced_and_one_that_is_added_again_is_not(activities: ActivityStore) -> None:
    one, other = record("a", 10), record("b", 10)
    await activities.put([one, replace(one, due_ms=20)])
    await activities.add([replace(one, due_ms=5), other])
    await activities.add([])
    await activities.put([])
    assert await activities.due([1], "email", before_ms=99, limit=9) == [other, replace(one, due_ms=20)]
    dead = replace(one, state="dead", code="no")
    await activities.put([dead])
    assert await activities.due([1], "email", before_ms=99, limit=9) == [other]
    assert await activities.get([one.id]) == {one.id: dead}


async def test_a_dropped_one_is_gone_and_dropping_it_again_does_no_harm(activities: ActivityStore) -> None:
    await activities.put([record("a", 10), record("b", 10)])
    for _ in range(2):
        await activities.drop([record("a", 10).id, b"never was"])
        assert await activities.page(limit=9) == [record("b", 10)]
    await activities.drop([])


async def test_those_past_their_deadline_are_found_whenever_they_are_due(activities: ActivityStore) -> None:
    behind = record("behind", BEHIND, lane="l", order=2, deadline_ms=15)
    due, fresh = record("due", 1, deadline_ms=10), record("fresh", 1, deadline_ms=20)
    await activities.put([behind, due, fresh, record("never", 1), record("dead", 1, deadline_ms=1, state="dead")])
    assert await activities.expired([1], before_ms=20, limit=9) == [due, behind]
    assert await activities.expired([1], before_ms=20, limit=1) == [due]
    assert await activities.expired([2], before_ms=20, limit=9) == []
    assert due.deadline_ms is not None
    assert await activities.expired([1], before_ms=20, limit=9, after=(due.deadline_ms, due.id)) == [behind]
    before = (due.deadline_ms - 1, b"\xff" * 16)
    assert await activities.expired([1], before_ms=20, limit=9, after=before) == [due, behind]


async def test_the_first_of_a_lane_is_that_of_the_lowest_order_that_is_parked(activities: ActivityStore) -> None:
    head = record("h", 10, entity="room:1", lane="l", order=1)
    next_ = record("n", BEHIND, entity="room:1", lane="l", order=2)
    other = record("o", BEHIND, entity="room:1", lane="m", order=1)
    await activities.put([next_, head, other, record("free", 5, entity="room:1")])
    lane, another = ("room:1", "l"), ("room:1", "m")
    assert await activities.first_of([lane, another, ("room:2", "l"), lane]) == {lane: head, another: other}
    assert await activities.first_of([]) == {}
    assert await activities.stuck([1]) == [other.id]
    await activities.put([replace(head, state="dead")])
    assert await activities.first_of([lane]) == {lane: next_}
    assert sorted(await activities.stuck([1])) == sorted([other.id, next_.id])
    assert await activities.stuck([2]) == []


async def test_pages_and_counts(activities: ActivityStore) -> None:
    rows = [record(f"{number:02}", number, connector="sms" if number % 2 else "email") for number in range(10)]
    rows[3] = replace(rows[3], state="dead", partition=9)
    await activities.put(rows)
    assert await activities.page(limit=100) == rows
    assert await activities.page(after=rows[3].id, limit=2) == rows[4:6]
    assert await activities.page(connector="sms", state="parked", limit=2) == [rows[1], rows[5]]
    assert await activities.page(state="dead", limit=5) == [rows[3]]
    assert await activities.counts() == {("email", "parked"): 5, ("sms", "parked"): 4, ("sms", "dead"): 1}
    assert await activities.counts([9]) == {("sms", "dead"): 1}
    assert await activities.oldest_ms([1], "sms") == 1
    assert await activities.oldest_ms([1], "none") is None
    assert await activities.oldest_ms([9], "sms") is None


async def test_those_of_other_kinds_in_the_same_partition_are_somebody_else_s(activities: ActivityStore) -> None:
    room = record("room", 1, entity="room:1", deadline_ms=5)
    behind = record("behind", BEHIND, entity="room:1", lane="l", order=1)
    bill = record("bill", 1, entity="bill:1", deadline_ms=5)
    stuck = record("stuck", BEHIND, entity="bill:2", lane="l", order=1)
    await activities.put([room, behind, bill, stuck])
    for kinds, theirs, head in (({"room"}, room, behind), ({"bill", "payer"}, bill, stuck)):
        assert await activities.due([1], "email", before_ms=9, limit=9, kinds=kinds) == [theirs]
        assert await activities.expired([1], before_ms=9, limit=9, kinds=kinds) == [theirs]
        assert await activities.stuck([1], kinds) == [head.id]
        assert await activities.counts([1], kinds) == {("email", "parked"): 2}
    assert len(await activities.due([1], "email", before_ms=9, limit=9)) == 2
    assert await activities.counts([1]) == {("email", "parked"): 4}
