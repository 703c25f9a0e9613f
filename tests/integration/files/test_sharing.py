"""A file from end to end: sent, looked at, put into a room, read by whoever sees the message, and deleted."""

from typing import Any

import pytest

from actors.kernel.contract.entity import Principal
from actors.rooms.conversation.commands import Converse, Respond
from actors.rooms.conversation.policy import STRANGERS
from common.clock import to_rfc3339
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import a_picture, ready, settled, upload
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = b"What we talked about on Monday.\n" * 40


async def content(home: House, user: str, file_id: str, **headers: str) -> Any:
    return await home.call("GET", f"/api/files/{file_id}/content", bearer=token(user), **headers)


async def test_a_file_is_sent_and_its_owner_alone_reads_it(home: House) -> None:
    ada = await home.socket(token("ada"))
    begun = await upload(home, "ada", TEXT, "Mein Brief & Ada.txt", "text/plain")
    assert (begun["state"], begun["owner_id"], begun["name"]) == ("scanning", "ada", "Mein Brief & Ada.txt")
    await ada.next("file_updated")
    told = ada.all("file_updated")[0]["file"]
    assert (told["file_id"], told["state"], told["name"]) == (begun["file_id"], "ready", "Mein Brief & Ada.txt")
    found = await settled(home, "ada", begun["file_id"])
    assert (found["state"], found["type"], found["size"], found["scan"]) == ("ready", "text/plain", len(TEXT), "none")
    answer = await content(home, "ada", begun["file_id"])
    assert answer.content == TEXT
    shown = answer.headers["content-disposition"]
    assert shown == "inline; filename=\"Mein Brief _ Ada.txt\"; filename*=UTF-8''Mein%20Brief%20%26%20Ada.txt"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    await home.refused(404, "not_found", "GET", f"/api/files/{begun['file_id']}", bearer=token("bob"))
    assert (await content(home, "bob", begun["file_id"])).status_code == 404


async def test_whoever_sees_the_message_reads_the_file_until_they_leave_or_it_is_deleted(home: House) -> None:
    owner = await home.socket(token("ann"))
    await owner.ok("create_room", {"room_id": "files-1", "members": ["bob", "cyd"]})
    bob = await home.socket(token("bob"), gateway=1)
    await bob.ok("join_room", {"room_id": "files-1"})
    file_id = (await ready(home, "ann", TEXT))["file_id"]
    shared = await owner.ok("share_file", {"room_id": "files-1", "file_id": file_id, "caption": "Monday"})
    assert shared["file"]["file_id"] == file_id
    message = await bob.next("message")
    assert (message["body"], message["kind"], message["attachments"]) == ("Monday", "file", [{"file_id": file_id}])
    assert (await content(home, "bob", file_id)).content == TEXT
    assert (await home.ok("GET", "/api/files?room_id=files-1", bearer=token("cyd")))["files"][0]["file_id"] == file_id
    link = (await home.ok("POST", f"/api/files/{file_id}/link", {"ttl_s": 60}, bearer=token("bob")))["url"]
    path = link.removeprefix("http://127.0.0.1:8000")
    assert (await home.call("GET", path)).content == TEXT
    await owner.ok("remove_member", {"room_id": "files-1", "user_id": "bob"})
    assert (await content(home, "bob", file_id)).status_code == 404
    assert (await home.call("GET", path)).status_code == 404
    assert (await content(home, "cyd", file_id)).status_code == 200
    await owner.ok("delete_message", {"room_id": "files-1", "message_id": shared["id"]})
    assert (await content(home, "cyd", file_id)).status_code == 404
    assert (await content(home, "ann", file_id)).status_code == 200


async def test_a_plain_message_with_a_file_shares_it_as_well(home: House) -> None:
    owner = await home.socket(token("ann"))
    await owner.ok("create_room", {"room_id": "files-2", "members": ["bob"]})
    file_id = (await ready(home, "ann", TEXT))["file_id"]
    await owner.ok("message", {"room_id": "files-2", "body": "", "attachments": [{"file_id": file_id}]})
    assert (await content(home, "bob", file_id)).content == TEXT


async def test_nobody_puts_a_file_of_somebody_else_or_one_that_is_not_ready_into_a_room(home: House) -> None:
    ann, bob = await home.socket(token("ann")), await home.socket(token("bob"))
    await ann.ok("create_room", {"room_id": "files-3", "members": ["bob"]})
    file_id = (await ready(home, "ann", TEXT))["file_id"]
    asked = {"room_id": "files-3", "file_id": file_id}
    assert (await bob.error("share_file", asked))["code"] == "not_found"
    message = {"room_id": "files-3", "body": "", "attachments": [{"file_id": file_id}]}
    assert (await bob.error("message", message))["code"] == "not_found"
    later = message | {"send_at": "2126-01-01T00:00:00Z"}
    assert (await bob.error("schedule_message", later))["code"] == "not_found"
    begun = await upload(home, "ann", b"MZ\x90\x00" + b"\0" * 200, "tool")
    assert (await settled(home, "ann", begun["file_id"]))["reason"] == "type_not_allowed"
    error = await ann.error("share_file", {"room_id": "files-3", "file_id": begun["file_id"]})
    assert (error["code"], error["details"]["state"]) == ("failed_precondition", "rejected")


async def test_a_name_that_says_what_words_may_not_waits_as_they_do_now_and_later(home: House) -> None:
    begin = Converse(relation="client_client", other="bob-h", policy=STRANGERS, policy_version=1, asks=True, accepted=1)
    await home.region.ask("room:files-h", begin, by=Principal("ann-h"))
    await home.region.ask("room:files-h", Respond(accept=True, accepted=1), by=Principal("bob-h"))
    ann = await home.socket(token("ann-h"))
    file_id = (await ready(home, "ann-h", TEXT, "call 0171 5551234.txt"))["file_id"]
    asked = {"room_id": "files-h", "body": "", "attachments": [{"file_id": file_id}]}
    assert (await ann.ok("message", asked))["state"] == "held"
    soon = to_rfc3339(home.clock.now_ms() + 1_500)
    scheduled = (await ann.ok("schedule_message", asked | {"send_at": soon}))["scheduled"]
    assert scheduled["state"] == "waiting"
    told = await ann.next("message_held", 2)
    assert told["room_id"] == "files-h"


async def test_a_deleted_file_is_gone_everywhere_and_the_room_hears_it(home: House) -> None:
    ann, bob = await home.socket(token("ann")), await home.socket(token("bob"))
    await ann.ok("create_room", {"room_id": "files-4", "members": ["bob"]})
    await bob.ok("join_room", {"room_id": "files-4"})
    file_id = (await ready(home, "ann", TEXT))["file_id"]
    await ann.ok("share_file", {"room_id": "files-4", "file_id": file_id})
    await home.refused(403, "permission_denied", "DELETE", f"/api/files/{file_id}", bearer=token("bob"))
    await home.ok("DELETE", f"/api/files/{file_id}", bearer=token("ann"))
    for user in ("ann", "bob"):
        assert (await content(home, user, file_id)).status_code == 404
    await bob.until(lambda one: bool(one.all("file_updated")), "no file_updated")
    assert bob.all("file_updated")[-1]["file"]["state"] == "erased"

    async def wiped() -> bool:
        return await home.database["blobs.chunks"].count_documents({"files_id": file_id}) == 0

    await eventually(wiped, "its bytes are still there")


async def test_a_picture_is_made_anew_with_variants(home: House) -> None:
    found = await ready(home, "ann", a_picture(), "garden.jpg", "image/jpeg")
    assert found["image"] == {"width": 1600, "height": 1200, "variants": ["256", "1280"]}
    small = await home.call("GET", f"/api/files/{found['file_id']}/content?variant=256", bearer=token("ann"))
    assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
