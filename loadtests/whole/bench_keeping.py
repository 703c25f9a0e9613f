"""What worksheets take: on disk, in the memory of a shard, and in time to open one again.

    python -m loadtests.whole.bench_keeping [--updates 10000] [--documents 2000]

One worksheet is written in so often, through a socket: then its journal and its read models are counted, and events
before its last checkpoint that still hold something. So many worksheets of 10 KB are written one after the other: how
much the shard of assignments grows. Some of 250 KB are left alone until they have left its memory, and opened again.

Floors: 5 MB for the 10,000 updates, none of them readable that lies before the last checkpoint; a shard that grows by
its budget (64 MB) and 20 MB at most; 30 ms to open one. Exits with 1 when one is missed.
"""

import argparse
import asyncio
import os
import sys
import time
from typing import Any, Final

import aiohttp
import msgspec
import psutil
import pymongo
import uvloop
from pycrdt import Doc, Text

from loadtests.lib.servers import Server, carewire
from loadtests.lib.worksheets.pens import EventPen, Times
from loadtests.whole.bench_writing import FIELD, Paper, given

CANARY: Final = "Zitronenfalter"
MOST_BYTES: Final = 5_000_000
MOST_GROWN_MB: Final = 64 + 20
MOST_OPEN_MS: Final = 30.0
IDLE_S: Final = 66.0  # a part leaves after a minute, looked at each second
LARGE: Final = {"fields": [{"id": f"page{n}", "type": "long_text", "label": f"Page {n}"} for n in range(13)]}
_WINDOW: Final = 50  # updates that are under way
_MB: Final = 2**20


def _nobody() -> None:
    """What others write is not heard here."""


async def typed(session: aiohttp.ClientSession, server: Server, paper: Paper, count: int) -> None:
    """So many updates of one worksheet. The first word is deleted again."""
    times = Times()
    pen = EventPen(
        session=session, port=server.port, token=paper.client, assignment=paper.assignment, times=times, updated=_nobody
    )
    await pen.open()
    doc: Doc[Any] = Doc()
    text = doc.get(FIELD, type=Text)
    for number in range(count):
        before = doc.get_state()
        if number == 1:
            del text[0 : len(CANARY)]
        else:
            text.insert(len(str(text)), CANARY if not number else "a ")
        await pen.write(doc.get_update(before), time.perf_counter_ns())
        while number - len(times.ack_ms) >= _WINDOW:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.001)
    async with asyncio.timeout(30):
        while len(times.ack_ms) < count:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
    await pen.close()
    if times.refused:
        raise SystemExit(f"{times.refused} updates were refused")


def kept(server: Server, assignment: str) -> bool:
    """Print what the database holds of one worksheet. Whether it is as little as it may be."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", server.mongo_port)
    database = client["carewire"]
    total, canaries = 0, 0
    for name in database.list_collection_names():
        mine = {"$match": {"$or": [{"_id": {"$regex": assignment}}, {"e": f"assignment:{assignment}"}]}}
        size = {"$group": {"_id": None, "bytes": {"$sum": {"$bsonSize": "$$ROOT"}}}}
        total += sum(found["bytes"] for found in database[name].aggregate([mine, size]))
        canaries += sum(CANARY in repr(document) for document in database[name].find())
    events = []
    for turn in database["journal"].find({"e": f"assignment:{assignment}"}).sort("f", 1):
        events += [msgspec.msgpack.decode(blob) for blob in turn["ev"]]
    last = max(at for at, event in enumerate(events) if event[0] == "document_checkpoint")
    old = sum(event[2] is not None for event in events[:last] if event[0].startswith("document_"))
    client.close()
    print(f"{len(events)} events: {total / 1e6:.2f} MB, {old} readable before the last checkpoint, {canaries} canaries")
    return total < MOST_BYTES and not old and not canaries


class RestWriter:
    """Whoever fills worksheets in over REST."""

    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self._session, self._server = session, server

    async def save(self, paper: Paper, answers: dict[str, str]) -> None:
        """Write these."""
        url = f"http://127.0.0.1:{self._server.http_port}/api/assignments/{paper.assignment}/draft"
        headers = {"Authorization": f"Bearer {paper.client}"}
        async with self._session.put(url, json={"answers": answers}, headers=headers) as answer:
            if answer.status >= 300:
                raise SystemExit(f"{answer.status} {(await answer.text())[:300]}")

    async def open_ms(self, paper: Paper) -> float:
        """How long it takes until a socket that is connected has joined."""
        pen = EventPen(
            session=self._session,
            port=self._server.port,
            token=paper.client,
            assignment=paper.assignment,
            times=Times(),
            updated=_nobody,
        )
        await pen.open()
        await pen.close()
        return pen.joined_ms


async def measured(server: Server, args: argparse.Namespace) -> bool:
    """All of it. Whether all is well."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        writer, shard = RestWriter(session, server), psutil.Process(server.pids()["care-0"])
        (paper,) = await given(session, server, 1, "kept")
        await typed(session, server, paper, args.updates)
        good = kept(server, paper.assignment)
        papers = await given(session, server, args.documents, "grown")
        before = shard.memory_info().rss
        for at in range(0, len(papers), 8):
            await asyncio.gather(*(writer.save(one, {"story": os.urandom(5_000).hex()}) for one in papers[at : at + 8]))
        grown_mb = (shard.memory_info().rss - before) / _MB
        print(f"{len(papers)} worksheets of 10 KB: the shard grew by {grown_mb:.0f} MB")
        large = await given(session, server, 5, "large", LARGE)
        for one in large:
            for page in LARGE["fields"]:
                await writer.save(one, {page["id"]: os.urandom(9_800).hex()})
        await asyncio.sleep(IDLE_S)
        idle_mb = (shard.memory_info().rss - before) / _MB
        opened = sorted([await writer.open_ms(one) for one in large])
        print(f"after {IDLE_S:.0f} s: {idle_mb:.0f} MB; 250 KB opened again in {opened[0]:.1f} to {opened[-1]:.1f} ms")
    return good and grown_mb <= MOST_GROWN_MB and opened[len(opened) // 2] <= MOST_OPEN_MS


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=2000)
    args = parser.parse_args()
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        carewire(sorted(os.sched_getaffinity(0))) as server,
    ):
        return int(not runner.run(measured(server, args)))


if __name__ == "__main__":
    sys.exit(main())
