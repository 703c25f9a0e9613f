"""What a message can be, from end to end: over both doors, on the real kernel and a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.clock import to_rfc3339
from tests.gateway_rig import Client, token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = {"room_id": "talk-1"}


def at(hours: float = 0, seconds: float = 0) -> str:
    moment = datetime.now(UTC) + timedelta(hours=hours, seconds=seconds)
    return to_rfc3339(int(moment.timestamp() * 1000))


async def three(home: House) -> tuple[Client, Client, Client]:
    """tess, a therapist who owns the room, ada and bob, clients in it: all of them listen."""
    tess, ada = await home.socket(token("tess", "therapist")), await home.socket(token("ada"), gateway=1)
    bob = await home.socket(token("bob"))
    await tess.ok("create_room", {**ROOM, "members": ["ada", "bob"]})
    for one in (tess, ada, bob):
        await one.ok("join_room", ROOM)
    return tess, ada, bob


async def said(who: Client, body: str = "hello", **members: Any) -> Any:
    return await who.ok("message", {**ROOM, "body": body, **members})


def of(message: Any) -> dict[str, Any]:
    return {**ROOM, "message_id": message["id"]}


async def test_markdown_mentions_and_links_are_made_once_and_told_to_all(home: House) -> None:
    tess, ada, bob = await three(home)
    sent = await said(
        tess, "**Read** [paypal.com](https://evil.example/x)", format="markdown", mentions=["ada"], priority="important"
    )
    shown = await bob.next("message")
    assert shown["html"].startswith("<p><strong>Read</strong> <a href=")
    assert shown["links"] == [{"url": "https://evil.example/x", "host": "evil.example", "verdict": "unusual"}]
    assert (shown["format"], shown["mentions"], shown["priority"]) == ("markdown", ["ada"], "important")
    assert (await ada.next("mentioned"))["message_id"] == sent["id"]
    assert not bob.all("mentioned")
    plain = await said(ada)
    heard = next(one for one in [*bob.all("message"), await bob.next("message", 2)] if one["id"] == plain["id"])
    assert len(heard) == 13, "a plain message is as it was"
    assert (await ada.error("message", {**ROOM, "body": "x", "priority": "urgent"}))["code"] == "permission_denied"
    assert (await ada.error("message", {**ROOM, "body": "x", "mention_all": True}))["code"] == "permission_denied"
    assert (await ada.error("message", {**ROOM, "body": "x", "mentions": ["eve"]}))["code"] == "invalid_argument"


async def test_threads_pins_versions_and_pages_around(home: House) -> None:
    tess, ada, bob = await three(home)
    first = await said(tess, "first")
    answer = await said(ada, "answer", reply_to=first["id"])
    deeper = await said(bob, "deeper", reply_to=answer["id"])
    thread = await home.ok("GET", f"/api/rooms/talk-1/messages/{deeper['id']}/thread", bearer=token("ada"))
    assert [one["body"] for one in [thread["root"], *thread["replies"]]] == ["first", "answer", "deeper"]
    assert thread["root"]["thread"]["replies"] == 2
    page = await ada.ok("history", {**ROOM, "around": answer["id"], "limit": 3})
    assert [one["body"] for one in page["messages"]] == ["first", "answer", "deeper"]
    later = await ada.ok("history", {**ROOM, "at": answer["sent_at"], "limit": 1})
    assert later["messages"][0]["id"] in (answer["id"], first["id"])
    both = await ada.error("history", {**ROOM, "around": answer["id"], "at": answer["sent_at"]})
    assert both["code"] == "invalid_argument"
    await bob.ok("mark_read", {**ROOM, "seq": deeper["seq"]})
    await tess.ok("edit_message", {**of(first), "body": "second"})
    changed = (await bob.next("message_updated"))["message"]
    assert (changed["edits"], changed["edited_after_read"]) == (1, True)
    versions = await home.ok("GET", f"/api/rooms/talk-1/messages/{first['id']}/edits", bearer=token("bob"))
    assert [one["body"] for one in versions["versions"]] == ["first", "second"]
    path = f"/api/rooms/talk-1/messages/{first['id']}/pin"
    await home.ok("PUT", path, bearer=token("tess", "therapist"))
    assert (await bob.next("pins_changed"))["pins"] == [first["id"]]
    pins = await home.ok("GET", "/api/rooms/talk-1/pins", bearer=token("bob"))
    assert [(one["id"], one["pinned"]) for one in pins["messages"]] == [(first["id"], True)]
    await tess.ok("delete_message", of(first))
    assert (await bob.next("pins_changed", 2))["pins"] == []
    gone = await home.ok("GET", f"/api/rooms/talk-1/messages/{first['id']}/edits", bearer=token("bob"))
    assert gone["versions"] == []


async def test_marks_of_delivery_and_of_reading_agree_and_can_be_kept(home: House) -> None:
    tess, ada, bob = await three(home)
    sent = await said(tess)
    await ada.ok("mark_delivered", {**ROOM, "seq": sent["seq"]})
    receipt = await tess.next("delivery_receipt")
    assert (receipt["user_id"], receipt["seq"]) == ("ada", sent["seq"])
    await bob.ok("mark_read", {**ROOM, "seq": sent["seq"]})
    state = await tess.ok("message_status", of(sent))
    assert ({one["user_id"] for one in state["delivered"]}, [one["user_id"] for one in state["read"]]) == (
        {"ada", "bob"},
        ["bob"],
    )
    assert (await ada.error("message_status", of(sent)))["code"] == "permission_denied"
    kept = await home.ok("PUT", "/api/chat/privacy", {"receipts": False}, bearer=token("bob"))
    assert kept == {"receipts": False, "typing": True}
    state = await tess.ok("message_status", of(sent))
    assert (state["hidden"], state["read"]) == (1, [])
    assert (await tess.ok("join_room", ROOM))["read"] == {}
    second = await said(tess, "again")
    await bob.ok("mark_read", {**ROOM, "seq": second["seq"]})
    await ada.ok("mark_read", {**ROOM, "seq": second["seq"]})
    await tess.until(lambda one: any(r["user_id"] == "ada" for r in one.all("read_receipt")), "no receipt of ada")
    assert [one["user_id"] for one in tess.all("read_receipt") if one["seq"] == second["seq"]] == ["ada"]
    assert {one["user_id"] for one in bob.all("read_receipt")} <= {"bob"}
    fresh = await home.socket(token("tess", "therapist"))
    await fresh.ok("create_room", {"room_id": "talk-2", "members": ["bob"]})
    other = await fresh.ok("message", {"room_id": "talk-2", "body": "x"})
    state = await fresh.ok("message_status", {"room_id": "talk-2", "message_id": other["id"]})
    assert state["hidden"] == 1, "what he chose holds in rooms that he comes into later"


async def test_what_asks_to_be_acknowledged_is_and_is_told(home: House) -> None:
    tess, _, bob = await three(home)
    sent = await said(tess, "please", ack_requested=True, priority="urgent")
    answer = await home.ok("POST", f"/api/rooms/talk-1/messages/{sent['id']}/acknowledge", bearer=token("ada"))
    assert answer == {"ack": {"requested": True, "by": ["ada"]}}
    heard = await bob.next("message_acknowledged")
    assert (heard["message_id"], heard["user_id"]) == (sent["id"], "ada")
    [message] = (await bob.ok("history", {**ROOM, "limit": 1}))["messages"]
    assert message["ack"] == {"requested": True, "by": ["ada"]}
    assert (await tess.error("acknowledge_message", of(sent)))["code"] == "failed_precondition"


async def test_blocks_are_checked_when_posted_and_used_by_ones_own_right(home: House) -> None:
    tess, ada, bob = await three(home)
    choice = {"type": "choice", "prompt": "When?", "options": ["am", "pm"]}
    sent = await said(tess, "", blocks=[choice])
    [block] = (await ada.next("message"))["blocks"]
    assert (block["block_id"], block["state"], block["fallback"]) == ("blk_1", "open", "When? 1. am; 2. pm")
    path = f"/api/rooms/talk-1/messages/{sent['id']}/blocks/blk_1"
    assert await home.ok("POST", path, {"choose": [1]}, bearer=token("ada")) == {"counts": [0, 1]}
    assert await bob.ok("use_block", {**of(sent), "block_id": "blk_1", "choose": [1]}) == {"counts": [0, 2]}
    assert await tess.ok("use_block", {**of(sent), "block_id": "blk_1", "close": True}) == {"counts": [0, 2]}
    assert (await bob.next("block_updated"))["state"] == "closed"
    late = await bob.error("use_block", {**of(sent), "block_id": "blk_1", "choose": [0]})
    assert late["code"] == "failed_precondition"
    foreign = await ada.error("message", {**ROOM, "body": "", "blocks": [{"type": "payment", "bill_id": "bil_1"}]})
    assert foreign["code"] == "not_found"
    unknown = await ada.error("message", {**ROOM, "body": "", "blocks": [{"type": "poll"}]})
    assert unknown["code"] == "invalid_argument"
    many = await ada.error("message", {**ROOM, "body": "", "blocks": [choice] * 11})
    assert many["code"] == "invalid_argument"


async def test_times_that_are_offered_are_booked_once_and_come_back(home: House) -> None:
    tess, ada, bob = await three(home)
    hours = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    services = [{"service_id": "talk", "title": "Talk", "duration_minutes": 60}]
    calendar = {"tz": "UTC", "weekly": hours, "slot_minutes": 60, "services": services}
    await home.ok("PUT", "/api/calendars/tess", calendar, bearer=token("tess", "therapist"))
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    begins = to_rfc3339(int(start.timestamp() * 1000))
    slots = {"type": "slots", "therapist_id": "tess", "service_id": "talk", "starts": [begins]}
    sent = await said(tess, "", blocks=[slots])
    assert (await ada.error("message", {**ROOM, "body": "", "blocks": [slots]}))["code"] == "permission_denied"
    used = await ada.ok("use_block", {**of(sent), "block_id": "blk_1", "start": begins})
    assert used["booking"]["source"] == {"room_id": "talk-1", "message_id": sent["id"]}
    assert (await bob.next("block_updated"))["state"] == "booked"
    second = await bob.error("use_block", {**of(sent), "block_id": "blk_1", "start": begins})
    assert second["code"] == "conflict"
    await ada.ok("cancel_booking", {"booking_id": used["booking"]["id"]})
    await bob.until(lambda one: [e["state"] for e in one.all("block_updated")][-1:] == ["open"], "not open again")
    asked = await said(ada, "Could we meet on Thursday?")
    about = {**of(asked), "service_id": "talk"}
    offered = await home.ok("POST", "/api/bookings/from-message", about, bearer=token("tess", "therapist"))
    assert offered["slots"]
    body = {**about, "start": begins}
    booked = await home.call("POST", "/api/bookings/from-message", body, bearer=token("tess", "therapist"))
    assert booked.status_code == 201, booked.text
    assert (booked.json()["client_id"], booked.json()["source"]["message_id"]) == ("ada", asked["id"])
    await bob.until(lambda one: one.all("message")[-1].get("source") == "system", "not shown in the room")
    [shown] = bob.all("message")[-1]["blocks"]
    assert (shown["state"], shown["starts"]) == ("booked", [begins])


async def test_what_is_said_later_is_said_once_at_its_time_or_told_why_not(home: House) -> None:
    tess, ada, bob = await three(home)
    body = {"body": "later", "send_at": at(seconds=1.5)}
    made = await home.ok("POST", "/api/rooms/talk-1/scheduled", body, bearer=token("ada"))
    assert made["scheduled"]["state"] == "waiting"
    told = await ada.next("scheduled_updated")
    assert told["scheduled"]["state"] == "sent"
    [message] = [one for one in bob.all("message") if one["id"] == told["scheduled"]["message_id"]]
    assert (message["body"], message["source"], message["sender_id"]) == ("later", "schedule", "ada")
    waits = (await bob.ok("schedule_message", {**ROOM, "body": "never", "send_at": at(1)}))["scheduled"]
    path = f"/api/chat/scheduled/{waits['scheduled_id']}"
    await home.ok("PATCH", path, {"body": "no more"}, bearer=token("bob"))
    [listed] = (await home.ok("GET", "/api/chat/scheduled", bearer=token("bob")))["scheduled"]
    assert (listed["body"], listed["state"]) == ("no more", "waiting")
    soon = {"scheduled_id": waits["scheduled_id"], "send_at": at(seconds=1.5)}
    await bob.ok("update_scheduled", soon)
    await tess.ok("remove_member", {**ROOM, "user_id": "bob"})
    failed = (await bob.next("scheduled_updated"))["scheduled"]
    assert (failed["state"], failed["reason"]) == ("failed", "permission_denied")
    late = await bob.error("cancel_scheduled", {"scheduled_id": waits["scheduled_id"]})
    assert late["code"] == "failed_precondition"
    past = await ada.error("schedule_message", {**ROOM, "body": "x", "send_at": at(-1)})
    assert past["code"] == "invalid_argument"
