"""What outlives a file, and what does not: erasure, export, quotas, checks; and pictures that are blurred."""

import pytest

from common.errors import PermissionDenied
from config.files import FilesSettings
from serve_app.capabilities.files.checking import FilesCheck
from serve_app.capabilities.files.quota import FileQuota
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import a_picture, ready, upload
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "canary of a letter"


async def test_who_is_erased_takes_their_files_along(home: House) -> None:
    account = await home.register("ada@example.org")
    bearer, user = account["access_token"], account["user"]["user_id"] if "user" in account else ""
    me = await home.ok("GET", "/api/auth/me", bearer=bearer)
    user = me["user_id"]
    async with home.http(bearer) as http:
        begun = (await http.post("/api/files", params={"name": f"{CANARY}.txt"}, content=b"words")).json()["file"]

    async def done() -> bool:
        found = await home.ok("GET", f"/api/files/{begun['file_id']}", bearer=bearer)
        return bool(found["file"]["state"] == "ready")

    await eventually(done, "nobody looked at it")
    exported = await home.ok("GET", "/api/privacy/export", bearer=bearer)
    assert exported["files"][0]["name"] == f"{CANARY}.txt"
    from serve_app.capabilities.files.capability import FILES

    assert FILES.personal is not None
    await FILES.personal(home.context).erase(user)
    assert (await home.call("GET", f"/api/files/{begun['file_id']}", bearer=bearer)).status_code == 404
    assert (await home.ok("GET", "/api/files", bearer=bearer))["files"] == []


async def test_names_and_bytes_are_nowhere_in_clear(home: House) -> None:
    await ready(home, "ann", f"{CANARY} within".encode(), f"{CANARY}.txt")
    for collection in await home.database.list_collection_names():
        async for document in home.database[collection].find():
            assert CANARY not in repr(document), collection


async def test_nobody_has_more_than_they_may(home: House) -> None:
    await ready(home, "meg", b"a" * 600)
    barred: list[str] = []

    async def restricted(user: str) -> bool:
        return user in barred

    quota = FileQuota(home.database, FilesSettings(quota_bytes=1000), restricted)
    await quota.check("meg", 400)
    with pytest.raises(Exception, match="come to more"):
        await quota.check("meg", 401)
    barred.append("meg")
    with pytest.raises(PermissionDenied):
        await quota.check("meg", 1)
    headers = {"Tus_Resumable": "1.0.0", "Upload_Length": "104857601"}
    answer = await home.call("POST", "/api/files/uploads", bearer=token("meg"), **headers)
    assert answer.status_code == 413
    async with home.http(token("meg")) as http:
        assert (await http.post("/api/files", content=bytes((8 << 20) + 1))).status_code == 413


async def test_bytes_without_a_file_and_files_without_bytes_are_found(home: House) -> None:
    found = await ready(home, "kim", b"words")
    check = FilesCheck(home.stores.views, home.database, home.context.blobs, home.clock)
    before = await check.look(repair=False)
    assert found["file_id"] not in before.missing
    await home.context.blobs.create("file_stray", "kim")
    await home.context.blobs.finish("file_stray")
    await home.context.blobs.delete(found["file_id"])
    home.clock.ahead_ms += 2 * 3_600_000
    after = await check.look(repair=True)
    assert found["file_id"] in after.missing
    assert "file_stray" in after.stray
    assert "file_stray" not in (await check.look(repair=False)).stray


async def test_a_picture_is_blurred_until_somebody_accepts_it(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.rooms.files import witness

    monkeypatch.setattr(witness, "blurs", lambda room: room.id == "files-blurred")
    ann, bob = await home.socket(token("ann")), await home.socket(token("bob"))
    await ann.ok("create_room", {"room_id": "files-blurred", "members": ["bob"]})
    file_id = (await ready(home, "ann", a_picture(), "a.jpg"))["file_id"]
    shared = await ann.ok("share_image", {"room_id": "files-blurred", "file_id": file_id, "alt": "A garden"})
    seen = (await bob.ok("get_file", {"file_id": file_id}))["file"]
    assert seen["blurred"] is True
    path = f"/api/files/{file_id}/content"
    blurred = await home.call("GET", f"{path}?variant=1280", bearer=token("bob"))
    assert len(blurred.content) < 2_000
    assert len((await home.call("GET", path, bearer=token("ann"))).content) > 20_000
    accepted = await bob.ok("accept_media", {"room_id": "files-blurred", "message_id": shared["id"]})
    assert "blurred" not in accepted["file"]
    assert len((await home.call("GET", path, bearer=token("bob"))).content) > 20_000


RANGES = (
    ("bytes=0-4", 206, b"01234", "bytes 0-4/10"),
    ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"),
    ("bytes=5-500", 206, b"56789", "bytes 5-9/10"),
    ("bytes=10-", 416, None, "bytes */10"),
    ("bytes=-0", 416, None, "bytes */10"),
    ("bytes=4-2", 200, b"0123456789", None),
    ("bytes=0-1,3-4", 200, b"0123456789", None),
    ("lines=0-1", 200, b"0123456789", None),
    ("bytes=a-b", 200, b"0123456789", None),
)


async def test_ranges_are_what_was_asked_for(home: House) -> None:
    file_id = (await ready(home, "ann", b"0123456789"))["file_id"]
    path, bearer = f"/api/files/{file_id}/content", token("ann")
    for asked, status, text, told in RANGES:
        answer = await home.call("GET", path, bearer=bearer, Range=asked)
        assert (answer.status_code, answer.headers.get("content-range")) == (status, told), asked
        assert text is None or answer.content == text, asked
    tag = (await home.call("HEAD", path, bearer=bearer)).headers["etag"]
    head = await home.call("HEAD", path, bearer=bearer)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")
    assert (await home.call("GET", path, bearer=bearer, If_None_Match=tag)).status_code == 304
    assert (await home.call("GET", path, bearer=bearer, Range="bytes=0-1", If_Range='"other"')).status_code == 200


async def test_links_that_were_cut_swapped_or_are_over_are_good_for_nothing(home: House) -> None:
    one, two = [(await ready(home, "ann", text))["file_id"] for text in (b"one", b"two")]
    base = "http://127.0.0.1:8000"
    urls = [
        (await home.ok("POST", f"/api/files/{one_of}/link", {"ttl_s": 10}, bearer=token("ann")))["url"]
        for one_of in (one, two)
    ]
    first, second = (url.removeprefix(base) for url in urls)
    assert (await home.call("GET", first)).content == b"one"
    for bad in (first[:-4], first[:20] + second[20:], "/f/", "/f/AAAA", first + "AAAA"):
        assert (await home.call("GET", bad)).status_code == 404, bad
    await home.refused(400, "invalid_argument", "POST", f"/api/files/{one}/link", {"ttl_s": 901}, bearer=token("ann"))
    home.clock.ahead_ms += 11_000
    assert (await home.call("GET", first)).status_code == 404


async def test_names_with_traps_are_shown_without_them(home: House) -> None:
    for name, shown in (
        ("../../etc/passwd", "passwd"),
        ("a\x00b\nc.txt", "abc.txt"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
    ):
        assert (await upload(home, "ann", b"words", name))["name"] == shown


async def test_a_hold_shows_the_bytes_of_what_was_deleted_until_it_is_released(home: House) -> None:
    why = {"reason": "Order of a court, file 12/26."}
    file = await ready(home, "hal", b"what was agreed", "agreed.txt")
    hold = (await home.ok("POST", "/api/holds", why | {"user_id": "hal"}, bearer=home.admin()))["hold"]
    export = f"/api/holds/{hold['hold_id']}/export"
    assert "files" not in await home.ok("GET", export, bearer=home.admin())
    await home.ok("DELETE", f"/api/files/{file['file_id']}", bearer=token("hal"))
    assert (await home.call("GET", f"/api/files/{file['file_id']}", bearer=token("hal"))).status_code == 404
    (kept,) = (await home.ok("GET", export, bearer=home.admin()))["files"]
    address = "/f/" + kept["url"].partition("/f/")[2]
    answer = await home.call("GET", address)
    assert (kept["file_id"], answer.status_code, answer.content) == (file["file_id"], 200, b"what was agreed")
    await home.ok("POST", f"/api/holds/{hold['hold_id']}/release", why, bearer=home.admin("root-2"))

    async def gone() -> bool:
        return (await home.call("GET", address)).status_code == 404

    await eventually(gone, "the bytes outlived the hold")
