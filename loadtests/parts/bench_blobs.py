"""Blobs in GridFS, sealed, majority: MB/s of writing and reading, the time of a small range, and the memory it takes.

Workload: one blob of `--mb` megabytes of noise, appended in pieces of 64 KiB, read whole, then 200 ranges of 1 KiB. Its
floor stands beside it: sealing and opening the same frames in memory, without a database.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from common.clock import SystemClock
from config.files import FilesSettings
from config.settings import MongoSettings
from store.blobs.opening import open_blobs
from store.blobs.sealing import FRAME_BYTES, FrameCipher, new_key
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.embedded.server import EmbeddedMongo
from store.memory.keys import MemoryKeyStore
from store.mongo.client import open_client

PIECE = os.urandom(FRAME_BYTES)
RANGES = 200


async def pieces(count: int) -> AsyncIterator[bytes]:
    """So many."""
    for _ in range(count):
        yield PIECE


def resident_mb() -> float:
    """Of this process."""
    return psutil.Process().memory_info().rss / 1e6


async def measure(mb: int, port: int, data: Path) -> None:
    """One run, printed."""
    clock, count = SystemClock(), mb * 1_000_000 // FRAME_BYTES
    async with EmbeddedMongo(MongoSettings(port=port), data) as server:
        client = open_client(server.url, timeout_s=20)
        vault = KeyringVault(MemoryKeyStore(), MasterKeys.generate(), clock)
        async with open_blobs(FilesSettings(), client["bench"], vault, clock) as blobs:
            await blobs.create("blob_warm", "alice")
            await blobs.append("blob_warm", 0, pieces(64))
            await blobs.create("blob_1", "alice")
            before_mb, began_s = resident_mb(), time.perf_counter()
            length = await blobs.append("blob_1", 0, pieces(count))
            await blobs.finish("blob_1")
            wrote_s, began_s, read = time.perf_counter() - began_s, time.perf_counter(), 0
            async for piece in await blobs.read("blob_1"):
                read += len(piece)
            read_s, grown_mb = time.perf_counter() - began_s, resident_mb() - before_mb
            assert read == length
            took = []
            for _ in range(RANGES):
                start, began_s = random.randrange(length - 1024), time.perf_counter()
                async for _piece in await blobs.read("blob_1", start, start + 1024):
                    pass
                took.append(time.perf_counter() - began_s)
        client.close()
    took.sort()
    print(f"write {length / wrote_s / 1e6:.0f} MB/s, read {length / read_s / 1e6:.0f} MB/s, {length / 1e6:.0f} MB")
    print(f"range of 1 KiB: p50 {took[len(took) // 2] * 1e3:.1f} ms, p99 {took[-len(took) // 100] * 1e3:.1f} ms")
    print(f"memory grew by {grown_mb:.1f} MB")


def floor() -> None:
    """Sealing and opening alone."""
    cipher, count, began_s = FrameCipher(new_key(), "blob_1"), 1000, time.perf_counter()
    for number in range(count):
        cipher.open(number, cipher.seal(number, PIECE))
    print(f"floor: seal and open {count * FRAME_BYTES / (time.perf_counter() - began_s) / 1e6:.0f} MB/s")


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--port", type=int, default=27217)
    options = parser.parse_args()
    floor()
    with tempfile.TemporaryDirectory(prefix="carewire-bench-") as data:
        asyncio.run(measure(options.mb, options.port, Path(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
