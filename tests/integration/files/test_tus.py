"""Uploads that can be resumed: tus 1.0.0 as its specification says, request by request."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from config.settings import HttpSettings
from serve_app.edge.api.listener import HttpListener
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import settled
from tests.mongo import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/api/files/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
TEXT = b"".join(b"line %d of what is to be told\n" % n for n in range(9000))


def told(**members: str) -> dict[str, str]:
    pairs = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in members.items())
    return {"Upload-Metadata": pairs}


async def ask(
    home: House, method: str, path: str, content: Any = None, *, user: str = "ada", **headers: str
) -> httpx.Response:
    async with home.http(token(user)) as http:
        named = TUS | {name.replace("_", "-"): value for name, value in headers.items()}
        return await http.request(method, path, content=content, headers={k: v for k, v in named.items() if v})


async def begun(home: House, length: int = len(TEXT), **members: str) -> str:
    answer = await ask(home, "POST", PATH, Upload_Length=str(length), **told(**({"filename": "a.txt"} | members)))
    assert (answer.status_code, answer.headers["tus-resumable"]) == (201, "1.0.0")
    return answer.headers["location"].removeprefix("http://carewire")


async def patch(home: House, path: str, offset: int, text: Any, **headers: str) -> httpx.Response:
    return await ask(home, "PATCH", path, text, Upload_Offset=str(offset), **BYTES, **headers)


async def offset_of(home: House, path: str) -> int:
    answer = await ask(home, "HEAD", path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return int(answer.headers["upload-offset"])


def taken(home: House) -> float:
    """Bytes of files that the API has had from clients so far."""
    return home.registry.get_sample_value("carewire_files_bytes_total", {"direction": "in"}) or 0.0


async def taking(home: House, so_many: float) -> None:
    """Wait until it has had them."""

    async def had() -> bool:
        return taken(home) >= so_many

    await eventually(had, "the bytes do not arrive")


async def test_it_says_what_it_can(home: House) -> None:
    answer = await ask(home, "OPTIONS", PATH)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == "104857600"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "termination",
        "checksum",
    }


async def test_an_upload_in_pieces_becomes_a_file(home: House) -> None:
    path = await begun(home, sha256=hashlib.sha256(TEXT).hexdigest(), filetype="text/plain")
    first = await patch(home, path, 0, TEXT[:100_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "100000")
    assert first.headers["upload-expires"].endswith("GMT")
    assert await offset_of(home, path) == 100_000
    last = await patch(home, path, 100_000, TEXT[100_000:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(TEXT)))
    file_id = last.headers["carewire-file"]
    head = await ask(home, "HEAD", path)
    assert (head.headers["carewire-file"], head.headers["upload-length"]) == (file_id, str(len(TEXT)))
    found = await settled(home, "ada", file_id)
    assert (found["state"], found["name"], found["sha256"]) == ("ready", "a.txt", hashlib.sha256(TEXT).hexdigest())
    got = await home.call("GET", f"/api/files/{file_id}/content", bearer=token("ada"), Range="bytes=65530-65545")
    assert (got.status_code, got.content) == (206, TEXT[65_530:65_546])


async def test_the_first_bytes_may_come_with_the_beginning_and_the_length_later(home: House) -> None:
    answer = await ask(home, "POST", PATH, TEXT[:10], Upload_Defer_Length="1", **BYTES)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "10")
    path = answer.headers["location"]
    head = await ask(home, "HEAD", path)
    assert head.headers["upload-defer-length"] == "1"
    assert "upload-length" not in head.headers
    last = await patch(home, path, 10, TEXT[10:], Upload_Length=str(len(TEXT)))
    assert last.headers["carewire-file"].startswith("file_")
    whole = await ask(home, "POST", PATH, TEXT, Upload_Length=str(len(TEXT)), **BYTES)
    assert whole.headers["carewire-file"].startswith("file_")


async def test_a_file_without_bytes_is_one_at_once(home: House) -> None:
    answer = await ask(home, "POST", PATH, Upload_Length="0")
    assert answer.status_code == 201
    assert (await settled(home, "ada", answer.headers["carewire-file"]))["size"] == 0


async def test_metadata_without_values_and_methods_by_name_are_taken(home: House) -> None:
    answer = await ask(home, "POST", PATH, Upload_Length="3", Upload_Metadata="is_confidential,filename YS50eHQ=")
    path = answer.headers["location"]
    overridden = await ask(home, "POST", path, b"abc", X_HTTP_Method_Override="PATCH", Upload_Offset="0", **BYTES)
    assert (overridden.status_code, overridden.headers["upload-offset"]) == (204, "3")


async def test_what_arrived_counts_when_a_connection_is_cut(home: House) -> None:
    path, port = await begun(home), free_port()
    listener = HttpListener(home.app, HttpSettings(port=port))
    await listener.start()
    try:
        head = {**TUS, **BYTES, "Upload-Offset": "0", "Content-Length": str(len(TEXT)), "Host": "carewire"}
        head["Authorization"] = f"Bearer {token('ada')}"
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"PATCH {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        before = taken(home)
        writer.write("\r\n".join(lines).encode() + TEXT[:70_000])
        await writer.drain()
        await taking(home, before + 70_000)
        writer.transport.abort()

        async def stored() -> bool:
            return await offset_of(home, path) == 70_000

        await eventually(stored, "what arrived does not count")
        assert (await patch(home, path, 70_000, TEXT[70_000:])).headers["upload-offset"] == str(len(TEXT))
    finally:
        await listener.stop()


async def test_a_newer_request_ends_an_older_one(home: House) -> None:
    """Nothing is locked: whoever comes back goes on at once."""
    path, waits = await begun(home), asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield TEXT[:1000]
        await waits.wait()
        yield TEXT[1000:]

    before = taken(home)
    older = asyncio.create_task(patch(home, path, 0, stuck()))
    await taking(home, before + 1000)
    newer = await patch(home, path, 0, TEXT)
    assert newer.headers["upload-offset"] == str(len(TEXT))
    waits.set()
    assert (await older).status_code == 409
    assert (await settled(home, "ada", newer.headers["carewire-file"]))["sha256"] == hashlib.sha256(TEXT).hexdigest()


async def test_a_checksum_that_does_not_fit_leaves_everything_as_it_was(home: House) -> None:
    path = await begun(home, 6)
    wrong, right = (b64encode(hashlib.sha1(text).digest()).decode() for text in (b"abd", b"abc"))
    answer = await patch(home, path, 0, b"abc", Upload_Checksum=f"sha1 {wrong}")
    assert (answer.status_code, answer.json()["details"]["reason"]) == (460, "checksum")
    assert await offset_of(home, path) == 0
    assert (await patch(home, path, 0, b"abc", Upload_Checksum=f"sha1 {right}")).status_code == 204
    digest = b64encode(hashlib.sha256(b"def").digest()).decode()
    assert (await patch(home, path, 3, b"def", Upload_Checksum=f"sha256 {digest}")).status_code == 204


async def test_what_is_given_up_is_gone_and_what_nobody_goes_on_with_expires(home: House) -> None:
    path = await begun(home)
    assert (await ask(home, "DELETE", path)).status_code == 204
    assert (await ask(home, "HEAD", path)).status_code == 404
    late = await begun(home)
    home.clock.ahead_ms += 25 * 3_600_000
    assert (await ask(home, "HEAD", late)).status_code == 401  # so is the token
    async with home.http(token("ada", ttl_s=90_000 * 2)) as http:
        assert (await http.request("HEAD", late, headers=TUS)).status_code == 410
        assert (await http.patch(late, content=b"a", headers=TUS | BYTES | {"Upload-Offset": "0"})).status_code == 410


REFUSED: tuple[tuple[str, str, dict[str, str], bytes, int], ...] = (
    ("no version", "POST", {"Tus-Resumable": "", "Upload-Length": "3"}, b"", 412),
    ("another version", "POST", {"Tus-Resumable": "0.2.2", "Upload-Length": "3"}, b"", 412),
    ("no length", "POST", {}, b"", 400),
    ("two lengths", "POST", {"Upload-Length": "3", "Upload-Defer-Length": "1"}, b"", 400),
    ("a deferral that is none", "POST", {"Upload-Defer-Length": "2"}, b"", 400),
    ("a negative length", "POST", {"Upload-Length": "-1"}, b"", 400),
    ("no number", "POST", {"Upload-Length": "1e3"}, b"", 400),
    ("a huge length", "POST", {"Upload-Length": "104857601"}, b"", 413),
    ("more than a number", "POST", {"Upload-Length": "9" * 40}, b"", 400),
    ("no base64", "POST", {"Upload-Length": "3", "Upload-Metadata": "filename !!!"}, b"", 400),
    ("a key twice", "POST", {"Upload-Length": "3", "Upload-Metadata": "a YQ==,a YQ=="}, b"", 400),
    ("no text", "POST", {"Upload-Length": "3", "Upload-Metadata": "filename /w=="}, b"", 400),
    ("no room id", "POST", {"Upload-Length": "3", **told(room_id="../etc")}, b"", 400),
    ("no digest", "POST", {"Upload-Length": "3", **told(sha256="abc")}, b"", 400),
    ("a long name", "POST", {"Upload-Length": "3", **told(filename="a" * 4096)}, b"", 400),
    ("a body of another type", "POST", {"Upload-Length": "3", "Content-Type": "text/plain"}, b"abc", 415),
    ("no offset", "PATCH", {**BYTES}, b"abc", 400),
    ("a negative offset", "PATCH", {**BYTES, "Upload-Offset": "-1"}, b"abc", 400),
    ("a wrong offset", "PATCH", {**BYTES, "Upload-Offset": "2"}, b"abc", 409),
    ("another type", "PATCH", {"Content-Type": "text/plain", "Upload-Offset": "0"}, b"abc", 415),
    ("no type", "PATCH", {"Upload-Offset": "0"}, b"abc", 415),
    ("too much", "PATCH", {**BYTES, "Upload-Offset": "0"}, b"abcdefg", 413),
    ("another algorithm", "PATCH", {**BYTES, "Upload-Offset": "0", "Upload-Checksum": "md5 YQ=="}, b"abc", 400),
    ("no digest of it", "PATCH", {**BYTES, "Upload-Offset": "0", "Upload-Checksum": "sha1 YQ=="}, b"abc", 400),
    ("another length", "PATCH", {**BYTES, "Upload-Offset": "0", "Upload-Length": "9"}, b"abc", 400),
    ("no method", "POST /", {"X-HTTP-Method-Override": "BREW"}, b"", 400),
)


@pytest.mark.parametrize(
    ("method", "headers", "text", "status"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
async def test_bad_input_is_refused_and_changes_nothing(
    home: House, method: str, headers: dict[str, str], text: bytes, status: int
) -> None:
    path = PATH
    if method != "POST":
        method, path = method.split(" ")[0], await begun(home, 3)
    answer = await ask(home, method, path, text, **{name.replace("-", "_"): value for name, value in headers.items()})
    assert (answer.status_code, answer.headers["tus-resumable"]) == (status, "1.0.0"), answer.text
    if path != PATH:
        assert await offset_of(home, path) == 0


async def test_nobody_else_knows_of_an_upload(home: House) -> None:
    path = await begun(home)
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = BYTES | {"Upload-Offset": "0"}
        assert (await ask(home, method, path, b"a", user="eve", **headers)).status_code == 404
        assert (await home.call(method, path)).status_code == 401
    assert (await home.call("POST", PATH)).status_code == 401


async def test_a_wrong_digest_of_the_whole_is_told_and_nobody_gets_the_bytes(home: House) -> None:
    path = await begun(home, 3, sha256="0" * 64)
    answer = await patch(home, path, 0, b"abc")
    found = await settled(home, "ada", answer.headers["carewire-file"])
    assert (found["state"], found["reason"]) == ("rejected", "checksum")
