"""Erasure, with a unique string planted wherever a person can leave one, and every collection searched afterwards."""

from typing import Any

import bson
import pytest

from actors.inboxes.commands import ReadInbox
from actors.kernel.contract.entity import Principal
from actors.presence.keeping import PRESENCE, keep
from actors.presence.state import Memory
from store.ports.keys import ID_BYTES
from tests.gateway_rig import token
from tests.identity_rig import PASSWORD, House
from tests.integration.identity.attacks.victim import CANARY, Victim, a_victim, when

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
ADA = "ada@example.org"
TITLE = f"{CANARY} room"  # titles of rooms are in the clear and stay: they are the others' too


async def everything(home: House) -> dict[str, bytes]:
    """Each collection, as bytes."""
    names = await home.database.list_collection_names()
    found = {name: await home.database[name].find().to_list(None) for name in names}
    return {name: b"\n".join(bson.encode(one) for one in documents) for name, documents in found.items()}


def holding(dump: dict[str, bytes], *texts: str) -> dict[str, list[str]]:
    """Which collections hold which of these."""
    found = {name: [text for text in texts if text.encode() in content] for name, content in dump.items()}
    return {name: texts for name, texts in found.items() if texts}


def blobs(node: Any) -> list[bytes]:
    """Everything in a document that may be sealed."""
    if isinstance(node, bytes):
        return [node]
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [blob for value in values for blob in blobs(value)]


async def planted(home: House) -> tuple[Victim, list[str]]:
    """The victim, with more of herself everywhere; and the strings."""
    victim = await a_victim(home)
    ids, bearer = victim.ids, victim.bearer
    login = {"email": ADA, "password": PASSWORD, "device_name": f"{CANARY} tablet"}
    for key in ("k1", "k2"):
        await home.ok("POST", "/api/auth/login", login, Idempotency_Key=key)
    await home.refused(401, "unauthenticated", "POST", "/api/auth/login", login | {"password": f"{CANARY} guess"})
    await home.service.parts.codes.make("reset", ids["user_id"])
    for event, payload in (
        ("set_presence", {"status": "busy"}),
        ("add_members", {"room_id": ids["room_id"], "user_ids": [ids["therapist_id"]]}),
        ("edit_message", {"room_id": ids["room_id"], "message_id": ids["message_id"], "body": f"{CANARY} edited"}),
        ("message", {"room_id": ids["room_id"], "body": "", "attachments": [{"name": f"{CANARY} attachment"}]}),
    ):
        await victim.socket.ok(event, payload)
    gone = {"therapist_id": ids["therapist_id"], "service_id": "talk", "start": when(18), "notes": f"{CANARY} notes"}
    booking = await home.ok("POST", "/api/bookings", gone, bearer=bearer, Idempotency_Key="b1")
    ids["cancelled_id"] = booking["id"]
    why = {"reason": f"{CANARY} reason"}
    await home.ok("POST", f"/api/bookings/{booking['id']}/cancel", why, bearer=bearer, Idempotency_Key="b2")
    kinds = ("message", "edited", "attachment", "notes", "reason", "wish", "phone", "tablet", "guess")
    told = ("title", "body", "data", "link", "key")
    texts = [f"{CANARY} {kind}" for kind in (*kinds, *told)]
    return victim, [ADA, f"Ada {CANARY}", PASSWORD, f"{CANARY}-endpoint", *texts]


async def test_nothing_that_a_person_wrote_is_stored_in_the_clear(home: House) -> None:
    _, texts = await planted(home)
    dump = await everything(home)
    assert len(dump) >= 20
    assert holding(dump, *texts) == {}
    assert holding(dump, TITLE), "the net was out"


async def test_an_erased_person_is_in_no_collection_and_in_nobody_elses_view(home: House) -> None:
    victim, texts = await planted(home)
    ids, staff = victim.ids, victim.therapist
    user, room = ids["user_id"], ids["room_id"]
    mail = home.service.parts.accounts.mail_of(ADA)
    account = await home.database["accounts"].find_one({"_id": user})
    assert holding(await everything(home), mail)["accounts"]
    assert account is not None
    views = (f"/api/bookings/{ids['booking_id']}", f"/api/bookings/{ids['cancelled_id']}")
    assert CANARY in str([await home.ok("GET", path, bearer=staff) for path in views])  # before, there it is

    await home.ok("POST", "/api/privacy/erase", {"password": PASSWORD}, bearer=victim.bearer)
    dump = await everything(home)
    secrets = [account["mail"], account["password"], account["sealed"].hex(), mail]
    assert holding(dump, *texts, *secrets) == {}
    await _no_key_is_left(home, user)
    opened = await _what_anonymous_requests_left(home)
    assert not [one for one in opened if CANARY.encode() in one or ADA.encode() in one]

    paths = (*views, "/api/bookings", f"/api/waitlist?therapist_id={ids['therapist_id']}", "/api/privacy/export")
    shown = [await home.call("GET", path, bearer=staff) for path in (*paths, f"/api/rooms/{room}/messages")]
    assert {answer.status_code for answer in shown} == {200}
    shown.append(await home.call("GET", "/api/audit?limit=200", bearer=home.admin()))
    for answer in shown:
        assert CANARY not in answer.text.replace(TITLE, ""), answer.text
        assert ADA not in answer.text
    assert {one["status"] for one in shown[2].json()["bookings"] if one["client_id"] == user} == {"cancelled"}
    assert [one for one in shown[3].json()["entries"] if one["client_id"] == user] == []
    assert [one["sender_id"] for one in shown[5].json()["messages"]] == [user, user]  # tombstones keep their places


async def _no_key_is_left(home: House, user: str) -> None:
    """Not one, though letters still come; and what they seal is noise."""
    await home.service.parts.notices.tell(user, "care_updated", {"late": f"{CANARY} letter"}, must=True)
    reply = await home.region.submit(f"user:{user}", ReadInbox(0, 200), by=Principal(user))
    assert CANARY.encode() not in reply.data
    keys = await home.database["keys"].find({"s": user}).to_list(None)
    assert [(one["w"], one["m"]) for one in keys] == [(b"", "")]
    for _ in range(2):
        (memory,) = (await home.stores.views.get(PRESENCE, [user])).values()
        assert b"busy" not in memory.data
        await keep(home.stores.views, [(user, Memory("busy", 1, 1, home.clock.now_ms()))])


async def _what_anonymous_requests_left(home: House) -> list[bytes]:
    """Every kept answer that can still be opened."""
    live = {bytes(one["_id"]) for one in await home.database["keys"].find({"m": {"$ne": ""}}).to_list(None)}
    opened = []
    for one in await home.database["idempotency"].find().to_list(None):
        for blob in blobs(one):
            if blob[1 : 1 + ID_BYTES] in live:
                await home.stores.vault.unlock([blob])
                opened.append(home.stores.vault.open(blob, one["_id"].encode()) or b"")
    return opened


async def test_an_export_has_bookings_with_their_notes_and_the_waitlist(home: House) -> None:
    victim, _ = await planted(home)
    document = await home.ok("GET", "/api/privacy/export", bearer=victim.bearer)
    assert f"{CANARY} notes" in {one.get("notes") for one in document["bookings"]}
    assert {one["client_id"] for one in document["bookings"]} == {victim.ids["user_id"]}
    assert {one["note"] for one in document["waitlist"]} == {f"{CANARY} wish"}
    other = await home.ok("GET", "/api/privacy/export", bearer=token("somebody-else"))
    assert (other["bookings"], other["waitlist"]) == ([], [])
