"""Under a hold nothing is lost, whoever deletes, changes, erases; nobody but who may look at the hold sees it; and when
it ends, all of it goes."""

from typing import Any

import pytest

from serve_app.capabilities.privacy.capability import erasure_of
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = {"reason": "Order of a court, file 12/26."}


async def a_room(home: House, room_id: str, owner: str, *members: str) -> Any:
    socket = await home.socket(token(owner))
    await socket.ok("create_room", {"room_id": room_id, "members": list(members)})
    return socket


async def placed(home: House, **over: str) -> Any:
    return (await home.ok("POST", "/api/holds", WHY | over, bearer=home.admin()))["hold"]


async def exported(home: House, hold: Any) -> list[Any]:
    path = f"/api/holds/{hold['hold_id']}/export"
    messages: list[Any] = (await home.ok("GET", path, bearer=home.admin()))["messages"]
    return messages


async def release(home: House, hold: Any) -> Any:
    path = f"/api/holds/{hold['hold_id']}/release"
    return (await home.ok("POST", path, WHY, bearer=home.admin("root-2")))["hold"]


async def test_what_is_deleted_or_changed_in_a_held_room_disappears_for_all_but_the_hold(home: House) -> None:
    ann = await a_room(home, "held-1", "ann-1", "bob-1")
    before = await ann.ok("message", {"room_id": "held-1", "body": "before the hold"})
    await ann.ok("edit_message", {"room_id": "held-1", "message_id": before["id"], "body": "changed before it"})
    hold = await placed(home, room_id="held-1")
    assert (hold["state"], hold["room_id"]) == ("active", "held-1")
    said = await ann.ok("message", {"room_id": "held-1", "body": "the first words"})
    await ann.ok("edit_message", {"room_id": "held-1", "message_id": said["id"], "body": "other words"})
    await ann.ok("delete_message", {"room_id": "held-1", "message_id": said["id"]})
    await ann.ok("delete_message", {"room_id": "held-1", "message_id": before["id"]})
    page = await home.ok("GET", "/api/rooms/held-1/messages", bearer=token("bob-1"))
    assert [one["body"] for one in page["messages"]] == ["", ""]
    kept = await exported(home, hold)
    told = [(one["body"], [old["body"] for old in one["versions"]]) for one in kept]
    assert told == [
        ("changed before it", ["before the hold"]),
        ("the first words", []),
        ("other words", ["the first words"]),
    ]
    assert {one["sender_id"] for one in kept} == {"ann-1"}
    path = f"/api/holds/{hold['hold_id']}/export"
    for role in ("client", "therapist", "moderator"):
        await home.refused(403, "permission_denied", "GET", path, bearer=token("mo", role))


async def test_nobody_hears_of_a_hold(home: House) -> None:
    """Neither on a socket nor in an inbox; the twin: what they are to hear comes by the same sockets."""
    ann, bob = await a_room(home, "quiet-8", "ann-8", "bob-8"), await home.socket(token("bob-8"))
    people = (ann, bob)
    for one in people:
        await one.ok("join_room", {"room_id": "quiet-8"})
    heard = [len(one.received) for one in people]
    for over in ({"user_id": "ann-8"}, {"room_id": "quiet-8"}):
        await release(home, await placed(home, **over))
    await ann.ok("message", {"room_id": "quiet-8", "body": "still here"})
    for one, before in zip(people, heard, strict=True):
        await one.next("message", 1)
        told = {name for name, _ in one.received[before:]}
        assert not any("hold" in name for name in told), told
        assert told <= {"message", "room_added", "room_updated", "user_online"}, told


async def test_without_a_hold_nothing_is_left(home: House) -> None:
    ann = await a_room(home, "free-1", "ann-2", "bob-2")
    elsewhere = await placed(home, room_id="free-1")
    await release(home, elsewhere)
    said = await ann.ok("message", {"room_id": "free-1", "body": "gone"})
    await ann.ok("delete_message", {"room_id": "free-1", "message_id": said["id"]})
    assert await exported(home, elsewhere) == []
    assert await home.database["hold_copies"].count_documents({"f.room": "free-1"}) == 0


async def test_a_hold_over_a_person_covers_rooms_that_begin_later_and_nobody_else(home: House) -> None:
    hold = await placed(home, user_id="ann-3")
    ann = await a_room(home, "later-3", "ann-3", "bob-3")
    bob = await home.socket(token("bob-3"))
    await bob.ok("join_room", {"room_id": "later-3"})
    for socket, words in ((ann, "hers"), (bob, "his")):
        said = await socket.ok("message", {"room_id": "later-3", "body": words})
        await socket.ok("delete_message", {"room_id": "later-3", "message_id": said["id"]})
    assert [one["body"] for one in await exported(home, hold)] == ["hers"]


async def test_a_refused_deletion_before_the_hold_does_not_hide_it(home: House) -> None:
    """What was looked up for a command that was refused is not what the next one is decided by."""
    ann = await a_room(home, "stale-4", "ann-4", "bob-4")
    bob = await home.socket(token("bob-4"))
    await bob.ok("join_room", {"room_id": "stale-4"})
    said = await ann.ok("message", {"room_id": "stale-4", "body": "kept all the same"})
    refused = await bob.error("delete_message", {"room_id": "stale-4", "message_id": said["id"]})
    assert refused["code"] == "permission_denied"
    hold = await placed(home, room_id="stale-4")
    await ann.ok("delete_message", {"room_id": "stale-4", "message_id": said["id"]})
    assert [one["body"] for one in await exported(home, hold)] == ["kept all the same"]


async def test_who_placed_it_does_not_release_it_and_at_the_end_nobody_reads_it(home: House) -> None:
    ann = await a_room(home, "end-5", "ann-5", "bob-5")
    hold = await placed(home, room_id="end-5")
    said = await ann.ok("message", {"room_id": "end-5", "body": "kept until the end"})
    await ann.ok("delete_message", {"room_id": "end-5", "message_id": said["id"]})
    path = f"/api/holds/{hold['hold_id']}/release"
    problem = await home.refused(412, "failed_precondition", "POST", path, WHY, bearer=home.admin())
    assert problem["details"]["reason"] == "same_person"
    async with a_runner(home):
        assert (await release(home, hold))["state"] == "released"

        async def gone() -> bool:
            return await home.database["keys"].count_documents({"s": f"hold:{hold['hold_id']}", "w": {"$ne": b""}}) == 0

        await eventually(gone, "the key of the hold is still there")
        await home.stores.vault.unlock([], anew=True)
        assert await exported(home, hold) == []
    assert (await release(home, hold))["released_by"] == "root-2"
    listed = await home.ok("GET", "/api/holds?state=released&limit=1", bearer=home.admin())
    assert [one["hold_id"] for one in listed["holds"]] == [hold["hold_id"]]
    recorded = await home.ok("GET", "/api/audit?limit=20", bearer=home.admin())
    of_hold = [one["action"] for one in recorded["items"] if one["resource"] == hold["hold_id"]]
    assert of_hold[-1] == "hold.placed"
    assert {"hold.placed", "hold.released", "hold.exported"} <= set(of_hold)


async def test_erasure_waits_for_the_end_of_the_hold_and_is_carried_out_then(home: House) -> None:
    made = await home.register("eve@example.org")
    user, bearer = made["user"]["user_id"], made["access_token"]
    eve = await home.socket(bearer)
    await eve.ok("create_room", {"room_id": "erase-6", "members": ["bob-6"]})
    await eve.ok("message", {"room_id": "erase-6", "body": "needed in court"})
    hold = await placed(home, room_id="erase-6")
    asked = {"password": PASSWORD}
    problem = await home.refused(412, "failed_precondition", "POST", "/api/privacy/erase", asked, bearer=bearer)
    assert problem["details"]["reason"] == "legal_hold"
    await home.refused(412, "failed_precondition", "POST", f"/api/privacy/users/{user}/erase", bearer=home.admin())
    page = await home.ok("GET", "/api/rooms/erase-6/messages", bearer=token("bob-6"))
    assert [one["body"] for one in page["messages"]] == ["needed in court"]
    assert (await home.ok("GET", "/api/privacy/export", bearer=bearer))["user_id"] == user
    erasure = home.context.once(erasure_of)
    assert await erasure.resume() == 0
    await release(home, hold)
    assert await erasure.resume(waiting=True) == 1
    assert await erasure.resume(waiting=True) == 0
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=bearer)
    await home.stores.vault.unlock([], anew=True)
    page = await home.ok("GET", "/api/rooms/erase-6/messages", bearer=token("bob-6"))
    assert [one["body"] for one in page["messages"]] == [""]


async def test_who_was_in_a_held_room_is_not_erased_and_a_stranger_is(home: House) -> None:
    ann = await a_room(home, "was-7", "ann-7", "bob-7", "cyd-7")
    await ann.ok("remove_member", {"room_id": "was-7", "user_id": "bob-7"})
    await placed(home, room_id="was-7")
    erase = "/api/privacy/users/{}/erase"
    for user in ("ann-7", "bob-7", "cyd-7"):
        await home.refused(412, "failed_precondition", "POST", erase.format(user), bearer=home.admin())
    await home.ok("POST", erase.format("dan-7"), bearer=home.admin())


async def test_what_a_hold_lies_over_must_be_there(home: House) -> None:
    at = home.admin()
    await home.refused(404, "not_found", "POST", "/api/holds", WHY | {"room_id": "nowhere"}, bearer=at)
    case = {"case_id": "case_01KAFZ0000000000000000000A"}
    await home.refused(404, "not_found", "POST", "/api/holds", WHY | case, bearer=at)
    await home.refused(400, "invalid_argument", "POST", "/api/holds", WHY, bearer=at)
    await home.refused(400, "invalid_argument", "POST", "/api/holds", WHY | {"user_id": "a", "room_id": "b"}, bearer=at)
    path = "/api/holds/lgh_01KAFZ0000000000000000000A"
    await home.refused(404, "not_found", "GET", f"{path}/export", bearer=at)
    await home.refused(404, "not_found", "POST", f"{path}/release", WHY, bearer=at)
