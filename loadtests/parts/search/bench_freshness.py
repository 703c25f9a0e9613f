"""How soon search knows: from the ack of a message, of its edit and of its deletion until an answer of search shows it.

Workload: messages of 20 words and one that nobody else says, `--rate` a second on a clock, into 20 rooms of one person,
on real storage (an embedded mongod, a majority with its journal on disk, sealed), with a real index (tantivy).
`--follow` times a second one of them is followed: asked for every 20 ms until it is found, then edited and asked for
by its new word, then deleted and asked for once. Shards, the keeper of the index and whoever asks share one process and
its core; the change stream of the journal lies between.
"""

import argparse
import asyncio
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.rooms.room.commands import Create, Edit, Post, RetractMessage
from actors.rooms.service import Rooms
from actors.workflows.table import all_reactions
from common.clock import SystemClock
from common.logs import configure_logging
from config.settings import Settings
from loadtests.lib.texts import sentences, texts
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import wanted_of
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.process.engines import open_engine
from serve_app.capabilities.search.process.link import SearchLink
from serve_app.capabilities.search.process.process import SearchContext, SearchProcess
from serve_app.capabilities.search.sources.messages import TYPE, MessageSource
from serve_app.catalogue import prepare
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from store.embedded.server import EmbeddedMongo
from store.mongo.client import open_client
from store.mongo.kernel.feed import JournalFeed
from store.stores import open_stores

ANN: Final = Principal("ann")
ROOMS: Final = [f"fresh-{number}" for number in range(20)]
EVERY_S: Final = 0.02
GIVEN_UP_S: Final = 15.0


@dataclass
class Freshness:
    """Seconds from ack to found, edited and gone; how many were still shown at the first look after their deletion."""

    found_s: list[float] = field(default_factory=list)
    edited_s: list[float] = field(default_factory=list)
    shown_deleted: int = 0
    late: int = 0
    posted: int = 0


class SearchedRooms:
    """Rooms and a search over them."""

    def __init__(self, rooms: Rooms, search: Search) -> None:
        self.rooms, self._search = rooms, search

    async def finds(self, word: str) -> bool:
        """Is there a message with this word?"""
        wanted = wanted_of(Ask(q=word, type=TYPE, exact=True, sort="newest"), [TYPE])
        return bool((await self._search.search(wanted, by=ANN, trace="")).hits)

    async def until_found(self, word: str) -> float | None:
        """Seconds; None: given up."""
        began_s = time.perf_counter()
        while not await self.finds(word):
            if time.perf_counter() - began_s > GIVEN_UP_S:
                return None
            await asyncio.sleep(EVERY_S)
        return time.perf_counter() - began_s


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[SearchedRooms]:
    """Everything but Ray and sockets."""
    clock, name = SystemClock(), settings.mongo.database
    assert settings.mongo.url is not None
    url = settings.mongo.url.get_secret_value()
    recipe = CarewireSpec(settings)
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    stores = await open_stores(settings, [index for kind in kinds for index in kind.indexes], clock)
    client = open_client(url, timeout_s=10)
    database = client[name]
    cluster = LocalCluster(stores, kinds, settings=settings.kernel, clock=clock, reactions=all_reactions())
    await cluster.start()
    region = await cluster.region("bench")
    await prepare(database, settings)

    def feed(of: Iterable[str]) -> JournalFeed:
        return JournalFeed(url, name, of)

    context = SearchContext(
        settings=settings,
        clock=clock,
        region=region,
        stores=stores,
        database=database,
        kinds=kinds,
        root=await root_of(settings.auth, database, stores.vault),
        registry=CollectorRegistry(),
        feed=feed,
    )
    process = SearchProcess(context, open_engine(settings, clock))
    await process.start("127.0.0.1", None, None)
    rooms, link = Rooms(region, stores.views, clock), SearchLink(database)
    nobody: Any = None  # no cursor, no grant and no address is asked for
    sources = {TYPE: MessageSource(region)}
    try:
        yield SearchedRooms(
            rooms,
            Search(
                link=link,
                sources=sources,
                memberships=rooms.memberships,
                pages=nobody,
                grants=nobody,
                addresses=nobody,
                entities=region,
                analyser=Analyser(),
            ),
        )
    finally:
        await link.close()
        await process.stop()
        await cluster.stop()
        client.close()
        stores.close()


async def follow(house: SearchedRooms, room: str, text: str, word: str, seen: Freshness) -> None:
    """One message, through all that can happen to it."""
    posted = await house.rooms.ask(room, Post(body=f"{text} {word}"), by=ANN)
    seen.posted += 1
    if (found_s := await house.until_found(word)) is None:
        seen.late += 1
        return
    seen.found_s.append(found_s)
    await house.rooms.ask(room, Edit(posted.id, f"{text} {word}b"), by=ANN)
    if (edited_s := await house.until_found(f"{word}b")) is None:
        seen.late += 1
        return
    seen.edited_s.append(edited_s)
    await house.rooms.ask(room, RetractMessage(posted.id), by=ANN)
    seen.shown_deleted += await house.finds(f"{word}b")


async def say(house: SearchedRooms, room: str, text: str, seen: Freshness) -> None:
    """One that nobody follows."""
    await house.rooms.ask(room, Post(body=text), by=ANN)
    seen.posted += 1


async def measure(house: SearchedRooms, messages: Sequence[str], rate: int, follows: int) -> tuple[Freshness, float]:
    """What was seen, and the seconds until the last message was acknowledged or followed to its end."""
    for room in ROOMS:
        await house.rooms.create(room, Create(), by=ANN)
    seen, under_way, began_s = Freshness(), list[asyncio.Task[None]](), time.perf_counter()
    for number, text in enumerate(messages):
        if (pause_s := began_s + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        room = ROOMS[number % len(ROOMS)]
        followed = number % (rate // follows) == 0
        told = (
            follow(house, room, text=text, word=f"mark{number}x", seen=seen)
            if followed
            else say(house, room, text, seen)
        )
        under_way.append(asyncio.create_task(told))
    await asyncio.gather(*under_way)
    return seen, time.perf_counter() - began_s


def marks(title: str, took_s: Sequence[float]) -> str:
    """p50, p95 and p99 in ms."""
    cuts = statistics.quantiles([1e3 * one for one in took_s], n=100)
    return f"  {title:22} p50 {cuts[49]:6.0f} ms  p95 {cuts[94]:6.0f} ms  p99 {cuts[98]:6.0f} ms  of {len(took_s)}"


async def bench(args: argparse.Namespace, data_dir: Path) -> None:
    """Print it."""
    settings = Settings(_env_file=None, data_dir=data_dir)  # type: ignore[call-arg] # pydantic-settings adds it
    mongo = EmbeddedMongo(settings.mongo.model_copy(update={"port": 27500 + os.getpid() % 400}), data_dir)
    async with mongo:
        database = settings.mongo.model_copy(update={"url": SecretStr(mongo.url)})
        settings = settings.model_copy(update={"mongo": database})
        messages = sentences(texts(), 20, args.rate * args.seconds)
        random.Random(5).shuffle(messages)
        async with running(settings) as house:
            seen, took_s = await measure(house, messages, args.rate, args.follow)
    print(f"{seen.posted} messages in {took_s:.1f} s ({seen.posted / took_s:.0f}/s, {args.rate}/s wanted)")
    print(marks("ack to found", seen.found_s))
    print(marks("ack of edit to found", seen.edited_s))
    print(f"  deleted and still shown {seen.shown_deleted}; not found within {GIVEN_UP_S:.0f} s {seen.late}")


def main() -> int:
    """Start a mongod, measure, and take it down again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--follow", type=int, default=4)
    args = parser.parse_args()
    configure_logging("WARNING", "console")
    data_dir = Path(tempfile.mkdtemp(prefix="cwb-"))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bench(args, data_dir))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
