"""The audit record, access in emergencies, export and erasure; and nothing personal where it does not belong."""

import asyncio
import json
from typing import Any

import pytest

from actors.presence.keeping import keep
from actors.presence.state import Memory
from common.errors import Unavailable
from serve_app.capabilities.audit.chain import AuditEntry, Head, parse_head
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.privacy.capability import erasure_of
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.integration.identity.attacks.victim import a_victim
from tests.system.harness import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADA = "ada@example.org"
REASON = "Client does not answer after an alarm."


async def test_two_processes_append_to_one_chain_and_it_stays_whole(home: House) -> None:
    records = [AuditRecord(home.database, home.clock) for _ in range(2)]
    await asyncio.gather(*(records[n % 2].append(AuditEntry("login", f"u{n}")) for n in range(60)))
    verdict = await records[0].verify()
    assert (verdict.broken_at, verdict.head.number) == (0, 60)
    links = await records[0].page(subject=None, below=None, limit=100)
    assert {link.entry.actor for link in links} == {f"u{n}" for n in range(60)}


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ({"$set": {"actor": "eve"}}, 3),
        ({"$set": {"why": "because"}}, 3),
        ({"$set": {"hash": "0" * 64}}, 3),
        (None, 3),
    ],
)
async def test_who_touches_the_record_is_found_out(home: House, change: Any, broken_at: int) -> None:
    record = AuditRecord(home.database, home.clock)
    for n in range(6):
        await record.append(AuditEntry("login", f"u{n}"))
    audit = home.database["audit"]
    await (audit.delete_one({"_id": 3}) if change is None else audit.update_one({"_id": 3}, change))
    assert (await record.verify()).broken_at == broken_at


async def test_a_cut_end_is_found_and_so_is_another_past(home: House) -> None:
    record = AuditRecord(home.database, home.clock)
    for n in range(6):
        await record.append(AuditEntry("login", f"u{n}"))
    head = (await record.verify()).head
    assert (await record.verify(parse_head(str(head)))).broken_at == 0
    assert (await record.verify(Head(4, "0" * 64))).broken_at == 4
    await home.database["audit"].delete_one({"_id": 6})
    assert (await record.verify()).broken_at == 6
    await home.database["audit_heads"].delete_many({})
    assert (await record.verify()).broken_at == 0  # who also clears the head beside it is found by a noted one only:
    assert (await record.verify(head)).broken_at == 6


async def test_everybody_reads_what_concerns_them_and_administrators_all(home: House) -> None:
    ada = await home.register(ADA)
    user = ada["user"]["user_id"]
    mine = (await home.ok("GET", "/api/audit", bearer=ada["access_token"]))["items"]
    assert [entry["action"] for entry in mine] == ["account.registered"]
    assert (await home.ok("GET", f"/api/audit?subject={user}", bearer=home.admin()))["items"] == mine
    await home.refused(403, "permission_denied", "GET", f"/api/audit?subject={user}", bearer=token("eve"))
    await home.ok("GET", "/api/audit", bearer=home.admin())


async def a_room(home: House, owner: str, room_id: str, body: str) -> None:
    client = await home.socket(owner)
    await client.ok("create_room", {"room_id": room_id, "title": "r"})
    await client.ok("message", {"room_id": room_id, "body": body})


async def test_breaking_the_glass_is_recorded_told_and_ends(home: House) -> None:
    ada = await home.register(ADA)
    await a_room(home, ada["access_token"], "glass", "I am not well")
    moderator, user = token("mo", "moderator"), ada["user"]["user_id"]
    await home.refused(403, "permission_denied", "GET", "/api/rooms/glass/messages", bearer=moderator)
    listener = await home.socket(ada["access_token"])
    body = {"subject_id": user, "reason": REASON, "minutes": 10}
    grant = await home.ok("POST", "/api/break-glass", body, bearer=moderator)
    notice = await listener.next("access_notice")
    assert (notice["reason"], notice["role"], notice["grant_id"]) == (REASON, "moderator", grant["grant_id"])
    path = f"/api/break-glass/{grant['grant_id']}"
    (room,) = (await home.ok("GET", f"{path}/rooms", bearer=moderator))["rooms"]
    assert room["room"]["room_id"] == "glass"
    page = await home.ok("GET", f"{path}/rooms/glass/messages", bearer=moderator)
    assert page["messages"][0]["body"] == "I am not well"
    assert (await home.actions(user))[-3:] == ["breakglass.opened", "breakglass.read", "breakglass.read"]
    for other in (token("max", "moderator"), home.admin()):
        await home.refused(404, "not_found", "GET", f"{path}/rooms", bearer=other)
    home.clock.ahead_ms = 11 * 60_000
    late = token("mo", "moderator", ttl_s=3600)
    await home.refused(403, "permission_denied", "GET", f"{path}/rooms", bearer=late)
    assert (await home.actions(user))[-1] == "breakglass.late"


async def test_glass_that_was_closed_early_is_closed(home: House) -> None:
    moderator = token("mo", "moderator")
    grant = await home.ok("POST", "/api/break-glass", {"subject_id": "ada", "reason": REASON}, bearer=moderator)
    path = f"/api/break-glass/{grant['grant_id']}"
    await home.ok("DELETE", path, bearer=moderator)
    await home.refused(403, "permission_denied", "GET", f"{path}/rooms", bearer=moderator)
    for role in ("client", "therapist"):
        body = {"subject_id": "ada", "reason": REASON}
        await home.refused(403, "permission_denied", "POST", "/api/break-glass", body, bearer=token("t", role))


async def test_what_staff_reads_over_a_socket_is_recorded(home: House) -> None:
    staff = await home.socket(token("tess", "therapist"))
    await staff.ok("create_room", {"room_id": "care", "members": ["ada"]})
    ada = await home.socket(token("ada"))
    await ada.ok("message", {"room_id": "care", "body": "hello"})
    await staff.ok("history", {"room_id": "care"})
    await ada.ok("history", {"room_id": "care"})
    found: list[Any] = []

    async def recorded() -> bool:
        found[:] = await home.database["audit"].find({"action": "room.read"}).to_list(None)
        return bool(found)

    await wait_until(recorded, within_s=10, what="no entry")
    members = ("actor", "role", "resource", "subject", "address", "why")
    assert [tuple(one[member] for member in members) for one in found] == [
        ("tess", "therapist", "care", "ada", "127.0.0.1", "policy: owner, member, cover, requested")
    ]
    assert found[0]["request"]


async def test_what_staff_reads_over_http_is_recorded_before_it_is_answered(home: House) -> None:
    """Who, what, whose, when, from where, why; nothing for what is one's own, and no answer without a record."""
    victim = await a_victim(home)
    ids, tess = victim.ids, victim.ids["therapist_id"]
    await victim.socket.ok("add_members", {"room_id": ids["room_id"], "user_ids": [tess]})
    reads = {
        f"/api/rooms/{ids['room_id']}/messages": ("room.read", ids["room_id"]),
        "/api/rooms": ("room.list", ""),
        f"/api/bookings/{ids['booking_id']}": ("booking.read", ids["booking_id"]),
        "/api/bookings": ("booking.read", ""),
        f"/api/series/{ids['series_id']}": ("series.read", ids["series_id"]),
        f"/api/waitlist?therapist_id={tess}": ("waitlist.read", tess),
        f"/api/calendars/{tess}/feed.ics": ("calendar.feed", tess),
        "/api/care": ("care.read", ""),
    }
    began_ms = home.clock.now_ms()
    for path, (action, resource) in reads.items():
        before = (await home.service.parts.audit.verify()).head.number
        answer = await home.call("GET", path, bearer=victim.therapist, address="10.1.1.1")
        assert answer.status_code == 200, path
        entries = await home.database["audit"].find({"_id": {"$gt": before}}).to_list(None)
        hers = [one for one in entries if one["subject"] == ids["user_id"]]
        assert [(one["actor"], one["action"], one["resource"]) for one in hers] == [(tess, action, resource)], path
        assert (hers[0]["address"], hers[0]["role"]) == ("10.1.1.1", "therapist")
        assert hers[0]["request"] == answer.headers["x-request-id"]
        assert hers[0]["why"].startswith("policy: ")
        assert hers[0]["at_ms"] >= began_ms
    user = await home.call("GET", f"/api/users/{ids['user_id']}", bearer=home.admin())
    assert user.status_code == 200
    assert "account.read" in await home.actions(ids["user_id"])
    count = await home.database["audit"].count_documents({})
    for path in ("/api/auth/me", "/api/bookings", f"/api/bookings/{ids['booking_id']}"):
        await home.ok("GET", path, bearer=victim.bearer)  # her own
    await home.ok("GET", "/api/auth/me", bearer=victim.therapist)
    assert await home.database["audit"].count_documents({}) == count


async def test_who_is_who_is_seen_under_break_glass_over_somebody_who_is_there(home: House) -> None:
    ada = await home.socket(token("ada"))
    await ada.ok("create_room", {"room_id": "veiled", "members": ["bob"], "anonymous": True})
    moderator = token("mo", "moderator")
    grant = await home.ok("POST", "/api/break-glass", {"subject_id": "bob", "reason": REASON}, bearer=moderator)
    path = f"/api/break-glass/{grant['grant_id']}/rooms/veiled/members"
    told = await home.ok("GET", path, bearer=moderator)
    assert {one["user_id"] for one in told["members"]} == {"ada", "bob"}
    assert all(one["alias"].startswith("alias_") for one in told["members"])
    assert "breakglass.read" in await home.actions("bob")
    await home.refused(404, "not_found", "GET", path, bearer=token("mia", "moderator"))
    elsewhere = await home.ok("POST", "/api/break-glass", {"subject_id": "cyd", "reason": REASON}, bearer=moderator)
    path = f"/api/break-glass/{elsewhere['grant_id']}/rooms/veiled/members"
    await home.refused(403, "permission_denied", "GET", path, bearer=moderator)


async def test_what_was_refused_is_not_recorded_as_read(home: House) -> None:
    victim = await a_victim(home)
    count = await home.database["audit"].count_documents({})
    path = f"/api/rooms/{victim.ids['room_id']}/messages"
    await home.refused(403, "permission_denied", "GET", path, bearer=token("other", "therapist"))
    assert await home.database["audit"].count_documents({}) == count


async def test_what_cannot_be_recorded_is_not_shown(home: House) -> None:
    victim = await a_victim(home)
    record: Any = home.service.parts.audit

    async def away(entry: AuditEntry) -> None:
        raise Unavailable("The database does not answer.")

    record.append = away
    try:
        answer = await home.call("GET", f"/api/bookings/{victim.ids['booking_id']}", bearer=victim.therapist)
    finally:
        del record.append
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Canary" not in answer.text


async def test_an_export_has_all_of_one_person_and_nothing_of_others(home: House) -> None:
    ada, bob = await home.register(ADA, name="Ada"), await home.register("bob@example.org", name="Bob")
    await a_room(home, ada["access_token"], "export", "mine")
    owner = home.clients[-1]
    await owner.ok("add_members", {"room_id": "export", "user_ids": [bob["user"]["user_id"]]})
    other = await home.socket(bob["access_token"])
    await other.ok("message", {"room_id": "export", "body": "not mine"})
    document = await home.ok("GET", "/api/privacy/export", bearer=ada["access_token"])
    text = json.dumps(document)
    assert document["account"]["email"] == ADA
    assert [message["body"] for message in document["rooms"][0]["messages"]] == ["mine"]
    assert not any(foreign in text for foreign in ("not mine", "bob@example.org", "Bob"))
    assert document["audit"]
    theirs = await home.ok("GET", "/api/privacy/export", bearer=bob["access_token"])
    assert {event["event"] for event in theirs["inbox"]} == {"room_added"}
    foreign = await home.ok("GET", "/api/privacy/export", bearer=token("stranger"))
    assert (foreign["account"], foreign["presence"]) == (None, None)
    await keep(home.stores.views, [("stranger", Memory("busy", 0, 1_000, 1))])
    foreign = await home.ok("GET", "/api/privacy/export", bearer=token("stranger"))
    assert foreign["presence"] == {"status": "busy", "last_seen": "1970-01-01T00:00:01.000Z"}


async def test_erasing_a_person_leaves_tombstones_and_no_way_back(home: House) -> None:
    ada, bob = await home.register(ADA, name="Ada"), await home.register("bob@example.org")
    user = ada["user"]["user_id"]
    await a_room(home, ada["access_token"], "erased", "my secret")
    await home.clients[-1].ok("add_members", {"room_id": "erased", "user_ids": [bob["user"]["user_id"]]})
    for wrong in (None, {"password": "wrong"}):
        await home.refused(401, "unauthenticated", "POST", "/api/privacy/erase", wrong, bearer=ada["access_token"])
    await home.ok("POST", "/api/privacy/erase", {"password": PASSWORD}, bearer=ada["access_token"])
    for bearer in (ada["access_token"], token(user)):
        await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=bearer)
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", {"email": ADA, "password": PASSWORD})
    page = await home.ok("GET", "/api/rooms/erased/messages", bearer=bob["access_token"])
    assert [(one["sender_id"], one["body"]) for one in page["messages"]] == [(user, "")]
    account = await home.database["accounts"].find_one({"_id": user})
    assert account is not None
    assert (account["status"], account["sealed"], account.get("mail")) == ("erased", None, None)
    assert await home.database["sessions"].count_documents({"user": user}) == 0
    assert await home.database["keys"].count_documents({"s": user, "w": {"$ne": b""}}) == 0
    await home.refused(
        412, "failed_precondition", "PATCH", f"/api/users/{user}", {"blocked": False}, bearer=home.admin()
    )
    assert (await home.register(ADA))["user"]["user_id"] != user  # the address may begin anew
    assert (await home.service.parts.audit.verify()).broken_at == 0


async def test_an_interrupted_erasure_is_finished_at_the_next_start(home: House) -> None:
    user = (await home.register(ADA))["user"]["user_id"]
    await home.database["erasures"].insert_one({"_id": user, "done": False})
    assert await home.context.once(erasure_of).resume() == 1
    account = await home.database["accounts"].find_one({"_id": user})
    assert account is not None
    assert account["status"] == "erased"
    assert await home.context.once(erasure_of).resume() == 0


async def test_a_person_of_another_issuer_stays_erased(home: House) -> None:
    await home.ok("POST", "/api/privacy/users/stranger/erase", bearer=home.admin())
    unblock = {"blocked": False}
    await home.refused(412, "failed_precondition", "PATCH", "/api/users/stranger", unblock, bearer=home.admin())
    await home.refused(401, "unauthenticated", "GET", "/api/auth/me", bearer=token("stranger"))


async def test_administrators_erase_others_and_nobody_else_does(home: House) -> None:
    user = (await home.register(ADA))["user"]["user_id"]
    path = f"/api/privacy/users/{user}/erase"
    for role in ("client", "therapist", "moderator"):
        await home.refused(403, "permission_denied", "POST", path, bearer=token("eve", role))
    await home.ok("POST", path, bearer=home.admin())
    await home.refused(404, "not_found", "GET", "/api/privacy/users", bearer=home.admin())
