"""What is found, by whom, at both doors; and what is found no more."""

from typing import Any, Final

import pytest

from serve_app.capabilities.search.port import Delete, Key, Put
from serve_app.capabilities.search.process.process import SearchProcess
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import ready
from tests.integration.search.rig import found, over, search, until_found, until_titled
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")
SHEET: Final[dict[str, Any]] = {
    "title": "The hammock diary",
    "description": "Waking hours, page by page.",
    "schema": {"fields": [{"id": "rest", "type": "boolean", "label": "Did you lie in the hammock?"}]},
}


async def test_messages_are_found_by_whoever_is_in_the_room_at_both_doors_until_they_are_removed(home: House) -> None:
    ann, bob = await home.socket(token("ann")), await home.socket(token("bob"), gateway=1)
    await ann.ok("create_room", {"room_id": "s-1", "title": "Garden plans", "members": ["bob"]})
    await ann.ok("message", {"room_id": "s-1", "body": "The gardener runs in the morning."})
    await bob.ok("message", {"room_id": "s-1", "body": "Nothing of that kind."})
    await until_found(home, token("bob"), "The gardener runs in the morning.", q="running", type="messages")
    page = await bob.ok("search", {"q": "RUNNING", "type": "messages", "facets": "sender_id,type"})
    (hit,) = page["hits"]
    assert (hit["type"], hit["room_id"], hit["user_id"], hit["seq"]) == ("messages", "s-1", "ann", 2)
    mark = hit["highlights"][0]
    assert hit["snippet"][mark["start"] : mark["end"]] == "runs"
    assert page["total"] == {"value": 1, "exact": True}
    assert page["facets"] == {
        "sender_id": [{"value": "ann", "count": 1}],
        "type": [{"value": "messages", "count": 1}],
    }
    await until_found(home, token("bob"), "Garden plans", q="garden", type="rooms")
    assert await found(home, token("eve"), q="gardener") == []
    await ann.ok("remove_member", {"room_id": "s-1", "user_id": "bob"})
    assert await found(home, token("bob"), q="gardener") == []
    assert (await bob.error("search_messages", {"room_id": "s-1", "q": "gardener"}))["code"] == "permission_denied"


async def test_an_edit_and_a_deletion_are_found_as_they_are(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-2"})
    said = await ann.ok("message", {"room_id": "s-2", "body": "A zebra stands there."})
    await until_found(home, token("ann"), "A zebra stands there.", q="zebra")
    await ann.ok("edit_message", {"room_id": "s-2", "message_id": said["id"], "body": "An okapi stands there."})
    assert await found(home, token("ann"), q="zebra") == []
    await until_found(home, token("ann"), "An okapi stands there.", q="okapi")
    await ann.ok("delete_message", {"room_id": "s-2", "message_id": said["id"]})
    assert await found(home, token("ann"), q="okapi") == []
    page = await search(home, token("ann"), q="okapi")
    assert page["total"] == {"value": 0, "exact": True}


async def test_people_are_found_by_name_as_identity_shows_them(home: House) -> None:
    mia = await home.register("mia@example.org", name="Mia Quillfeather")
    max_ = await home.staff("max@example.org", "therapist")
    await until_found(home, token("root", "admin"), "Mia Quillfeather", q="quillfeather", type="users")
    assert await found(home, token("eve"), q="quillfeather") == []
    assert await found(home, token("tom", "therapist"), q="quillfeather", type="patients") == []
    body = {"client_id": mia["user"]["user_id"], "therapist_id": max_["user"]["user_id"]}
    await home.ok("POST", "/api/care", body, bearer=home.admin())
    assert await found(home, max_["access_token"], q="quillfeather", type="patients") == ["Mia Quillfeather"]


async def test_an_address_finds_somebody_in_full_and_for_staff_alone(home: House) -> None:
    nora = await home.register("nora.lark@example.org", name="Nora Lark")
    tess = await home.staff("tess@example.org", "therapist")
    body = {"client_id": nora["user"]["user_id"], "therapist_id": tess["user"]["user_id"]}
    await home.ok("POST", "/api/care", body, bearer=home.admin())
    await until_found(home, tess["access_token"], "Nora Lark", q="lark", type="users")
    for staff in (home.admin(), token("mo", "moderator")):
        assert await found(home, staff, q=" Nora.Lark@EXAMPLE.org", type="users") == ["Nora Lark"]
        assert await found(home, staff, q="nora.lark@example", type="users") == []
        assert await found(home, staff, q="lark@example.org", type="users") == []
    assert await found(home, tess["access_token"], q="nora.lark@example.org", type="users") == []


async def test_a_type_asked_for_is_the_type_that_is_answered(home: House) -> None:
    body = {"email": "ruth@example.org", "role": "therapist"}
    invitation = (await home.ok("POST", "/api/invitations", body, bearer=home.admin()))["code"]
    ruth = await home.register("ruth@example.org", name="Ruth Wagtail", invitation=invitation)
    await until_found(home, token("eve"), "Ruth Wagtail", q="wagtail", type="doctors")
    for asked, type_ in (({"type": "people"}, "people"), ({"type": "therapists"}, "therapists"), ({}, "therapists")):
        (hit,) = (await search(home, token("eve"), q="wagtail", **asked))["hits"]
        assert (hit["type"], hit["user_id"]) == (type_, ruth["user"]["user_id"])
    await until_found(home, token("eve"), "eve", q="", type="patients")


async def test_therapists_are_found_by_what_they_offer_and_when_they_are_free(home: House) -> None:
    hours = {day: [["00:00", "23:30"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    offered = [{"service_id": "lullabies", "duration_minutes": 30, "format": "video"}]
    calendar = {"tz": "UTC", "weekly": hours, "services": offered, "languages": ["de", "pt-BR"]}
    await home.ok("PUT", "/api/calendars/uma", calendar, bearer=token("uma", "therapist"))
    await until_titled(home, token("eve"), "uma", type="therapists", service_id="lullabies")
    asked = {
        "type": "therapists",
        "language": "de",
        "format": "video",
        "facets": "language,format,service_id,next_free",
    }
    page = await search(home, token("eve"), **asked)
    (hit,) = page["hits"]
    assert hit["user_id"] == "uma"
    assert page["facets"] == {
        "language": [{"value": "de", "count": 1}, {"value": "pt-BR", "count": 1}],
        "format": [{"value": "video", "count": 1}],
        "service_id": [{"value": "lullabies", "count": 1}],
        "next_free": [{"value": hit["next_free"][:10], "count": 1}],
    }
    late = "2099-01-01T00:00:00.000Z"
    assert await found(home, token("eve"), service_id="lullabies", free_before=late) == ["uma"]
    assert await found(home, token("eve"), service_id="lullabies", free_before=hit["next_free"]) == []
    assert await found(home, token("eve"), type="therapists", language="fr") == []
    closed = {**calendar, "weekly": {}, "languages": ["fr"]}
    await home.ok("PUT", "/api/calendars/uma", closed, bearer=token("uma", "therapist"))
    assert await found(home, token("eve"), service_id="lullabies", free_before=late) == []
    await until_titled(home, token("eve"), "uma", type="therapists", language="fr")


async def test_files_worksheets_and_appointments_are_found_by_whoever_may_see_them(home: House) -> None:
    doc, cleo = token("doc", "therapist"), token("cleo")
    await home.ok("POST", "/api/worksheets", SHEET, bearer=doc)
    await until_titled(home, doc, SHEET["title"], q="hammock", type="worksheets")
    assert await found(home, cleo, q="hammock") == []
    file_id = (await ready(home, "cleo", b"Words.\n" * 50, "Ostrich letter.txt"))["file_id"]
    await until_titled(home, cleo, "Ostrich letter.txt", q="ostrich", file_type="text")
    assert await found(home, token("dan"), q="ostrich") == []
    sender = await home.socket(cleo)
    await sender.ok("create_room", {"room_id": "s-0", "members": ["dan"]})
    await sender.ok("share_file", {"room_id": "s-0", "file_id": file_id})
    await until_titled(home, token("dan"), "Ostrich letter.txt", q="ostrich", type="files")
    in_room = {"type": "files", "room_id": "s-0", "sender_id": "cleo"}
    (hit,) = (await search(home, token("dan"), facets="room_id,sender_id", **in_room))["hits"]
    assert (hit["room_id"], hit["user_id"]) == ("s-0", "cleo")
    assert await found(home, token("dan"), type="files", room_id="s-1") == []
    await sender.ok("update_room", {"room_id": "s-0", "searchable": False})
    assert await found(home, token("dan"), q="ostrich") == []
    assert await found(home, cleo, q="ostrich") == ["Ostrich letter.txt"]  # it is theirs, wherever it stands
    assert await found(home, cleo, **in_room) == []
    await sender.ok("update_room", {"room_id": "s-0", "searchable": True})
    assert await found(home, token("dan"), q="ostrich") == ["Ostrich letter.txt"]
    await home.ok("DELETE", f"/api/files/{file_id}", bearer=cleo)
    assert await found(home, token("dan"), q="ostrich") == []


async def test_pages_hold_and_leave_out_what_was_deleted_meanwhile(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-3"})
    said = [await ann.ok("message", {"room_id": "s-3", "body": f"pelican number {n}"}) for n in range(7)]
    wanted = [f"pelican number {n}" for n in range(7)]
    await until_found(home, token("ann"), *wanted, q="pelican", sort="oldest")
    first = await search(home, token("ann"), q="pelican", sort="oldest", limit=3)
    assert [one["snippet"] for one in first["hits"]] == wanted[:3]
    await ann.ok("message", {"room_id": "s-3", "body": "pelican latecomer"})
    await ann.ok("delete_message", {"room_id": "s-3", "message_id": said[4]["id"]})
    second = await search(home, token("ann"), q="pelican", sort="oldest", limit=3, cursor=first["next_cursor"])
    assert [one["snippet"] for one in second["hits"]] == [wanted[3], wanted[5], wanted[6]]
    assert "next_cursor" not in second
    path = f"/api/search?q=pelican&sort=oldest&cursor={first['next_cursor']}"
    await home.refused(400, "invalid_argument", "GET", path, bearer=token("bob"))
    home.clock.ahead_ms = 301_000
    try:
        late = await home.refused(412, "failed_precondition", "GET", path, bearer=token("ann", ttl_s=3600))
    finally:
        home.clock.ahead_ms = 0
    assert late["details"]["reason"] == "cursor_expired"


async def test_a_room_that_its_owner_keeps_out_of_search_is_only_counted(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-4", "title": "Walrus"})
    await ann.ok("message", {"room_id": "s-4", "body": "The walrus sleeps."})
    await until_found(home, token("ann"), "The walrus sleeps.", "Walrus", q="walrus")
    shown = await ann.ok("update_room", {"room_id": "s-4", "searchable": False})
    assert shown["room"]["searchable"] is False
    assert await found(home, token("ann"), q="walrus") == []
    await ann.ok("message", {"room_id": "s-4", "body": "Another walrus."})

    async def counted() -> bool:
        return bool((await search(home, token("ann"), q="walrus"))["index"].get("excluded_rooms"))

    await eventually(counted, "not counted")
    await ann.ok("update_room", {"room_id": "s-4", "searchable": True})
    await until_found(home, token("ann"), "The walrus sleeps.", "Another walrus.", "Walrus", q="walrus")


async def test_what_a_role_may_not_see_a_grant_shows_and_the_record_says_so(home: House) -> None:
    ann, mo = await home.socket(token("ann")), token("mo", "moderator")
    await ann.ok("create_room", {"room_id": "s-5"})
    await ann.ok("message", {"room_id": "s-5", "body": "A heron flew by."})
    await until_found(home, token("ann"), "A heron flew by.", q="heron")
    assert await found(home, mo, q="heron") == []
    body = {"subject_id": "ann", "reason": "They did not answer for days.", "minutes": 5}
    grant = (await home.ok("POST", "/api/break-glass", body, bearer=mo))["grant_id"]
    assert await found(home, mo, q="heron", break_glass=grant) == ["A heron flew by."]
    assert "breakglass.read" in await home.actions("ann")
    path = f"/api/search?q=heron&break_glass={grant}"
    await home.refused(404, "not_found", "GET", path, bearer=token("mia", "moderator"))
    await home.refused(403, "permission_denied", "GET", path, bearer=token("ann"))


async def test_suggestions_are_titles_that_begin_so(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-6", "title": "Marmalade kitchen"})
    await until_found(home, token("ann"), "Marmalade kitchen", q="marmalade")
    told = await ann.ok("suggest", {"q": "marma"})
    assert told["suggestions"] == [{"type": "conversations", "id": "s-6", "title": "Marmalade kitchen"}]
    assert (await home.ok("GET", "/api/search/suggest?q=marma", bearer=token("bob")))["suggestions"] == []


async def test_the_index_is_made_anew_compared_and_rekeyed_while_it_answers(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-7"})
    await ann.ok("message", {"room_id": "s-7", "body": "An axolotl smiles."})
    await until_found(home, token("ann"), "An axolotl smiles.", q="axolotl")
    before = await home.ok("GET", "/api/operations/search", bearer=home.admin())
    for deed in ("reindex", "rotate-key"):
        assert await over(home, deed) == "done"
        assert await found(home, token("ann"), q="axolotl") == ["An axolotl smiles."]
    after = await home.ok("GET", "/api/operations/search", bearer=home.admin())
    assert after["generation"] == before["generation"] + 2
    assert after["key_id"] != before["key_id"]
    assert await over(home, "check") == "done"
    told = (await home.ok("GET", "/api/operations/search", bearer=home.admin()))["drift"]
    assert (told["missing"], told["stale"], told["extra"]) == (0, 0, 0)
    await home.refused(403, "permission_denied", "GET", "/api/operations/search", bearer=token("ann"))


async def test_what_is_missing_or_too_much_is_named_and_put_right(home: House, process: SearchProcess) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-9"})
    await ann.ok("message", {"room_id": "s-9", "body": "A narwhal sings."})
    await until_found(home, token("ann"), "A narwhal sings.", q="narwhal")
    stray = Put(Key("messages", "s-9#77"), 1, 1, filters={"room": ["s-9"]})
    await process.engine.apply([Delete(Key("messages", "s-9#2"), 2), stray])
    assert await found(home, token("ann"), q="narwhal", sort="newest") == []  # not the question that is remembered
    assert await over(home, "check") == "done"
    told = (await home.ok("GET", "/api/operations/search", bearer=home.admin()))["drift"]
    assert (told["missing"], told["stale"], told["extra"]) == (1, 0, 1)
    assert await over(home, "check", repair=True) == "done"
    assert await found(home, token("ann"), q="narwhal") == ["A narwhal sings."]
    assert await over(home, "check") == "done"
    told = (await home.ok("GET", "/api/operations/search", bearer=home.admin()))["drift"]
    assert (told["missing"], told["stale"], told["extra"]) == (0, 0, 0)


async def test_no_word_and_no_key_lies_in_the_index_or_in_what_is_noted(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "s-8", "title": "Canaryroom"})
    for n in range(3):
        await ann.ok("message", {"room_id": "s-8", "body": f"Canarysaid {n} runningly"})
    await until_found(home, token("ann"), *(f"Canarysaid {n} runningly" for n in range(3)), q="canarysaid", all="true")
    await search(home, token("ann"), q="canarysaid", limit=1)
    written = b"".join(one.read_bytes() for one in (home.settings.data_dir / "search").rglob("*") if one.is_file())
    noted = [one async for one in home.database["search_pages"].find()]
    assert noted
    keys = [one async for one in home.database["search"].find({"sealed": {"$exists": True}})]
    kept = written + repr([*noted, *keys]).encode()
    assert b"s-8" in written
    for canary in (b"canaryroom", b"canarysaid", b"canarysai", b"runningly", b"Canarysaid"):
        assert canary not in kept
        assert canary.upper() not in kept


async def test_conversations_are_found_by_whose_they_are(home: House) -> None:
    mia, max_ = await home.register("mia.k@example.org"), await home.staff("max.k@example.org", "therapist")
    client, therapist = mia["user"]["user_id"], max_["user"]["user_id"]
    body = {"client_id": client, "therapist_id": therapist}
    care = (await home.ok("POST", "/api/care", body, bearer=home.admin()))["care_id"]
    begun = {"relation": "client_therapist", "with": therapist, "care_id": care}
    room = (await home.ok("POST", "/api/conversations", begun, bearer=mia["access_token"]))["room"]["room_id"]

    async def rooms(bearer: str, **asked: str) -> list[str]:
        page = await search(home, bearer, type="conversations", **asked)
        return [one["id"] for one in page["hits"]]

    async def there() -> bool:
        return await rooms(max_["access_token"], client_id=client) == [room]

    await eventually(there, "the conversation is not found", timeout_s=60.0)
    assert await rooms(mia["access_token"], therapist_id=therapist) == [room]
    assert await rooms(max_["access_token"], client_id=therapist) == []
    assert await rooms(mia["access_token"], therapist_id=client) == []
    assert await rooms(token("eve", "therapist"), client_id=client) == []
