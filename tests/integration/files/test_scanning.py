"""A real clamd looks at files: what it finds is rejected; where one is required, nothing can be had without it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any, Literal

import pytest
from prometheus_client import CollectorRegistry

from config.files import FilesSettings
from serve_app.capabilities.files.health import FilesHealth
from serve_app.capabilities.files.looking.clamd import Clamd
from serve_app.capabilities.files.metrics import FilesMetrics
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.integration.files.people import a_picture, settled, upload
from tests.mongo import free_port, url_of
from tests.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(which("clamd") is None, reason="clamd is lacking: apt-get install clamav-daemon"),
]
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-" + rb"FILE!$H+H*"
SIGNATURES = "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\ncb2ba62e0ddc9b1ac5ed51c0e1e9e5ed:5:Other\n"


@asynccontextmanager
async def clamd(directory: Path, port: int) -> AsyncIterator[None]:
    """With a database of two lines: up in a second, in 16 MB."""
    (directory / "db").mkdir(exist_ok=True)
    (directory / "db" / "tests.hdb").write_text(SIGNATURES)
    config = directory / "clamd.conf"
    lines = (f"DatabaseDirectory {directory / 'db'}", f"TCPSocket {port}", "TCPAddr 127.0.0.1", "Foreground yes")
    config.write_text("\n".join((*lines, "User root", "")))
    child = await asyncio.create_subprocess_exec(
        "clamd", "-c", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )

    async def answers() -> bool:
        try:
            await Clamd(f"tcp://127.0.0.1:{port}").ping()
        except (OSError, TimeoutError):
            return False
        return True

    try:
        await eventually(answers, "clamd does not come up")
        yield
    finally:
        child.terminate()
        await child.wait()


@asynccontextmanager
async def a_house(
    mongo_port: int, directory: Path, port: int, scan: Literal["best_effort", "required"]
) -> AsyncIterator[House]:
    settings = FilesSettings(scan=scan, clamd=f"tcp://127.0.0.1:{port}")
    database = f"test_{uuid.uuid4().hex}"
    async with house(url_of(mongo_port), database, directory, files=settings) as made, a_runner(made):
        yield made


async def health(home: House) -> Any:
    metrics = FilesMetrics(CollectorRegistry())
    return await FilesHealth(home.context.blobs, home.settings.files, home.database, metrics).look()


async def test_what_the_scanner_finds_is_rejected_and_nothing_can_be_had_without_it(
    mongo_port: int, tmp_path: Path
) -> None:
    port = free_port()
    async with a_house(mongo_port, tmp_path, port, "required") as home:
        waiting = await upload(home, "ada", b"while it is down")
        assert (await health(home)).status == "degraded"
        answer = await home.call("GET", f"/api/files/{waiting['file_id']}/content", bearer=token("ada"))
        assert (answer.status_code, answer.json()["details"]["state"]) == (412, "scanning")
        async with clamd(tmp_path, port):
            assert (await health(home)).status == "ok"
            found = await settled(home, "ada", waiting["file_id"])
            assert (found["state"], found["scan"]) == ("ready", "clean")
            bad = await settled(home, "ada", (await upload(home, "ada", EICAR))["file_id"])
            assert (bad["state"], bad["reason"]) == ("rejected", "infected")
            picture = await settled(home, "ada", (await upload(home, "ada", a_picture(), "a.jpg"))["file_id"])
            assert (picture["state"], picture["scan"]) == ("ready", "clean")
        gone = await home.call("GET", f"/api/files/{bad['file_id']}/content", bearer=token("ada"))
        assert gone.status_code == 412


async def test_by_best_effort_a_file_can_be_had_and_says_that_nobody_scanned_it(
    mongo_port: int, tmp_path: Path
) -> None:
    async with a_house(mongo_port, tmp_path, free_port(), "best_effort") as home:
        found = await settled(home, "ada", (await upload(home, "ada", b"words"))["file_id"])
        assert (found["state"], found["scan"]) == ("ready", "pending")
