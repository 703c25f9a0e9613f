"""Clients of tus that others wrote upload here, and the server that its makers wrote answers as we do."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import aiotus
import httpx
import pytest
import pytest_asyncio
import tusclient.client
import yarl

from config.settings import HttpSettings
from serve_app.edge.api.listener import HttpListener
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import settled
from tests.mongo import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")
JS: Final = Path(__file__).parents[2] / "js"
TEXT: Final = b"".join(b"line %d of what is to be told\n" % n for n in range(40_000))
CHUNK: Final = 300_000


@pytest_asyncio.fixture(loop_scope="module")
async def address(home: House) -> AsyncIterator[str]:
    """Where uploads go, over a wire."""
    settings = HttpSettings(port=free_port())
    listener = HttpListener(home.app, settings)
    await listener.start()
    yield f"http://127.0.0.1:{settings.port}/api/files/uploads"
    await listener.stop()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.txt"
    path.write_bytes(TEXT)
    return path


async def arrived(home: House, file_id: str, name: str) -> None:
    found = await settled(home, "ada", file_id)
    assert (found["state"], found["name"], found["sha256"]) == ("ready", name, hashlib.sha256(TEXT).hexdigest())


@pytest.mark.parametrize("client", ["tus", "uppy"])
async def test_a_client_in_javascript_uploads(home: House, address: str, document: Path, client: str) -> None:
    child = await asyncio.create_subprocess_exec(
        "node",
        "tus.mjs",
        client,
        address,
        token("ada"),
        str(document),
        "Grüße.txt",
        str(CHUNK),
        cwd=JS,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    told = json.loads(said)
    assert told["error"] is None
    await arrived(home, told["file"], "Grüße.txt")


async def test_tuspy_uploads(home: House, address: str, document: Path) -> None:
    def upload() -> str:
        client = tusclient.client.TusClient(address, headers={"Authorization": f"Bearer {token('ada')}"})
        with document.open("rb") as file:
            uploader = client.uploader(file_stream=file, chunk_size=CHUNK, metadata={"filename": "a.txt"})
            uploader.upload()
            return str(uploader.url)

    url = await asyncio.to_thread(upload)
    await arrived(home, await file_at(url), "a.txt")


async def test_aiotus_uploads(home: House, address: str, document: Path) -> None:
    headers = {"Authorization": f"Bearer {token('ada')}"}
    with document.open("rb") as file:
        async with aiohttp.ClientSession() as session:
            url = await aiotus.upload(
                address, file, {"filename": b"a.txt"}, client_session=session, headers=headers, chunksize=CHUNK
            )
    assert isinstance(url, yarl.URL)
    await arrived(home, await file_at(str(url)), "a.txt")


async def file_at(url: str) -> str:
    headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {token('ada')}"}
    async with httpx.AsyncClient() as http:
        return str((await http.head(url, headers=headers)).headers["carewire-file"])


@asynccontextmanager
async def the_other_server(directory: Path) -> AsyncIterator[str]:
    child = await asyncio.create_subprocess_exec(
        "node", "tus_server.mjs", str(directory), cwd=JS, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert child.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await child.stdout.readline())}/files"
    finally:
        child.terminate()
        await child.wait()


BYTES: Final = {"Content-Type": "application/offset+octet-stream"}
Step = tuple[str, dict[str, str], bytes]
LIVES: Final[dict[str, tuple[Step, ...]]] = {
    "in pieces": (
        ("POST", {"Upload-Length": "6"}, b""),
        ("HEAD", {}, b""),
        ("PATCH", {**BYTES, "Upload-Offset": "0"}, b"abc"),
        ("HEAD", {}, b""),
        ("PATCH", {**BYTES, "Upload-Offset": "0"}, b"abc"),
        ("PATCH", {**BYTES, "Upload-Offset": "3"}, b"def"),
        ("HEAD", {}, b""),
    ),
    "with the beginning": (("POST", {"Upload-Length": "3", **BYTES}, b"abc"), ("HEAD", {}, b"")),
    "length later": (
        ("POST", {"Upload-Defer-Length": "1"}, b""),
        ("HEAD", {}, b""),
        ("PATCH", {**BYTES, "Upload-Offset": "0"}, b"abc"),
        ("HEAD", {}, b""),
        ("PATCH", {**BYTES, "Upload-Offset": "3", "Upload-Length": "6"}, b"def"),
        ("HEAD", {}, b""),
    ),
    "given up": (("POST", {"Upload-Length": "3"}, b""), ("DELETE", {}, b""), ("HEAD", {}, b"")),
    "refused at first": (
        ("POST", {}, b""),
        ("POST", {"Upload-Length": "-1"}, b""),
        ("POST", {"Upload-Length": "3", "Upload-Defer-Length": "1"}, b""),
        ("POST", {"Upload-Length": "3", "Tus-Resumable": "0.2.2"}, b""),
    ),
    "refused later": (
        ("POST", {"Upload-Length": "3"}, b""),
        ("PATCH", {"Content-Type": "text/plain", "Upload-Offset": "0"}, b"abc"),
        ("PATCH", {**BYTES, "Upload-Offset": "1"}, b"abc"),
        ("PATCH", {**BYTES, "Upload-Offset": "0"}, b"abcdef"),
        ("HEAD", {}, b""),
    ),
    "without a word": (("POST", {"Upload-Length": "3", "Upload-Metadata": "is_confidential"}, b""), ("HEAD", {}, b"")),
}
DIFFERENCES: Final[dict[tuple[str, int], str]] = {
    ("refused at first", 3): "another version is 412, as the protocol says; the other answers 400",
    ("refused later", 1): "another media type is 415, as the protocol says; the other answers 400",
}


async def lived(base: str, life: tuple[Step, ...], headers: dict[str, str]) -> list[tuple[int, str | None, str | None]]:
    """Status, offset and length of each answer."""
    told, place = [], base
    async with httpx.AsyncClient() as http:
        for method, more, text in life:
            target = base if method == "POST" else place
            named = {"Tus-Resumable": "1.0.0", **headers, **more}
            answer = await http.request(method, target, content=text, headers=named)
            if method == "POST" and answer.status_code == 201:
                place = str(httpx.URL(base).join(answer.headers["location"]))
            told.append((answer.status_code, answer.headers.get("upload-offset"), answer.headers.get("upload-length")))
    return told


async def test_the_makers_server_answers_the_same(address: str, tmp_path: Path) -> None:
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    async with the_other_server(tmp_path) as other:
        for name, life in LIVES.items():
            ours[name] = await lived(address, life, {"Authorization": f"Bearer {token('ada')}"})
            theirs[name] = await lived(other, life, {})
    found = {
        (name, at): (mine, their)
        for name in LIVES
        for at, (mine, their) in enumerate(zip(ours[name], theirs[name], strict=True))
        if mine != their
    }
    assert found.keys() == DIFFERENCES.keys(), found
