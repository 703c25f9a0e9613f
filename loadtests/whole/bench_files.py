"""Files beside the server of tus that its makers wrote: MB/s of one upload and one download, ranges, memory of the API.

    python -m loadtests.whole.bench_files [--mb 100]

Carewire takes one PATCH of `--mb` megabytes by its API, sealed, stored by a majority in its database; `@tus/server`
writes them unsealed to a file. The same client sends to both over loopback in the same run. A file has to be ready
before it is read, so the time of the look is printed too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.servers import ROOT, SECRET, SERVERS, Server

PIECE: Final = os.urandom(1 << 15).hex().encode()  # text: of noise nobody knows what it is, and it would be refused
RANGES: Final = 200
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_BYTES: Final = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
_READY_S: Final = 300.0


async def uploaded(http: httpx.AsyncClient, path: str, pieces: int) -> tuple[float, httpx.Response]:
    """MB/s, and the answer to the last byte."""
    length = pieces * len(PIECE)
    begun = await http.post(path, headers=_TUS | {"Upload-Length": f"{length}"})
    begun.raise_for_status()
    headers = _TUS | _BYTES | {"Content-Length": f"{length}"}
    began_s = time.perf_counter()
    answer = await http.patch(begun.headers["location"], content=_pieces(pieces), headers=headers)
    answer.raise_for_status()
    return length / 1e6 / (time.perf_counter() - began_s), answer


async def carewire(server: Server, pieces: int) -> None:
    """Upload, look, download, ranges, printed."""
    bearer = mint(server.secret or SECRET, user="bench", role="client", now_ms=SystemClock().now_ms(), ttl_s=3600)
    base = f"http://127.0.0.1:{server.http_port}"
    headers = {"Authorization": f"Bearer {bearer}"}
    api = next(psutil.Process(pid) for name, pid in server.pids().items() if name.startswith("api"))
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=300, trust_env=False) as http:
        await uploaded(http, "/api/files/uploads", 16)
        before = api.memory_info().rss
        rate, answer = await uploaded(http, "/api/files/uploads", pieces)
        print(f"carewire: upload {rate:.0f} MB/s, the API grew by {(api.memory_info().rss - before) / 1e6:.0f} MB")
        content = f"/api/files/{answer.headers['carewire-file']}/content"
        looked_s = await _until_ready(http, content)
        began_s = time.perf_counter()
        got = len((await http.get(content)).content)
        took_s = time.perf_counter() - began_s
        print(f"carewire: looked at after {looked_s:.1f} s, download {got / 1e6 / took_s:.0f} MB/s")
        took = []
        for _ in range(RANGES):
            began_s = time.perf_counter()
            asked = await http.get(content, headers={"Range": f"bytes={got // 2}-{got // 2 + 1023}"})
            took.append(time.perf_counter() - began_s)
            assert len(asked.content) == 1024
        took.sort()
        print(f"carewire: range of 1 KiB p50 {took[RANGES // 2] * 1e3:.1f} ms, p99 {took[-RANGES // 100] * 1e3:.1f} ms")


async def _until_ready(http: httpx.AsyncClient, content: str) -> float:
    began_s = time.perf_counter()
    while (await http.head(content)).status_code != httpx.codes.OK:
        if time.perf_counter() - began_s > _READY_S:
            raise SystemExit("the file is not ready")
        await asyncio.sleep(0.1)
    return time.perf_counter() - began_s


async def peer(base: str, pieces: int) -> None:
    """The same upload, printed."""
    async with httpx.AsyncClient(base_url=base, timeout=300, trust_env=False) as http:
        await uploaded(http, "/files", 16)
        rate, _ = await uploaded(http, "/files", pieces)
        print(f"@tus/server on a disk, unsealed: upload {rate:.0f} MB/s")


async def _pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


@contextmanager
def tus_server(directory: Path) -> Iterator[str]:
    """Where it listens."""
    command = ["node", "tus_server.mjs", str(directory)]
    with subprocess.Popen(command, cwd=ROOT / "tests" / "js", stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(child.stdout.readline())}"
        finally:
            child.terminate()


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mb", type=int, default=100)
    pieces = parser.parse_args().mb * 1_000_000 // len(PIECE)
    with tempfile.TemporaryDirectory(prefix="cwb-") as directory, tus_server(Path(directory)) as base:
        asyncio.run(peer(base, pieces))
    with SERVERS["carewire"](cpus=range(os.cpu_count() or 1)) as server:
        asyncio.run(carewire(server, pieces))
    return 0


if __name__ == "__main__":
    sys.exit(main())
