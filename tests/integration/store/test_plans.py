"""Every query of the store must be served by an index: the plans of a real server, not our hopes."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from actors.kernel.lib.writes import WriteBatcher, batch_writes
from common.lib.tasks import Tasks
from store.mongo.client import Database
from store.mongo.indexes import ensure_indexes
from store.mongo.kernel.activities import ACTIVITIES, MongoActivities
from store.mongo.kernel.documents import JOURNAL
from store.mongo.kernel.journal import MongoJournal
from store.mongo.kernel.timers import TIMERS, MongoTimers
from store.mongo.kernel.views import MongoViews
from store.ports.activities import BEHIND, ActivityRecord
from store.ports.timers import Timer
from store.ports.views import Index, View, ViewQuery
from tests.contract.kernel.turns import a_turn, command_id

ROOM = "room:5"


@pytest.fixture
async def full(mongo: Database) -> Database:
    """Enough in it for the planner to care: 40 rooms of 30 turns of 3 events each."""
    await ensure_indexes(mongo, [Index("people", ("room", "joined"))])
    journal = MongoJournal(mongo)
    for number in range(1, 31):
        first = 3 * number - 2
        await journal.append(
            [
                a_turn(
                    f"room:{room}",
                    number,
                    *(b"a", b"b", b"c"),
                    first=first,
                    partition=room,
                    answers=(f"{room} {number}",),
                    effects=(b"fx",) if number == 30 else (),
                )
                for room in range(40)
            ]
        )
    await MongoTimers(mongo).put([Timer(f"t{n}", ROOM, n % 256, n, b"") for n in range(1000)])
    await MongoViews(mongo).write([View("people", f"p{n}", n, {"room": f"r{n % 9}", "joined": n}) for n in range(300)])
    journal.close()
    return mongo


class Profile:
    """What the server did for each operation: the profiler's own records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> "Profile":
        await self._database.command("profile", 2)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.command("profile", 0)

    async def of(self, collection: str) -> list[dict[str, Any]]:
        query = {"ns": f"{self._database.name}.{collection}", "op": {"$in": ["query", "command", "update", "remove"]}}
        records = await self._database["system.profile"].find(query).to_list(None)
        assert records, "nothing was profiled"
        return records


def plans(records: list[dict[str, Any]]) -> set[str]:
    return {
        word for record in records for word in record.get("planSummary", "").replace(",", " ").split() if word.isupper()
    }


def examined(records: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    return ((record.get("keysExamined", 0), record.get("docsExamined", 0)) for record in records)


async def test_history_reads_only_what_it_returns(full: Database) -> None:
    journal = MongoJournal(full)
    async with Profile(full) as profile:
        assert len(await journal.after(ROOM, 70, limit=3)) == 3
        assert len(await journal.before(ROOM, 71, limit=3)) == 3
        assert len(await journal.turns(ROOM, after=20, limit=3)) == 3
        records = await profile.of(JOURNAL)
    assert plans(records) == {"IXSCAN"}
    assert all(keys <= 5 and docs <= 4 for keys, docs in examined(records))


async def test_events_by_number_are_looked_up_one_by_one(full: Database) -> None:
    journal = MongoJournal(full)
    async with Profile(full) as profile:
        assert len(await journal.at(ROOM, [1, 2, 45, 90])) == 3
        looked_up = (await full["system.profile"].find({"op": "command", "command.aggregate": 1}).to_list(None))[0]
        records = await profile.of(JOURNAL)
    assert plans(records) == {"IXSCAN"}
    assert looked_up["keysExamined"] <= 8
    assert looked_up["docsExamined"] <= 4


async def test_heads_step_once_into_the_index_for_each_entity(full: Database) -> None:
    journal = MongoJournal(full)
    async with Profile(full) as profile:
        assert len(await journal.heads([f"room:{number}" for number in range(20)])) == 20
        records = await profile.of(JOURNAL)
    assert plans(records) == {"DISTINCT_SCAN"}
    assert all(keys <= 41 and docs == 0 for keys, docs in examined(records))


async def test_loading_replies_and_effects_use_their_indexes(full: Database) -> None:
    journal = MongoJournal(full)
    async with Profile(full) as profile:
        await journal.load([f"room:{number}" for number in range(0, 40, 20)])
        assert len(await journal.replies([command_id("5 7"), command_id("6 8")])) == 2
        assert len(await journal.unsettled([5, 6], limit=10)) == 2
        (first,) = await journal.unsettled([7, 8, 9], limit=1)
        assert len(await journal.unsettled([7, 8, 9], limit=10, after=first)) == 2
        assert len(await journal.entities("room:", after="room:2", limit=4)) == 4
        records = await profile.of(JOURNAL)
    assert plans(records) <= {"IXSCAN", "IDHACK"}
    assert all(keys <= 66 and docs <= 60 for keys, docs in examined(records))
    assert sum(record["nreturned"] for record in records) == 60 + 2 + 2 + 1 + 2 + 4
    assert max(record.get("keysExamined", 0) - record["nreturned"] for record in records) <= 4


async def test_due_timers_and_views_are_found_by_index_and_need_no_sorting(full: Database) -> None:
    async with Profile(full) as profile:
        await MongoTimers(full).due(range(128), before_ms=50, limit=100)
        await MongoViews(full).find(
            ViewQuery(collection="people", equal={"room": "r1"}, order_by="joined", above=5, descending=True, limit=7)
        )
        records = await profile.of(TIMERS) + await profile.of("people")
    assert plans(records) == {"IXSCAN"}
    assert not any(record.get("hasSortStage") for record in records)
    assert all(keys <= 52 and docs <= 50 for keys, docs in examined(records))


async def test_activities_are_found_by_index_and_need_no_sorting(full: Database) -> None:
    activities = MongoActivities(full)
    await activities.put([an_activity(number) for number in range(2000)])
    async with Profile(full) as profile:
        assert len(await activities.due(range(256), "email", before_ms=2001, limit=50)) == 50
        assert len(await activities.due(range(256), "email", before_ms=20, limit=50)) == 13
        assert len(await activities.expired(range(256), before_ms=30, limit=50)) == 3
        assert len(await activities.page(connector="email", state="parked", limit=20)) == 20
        assert await activities.oldest_ms(range(256), "email") == 1
        records = await profile.of(ACTIVITIES)
    assert plans(records) == {"IXSCAN"}
    assert not any(record.get("hasSortStage") for record in records)
    assert all(keys <= 51 and docs <= 50 for keys, docs in examined(records))
    async with Profile(full) as profile:
        firsts = await activities.first_of([("room:1", "lane"), ("room:2", "lane"), ("room:3", "none")])
        assert {lane: one.due_ms for lane, one in firsts.items()} == {("room:1", "lane"): 1, ("room:2", "lane"): 2}
        looked_up = (await full["system.profile"].find({"op": "command", "command.aggregate": 1}).to_list(None))[0]
    assert looked_up["keysExamined"] <= 4
    async with Profile(full) as profile:
        assert await activities.stuck(range(256)) == []
        await activities.counts(range(256))
        records = [one for one in await profile.of(ACTIVITIES) if "aggregate" in one["command"]]
        assert len(records) == 2
    assert plans(records) <= {"IXSCAN", "DISTINCT_SCAN"}
    assert [(one["planSummary"], one.get("docsExamined")) for one in records if one.get("docsExamined")] == []


def an_activity(number: int) -> ActivityRecord:
    """Of ten lanes; the first of each is in line."""
    return ActivityRecord(
        id=number.to_bytes(16, "big"),
        partition=number % 256,
        connector="email" if number % 9 else "jobs",
        entity=f"room:{number % 10}",
        state="parked",
        due_ms=number if number < 10 or number % 2 else BEHIND,
        packed=b"fx",
        created_at_ms=number,
        lane="lane",
        order=number,
        deadline_ms=number if number % 10 == 0 else None,
    )


async def test_turns_that_are_settled_at_the_same_time_share_a_few_updates(full: Database) -> None:
    """Each turn is settled by itself, when its letters are out; an update for each would cost more than the turns."""
    settling: WriteBatcher[tuple[str, int]] = batch_writes(MongoJournal(full).settle, Tasks("test"))
    async with Profile(full) as profile:
        await asyncio.gather(*(settling.put([(f"room:{number}", 30)]) for number in range(40)))
        records = await profile.of(JOURNAL)
    assert len(records) <= 4
    assert sum(record["nModified"] for record in records) == 40
