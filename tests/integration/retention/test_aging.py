"""What has had its time goes, room after room, and only that; however often a step is repeated."""

from typing import Any

import pytest

from actors.jobs.activities import Step, StepDone
from serve_app.capabilities.retention.aging import KIND, Aging
from serve_app.capabilities.retention.telling import KIND as TELLING
from serve_app.capabilities.retention.telling import RetentionNotices
from serve_app.cluster.beside.keeping import terms_of_process
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY_MS = 86_400_000


async def a_room(home: House, room_id: str, *bodies: str) -> list[Any]:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": room_id, "members": ["bob"]})
    return [await ann.ok("message", {"room_id": room_id, "body": body}) for body in bodies]


async def bodies(home: House, room_id: str) -> list[str]:
    page = await home.ok("GET", f"/api/rooms/{room_id}/messages", bearer=token("bob", ttl_s=90 * 86_400))
    return [one["body"] for one in page["messages"]]


async def set_for(home: House, days: int | None, **where: Any) -> Any:
    bearer = token("root", "admin", 90 * 86_400)
    return await home.ok("PUT", "/api/retention", {"days": days} | where, bearer=bearer)


async def aged(home: House, step: Step) -> StepDone:
    """The whole job, in steps as short as can be, each done twice as if its runner had died before it could tell."""
    work = Aging(home.region, home.stores.journal, home.clock, step_s=0.0)
    while True:
        await work.step(step)
        done = await work.step(step)
        if not done.cursor:
            return done
        step = Step(kind=KIND, cursor=done.cursor, done=done.done, result=done.result, dry_run=step.dry_run)


async def test_the_narrowest_terms_count_and_what_is_pinned_stays(home: House) -> None:
    said = await a_room(home, "short-1", "old", "pinned")
    await a_room(home, "long-1", "kept longer")
    await a_room(home, "ever-1", "for ever")
    ann = home.clients[-1]
    await ann.ok("pin_message", {"room_id": "short-1", "message_id": said[1]["id"]})
    await set_for(home, 30, keep_pinned=True)
    await set_for(home, 60, room_id="long-1")
    told = await set_for(home, None, room_id="ever-1")
    assert told["rooms"]["ever-1"] == {"days": None, "keep_pinned": False}
    try:
        home.clock.ahead_ms = 40 * DAY_MS
        counted = await aged(home, Step(kind=KIND, dry_run=True))
        assert counted.result["messages"] >= 1
        assert await bodies(home, "short-1") == ["old", "pinned"]
        await aged(home, Step(kind=KIND))
        assert await bodies(home, "short-1") == ["", "pinned"]
        assert await bodies(home, "long-1") == ["kept longer"]
        home.clock.ahead_ms = 70 * DAY_MS
        await aged(home, Step(kind=KIND))
        assert await bodies(home, "long-1") == [""]
        assert await bodies(home, "ever-1") == ["for ever"]
    finally:
        home.clock.ahead_ms = 0
        await set_for(home, None)


async def test_what_falls_due_under_a_hold_is_with_the_hold(home: House) -> None:
    await a_room(home, "due-2", "one", "two")
    hold = (await home.ok("POST", "/api/holds", {"room_id": "due-2", "reason": "Order."}, bearer=home.admin()))["hold"]
    await set_for(home, 1, room_id="due-2")
    try:
        home.clock.ahead_ms = 2 * DAY_MS
        await aged(home, Step(kind=KIND))
        assert await bodies(home, "due-2") == ["", ""]
        path, bearer = f"/api/holds/{hold['hold_id']}/export", token("root", "admin", 90 * 86_400)
        first = await home.ok("GET", f"{path}?limit=1", bearer=bearer)
        rest = await home.ok("GET", f"{path}?limit=1&cursor={first['next_cursor']}", bearer=bearer)
        assert [one["body"] for page in (first, rest) for one in page["messages"]] == ["one", "two"]
        assert "next_cursor" not in rest
    finally:
        home.clock.ahead_ms = 0
        await set_for(home, None, room_id="due-2")


async def told_days(home: House, room_id: str) -> int | None:
    bob = await home.socket(token("bob"))
    days: int | None = (await bob.ok("join_room", {"room_id": room_id}))["room"]["policy"].get("retention_days")
    return days


async def test_members_of_a_named_room_have_been_told_when_it_is_answered(home: House) -> None:
    await a_room(home, "told-4", "words")
    bob = await home.socket(token("bob"), gateway=0)
    await bob.ok("join_room", {"room_id": "told-4"})
    await set_for(home, 14, room_id="told-4")
    assert await told_days(home, "told-4") == 14
    heard = await bob.next("room_updated", 1)
    assert (heard["room_id"], heard["room"]["policy"]["retention_days"]) == ("told-4", 14)
    await set_for(home, None, room_id="told-4")
    assert await told_days(home, "told-4") is None


async def test_members_of_all_rooms_are_told_by_a_job_and_those_of_later_rooms_at_once(home: House) -> None:
    """However often its steps are repeated, each room says it once; a room with terms of its own says nothing."""
    await a_room(home, "told-5", "words")
    await a_room(home, "own-5", "words")
    await set_for(home, 7, room_id="own-5")
    await set_for(home, 60)
    try:
        assert await told_days(home, "told-5") is None
        work, step = (
            RetentionNotices(home.region, home.stores.journal, home.clock, step_s=0.0, settle_s=0.0),
            Step(kind=TELLING),
        )
        told = 0
        while True:
            told += (await work.step(step)).result["told"]
            done = await work.step(step)
            if not done.cursor:
                break
            step = Step(kind=TELLING, cursor=done.cursor, done=done.done)
        assert told >= 1
        assert (await told_days(home, "told-5"), await told_days(home, "own-5")) == (60, 7)
        await terms_of_process().look(home.stores.views)
        await a_room(home, "later-5", "words")
        assert await told_days(home, "later-5") == 60
    finally:
        await set_for(home, None)
        await terms_of_process().look(home.stores.views)
    await a_room(home, "ever-5", "words")
    assert await told_days(home, "ever-5") is None


async def test_nothing_goes_before_its_members_were_told(home: House) -> None:
    """Terms that no job has told of yet (it was cancelled) are told by the round that deletes."""
    await a_room(home, "first-6", "old")
    await set_for(home, 30)
    bob = await home.socket(token("bob"))
    await bob.ok("join_room", {"room_id": "first-6"})
    try:
        home.clock.ahead_ms = 40 * DAY_MS
        await aged(home, Step(kind=KIND))
        heard = [name for name, _ in bob.received if name in ("room_updated", "message_deleted")]
        assert heard[:2] == ["room_updated", "message_deleted"]
    finally:
        home.clock.ahead_ms = 0
        await set_for(home, None)


async def test_it_is_run_by_hand_as_a_job(home: House) -> None:
    await a_room(home, "job-3", "words")
    async with a_runner(home):
        begun = await home.ok("POST", "/api/operations/retention", {"dry_run": True}, bearer=home.admin())

        async def done() -> bool:
            path = f"/api/operations/jobs/{begun['job']['job_id']}"
            job = (await home.ok("GET", path, bearer=home.admin()))["job"]
            return bool(job["state"] == "done" and job["result"] == {"messages": 0})

        await eventually(done, "the job is not done")
    await home.refused(
        403, "permission_denied", "POST", "/api/operations/retention", {}, bearer=token("mo", "moderator")
    )


async def test_terms_are_of_a_room_that_there_is_or_of_a_relation(home: House) -> None:
    at = home.admin()
    await home.refused(404, "not_found", "PUT", "/api/retention", {"days": 1, "room_id": "nowhere"}, bearer=at)
    both = {"days": 1, "room_id": "a", "relation": "client_client"}
    await home.refused(400, "invalid_argument", "PUT", "/api/retention", both, bearer=at)
    for days in (0, -1, 36_501, "7"):
        await home.refused(400, "invalid_argument", "PUT", "/api/retention", {"days": days}, bearer=at)
    told = await home.ok("PUT", "/api/retention", {"days": 90, "relation": "client_client"}, bearer=at)
    assert told["relations"]["client_client"] == {"days": 90, "keep_pinned": False}
    assert await home.ok("GET", "/api/retention", bearer=at) == told
    await home.ok("PUT", "/api/retention", {"days": None, "relation": "client_client"}, bearer=at)
