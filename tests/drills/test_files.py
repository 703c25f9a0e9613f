"""Files are uploaded by tus while everything dies at random times: api, mongod, the process that looks at files, clamd.

`make drill uploads` uploads 20 files of 2 MB (SIZE=n: n files). Offsets that were told never go back, every file
arrives byte for byte, nothing can be had that was not scanned, and no bytes lie about that belong to nothing.
"""

import asyncio
import hashlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any, Final

import httpx
import pytest

from tests.mongo import free_port
from tests.system.harness import System, carewire, wait_until

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
FILES: Final = int(os.environ.get("DRILL_SIZE", "0")) or 6
BYTES: Final = 2_000_000
PIECE: Final = 150_000
AT_ONCE: Final = 4
VICTIMS: Final = ("files-", "mongod", "api-", "clamd")
DEATHS: Final = 2  # of each
OVER_S: Final = 240.0
TUS: Final = {"Tus-Resumable": "1.0.0"}
SIGNATURES: Final = "cb2ba62e0ddc9b1ac5ed51c0e1e9e5ed:5:Other\n"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(which("clamd") is None, reason="clamd is lacking: apt-get install clamav-daemon"),
]


class Scanner:
    """A clamd that is there again a moment after it died."""

    def __init__(self, directory: Path, port: int) -> None:
        (directory / "db").mkdir()
        (directory / "db" / "tests.hdb").write_text(SIGNATURES)
        self._config, self.port = directory / "clamd.conf", port
        lines = (f"DatabaseDirectory {directory / 'db'}", f"TCPSocket {port}", "TCPAddr 127.0.0.1", "Foreground yes")
        self._config.write_text("\n".join((*lines, "User root", "")))
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        null = asyncio.subprocess.DEVNULL
        self._child = await asyncio.create_subprocess_exec("clamd", "-c", str(self._config), stdout=null, stderr=null)

    async def die(self) -> None:
        if self._child is not None and self._child.returncode is None:
            self._child.kill()
            await self._child.wait()


@dataclass
class Book:
    """What was told to whom, and what happened meanwhile."""

    told: dict[str, int] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def note(self, upload: str, offset: int) -> None:
        """An offset that was told: it never goes back."""
        assert offset >= self.told.get(upload, 0), (upload, offset, self.told[upload])
        self.told[upload] = offset


@asynccontextmanager
async def torment(
    system: System, scanner: Scanner, dice: random.Random, book: Book
) -> AsyncIterator[asyncio.Task[None]]:
    """Meanwhile everybody dies."""
    victims = [victim for victim in VICTIMS for _ in range(DEATHS)]
    dice.shuffle(victims)

    async def kill() -> None:
        for victim in victims:
            await asyncio.sleep(dice.uniform(1.0, 4.0))
            if victim == "clamd":
                await scanner.die()
                await asyncio.sleep(dice.uniform(0.5, 3.0))
                await scanner.start()
            else:
                await _kill(system, victim)
            book.happened[f"kill {victim}"] += 1
            print(f"killed {victim}", flush=True)

    killing = asyncio.create_task(kill())
    try:
        yield killing
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


async def _kill(system: System, name: str) -> None:
    async def found() -> int | None:
        try:
            rows = await system.status()
        except httpx.HTTPError:
            return None
        pids = [int(row["pid"]) for row in rows if row["name"].startswith(name) and row["status"] != "unreachable"]
        return pids[0] if pids else None

    pid: int = await wait_until(found, within_s=90.0, what=f"{name} is found", every_s=0.3)
    with suppress(ProcessLookupError):  # it has ended since
        os.kill(pid, signal.SIGKILL)


async def uploaded(system: System, number: int, text: bytes, book: Book) -> str:
    """By tus, going on where it was told, until it is there: its id."""
    path, ends_s = "", time.monotonic() + OVER_S
    while time.monotonic() < ends_s:
        try:
            async with system.http(f"user-{number}") as http:
                path = path or await _begun(http, len(text))
                head = await http.head(path, headers=TUS)
                if head.status_code == 200:
                    book.note(path, int(head.headers["upload-offset"]))
                    if "carewire-file" in head.headers:
                        return str(head.headers["carewire-file"])
                    await _sent(http, path, text, book)
        except httpx.HTTPError:
            book.happened["a request broke off"] += 1
        await asyncio.sleep(0.2)
    raise AssertionError(f"upload {number} is not there after {OVER_S:g} s")


async def _begun(http: httpx.AsyncClient, length: int) -> str:
    answer = await http.post("/api/files/uploads", headers=TUS | {"Upload-Length": f"{length}"})
    answer.raise_for_status()
    return str(httpx.URL(answer.headers["location"]).path)


async def _sent(http: httpx.AsyncClient, path: str, text: bytes, book: Book) -> None:
    """Pieces, until one is refused."""
    while (offset := book.told[path]) < len(text):
        headers = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": f"{offset}"}
        answer = await http.patch(path, content=text[offset : offset + PIECE], headers=headers)
        if answer.status_code != 204:
            book.happened[f"answered {answer.status_code}"] += 1
            return
        book.note(path, int(answer.headers["upload-offset"]))


async def _scanned(system: System, number: int, file_id: str, text: bytes) -> bool:
    """Is it ready, scanned, and what was sent? Before that nobody has its bytes."""
    async with system.http(f"user-{number}") as http:
        try:
            content = await http.get(f"/api/files/{file_id}/content")
            found = (await http.get(f"/api/files/{file_id}")).json()
        except (httpx.HTTPError, ValueError):
            return False
    if content.status_code != 200:
        return False
    file: dict[str, Any] = found.get("file", {})
    assert (file.get("state"), file.get("scan")) == ("ready", "clean")
    assert hashlib.sha256(content.content).hexdigest() == file["sha256"] == hashlib.sha256(text).hexdigest()
    return True


async def test_what_was_told_outlives_everything_and_every_file_arrives(tmp_path: Path) -> None:
    dice, book, port = random.Random(SEED), Book(), free_port()
    scanner = Scanner(tmp_path, port)
    await scanner.start()
    system = System(
        tmp_path / "data",
        FILES__SCAN="required",
        FILES__CLAMD=f"tcp://127.0.0.1:{port}",
        ACTIVITIES__LONGEST_RETRY_S=2,
        ACTIVITIES__BREAKER_PAUSE_S=0.5,
    )
    await asyncio.to_thread(system.start)
    try:
        texts = {number: b"%d " % number + dice.randbytes(BYTES // 2).hex().encode() for number in range(FILES)}
        at_once = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> str:
            async with at_once:
                return await uploaded(system, number, texts[number], book)

        async with torment(system, scanner, dice, book) as killing:
            ids = await asyncio.gather(*(one(number) for number in texts))
            await killing
        print(dict(book.happened), flush=True)

        async def all_ready() -> bool:
            found = [await _scanned(system, number, file_id, texts[number]) for number, file_id in enumerate(ids)]
            return all(found)

        await wait_until(all_ready, within_s=OVER_S, what="every file is ready", every_s=1.0)
        await _nothing_lies_about(system)
    finally:
        await asyncio.to_thread(system.stop)
        await scanner.die()


async def _nothing_lies_about(system: System) -> None:
    """Bytes of as many as there are files, and of every file."""
    done = await asyncio.to_thread(carewire, "files", "check", env=system.env, cwd=system.data_dir, timeout_s=60.0)
    print(done.stdout, flush=True)
    assert done.returncode == 0, done.stdout
    assert f"{FILES} files, {FILES} blobs" in done.stdout, done.stdout
