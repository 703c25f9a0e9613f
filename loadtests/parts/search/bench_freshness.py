"""How soon search knows: from the ack of a message, of its edit and of its deletion until an answer of search shows it;
and what chat pays for it.

Workload: messages of 20 words and one that nobody else says, `--rate` a second on a clock, into 20 rooms of one person,
on real storage (an embedded mongod, a majority with its journal on disk, sealed), with a real index (tantivy) in a
process of its own. `--follow` times a second one of them is followed: asked for every 50 ms until it is found, then
edited and asked for by its new word, then deleted and asked for once. Shards and whoever asks share a process.

`--chat`: nobody asks; every five seconds the process that keeps the index is stopped or goes on (SIGSTOP, SIGCONT), and
acks are timed apart: with it, and without. It catches up while it goes on, so what is seen with it is more than its
share.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.kernel.history.library import StoredLibrary
from actors.rooms.room.commands import Create, Edit, Post, RetractMessage
from actors.rooms.service import Rooms
from actors.workflows.table import all_reactions
from common.clock import SystemClock
from config.settings import Settings
from loadtests.lib.texts import sentences, texts
from loadtests.parts.running import benchmark
from loadtests.parts.search.keeper import Keeper, settings_at
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.pages import Pages
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import wanted_of
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.process.link import SearchLink
from serve_app.capabilities.search.sources.messages import TYPE, MessageSource
from serve_app.capabilities.search.sources.permits import RoomPermits
from serve_app.catalogue import prepare
from serve_app.cluster.spec import CarewireSpec
from serve_app.edge.conventions.roots import root_of
from store.embedded.server import EmbeddedMongo
from store.mongo.client import open_client
from store.stores import open_stores

ANN: Final = Principal("ann")
ROOMS: Final = [f"fresh-{number}" for number in range(20)]
EVERY_S: Final = 0.05
WINDOW_S: Final = 5.0
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
        self.rooms, self.search = rooms, search

    async def finds(self, word: str, by: Principal = ANN) -> bool:
        """Is there a message with this word?"""
        wanted = wanted_of(Ask(q=word, type=TYPE, exact=True, sort="newest"), [TYPE])
        return bool((await self.search.search(wanted, by=by, trace="")).hits)

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
    """Rooms, and whoever searches in them; the index is kept elsewhere."""
    clock, name = SystemClock(), settings.mongo.database
    assert settings.mongo.url is not None
    recipe = CarewireSpec(settings)
    kinds = [kind for pool in recipe.pools for kind in recipe.kinds(pool)]
    stores = await open_stores(settings, [index for kind in kinds for index in kind.indexes], clock)
    client = open_client(settings.mongo.url.get_secret_value(), timeout_s=10)
    cluster = LocalCluster(stores, kinds, settings=settings.kernel, clock=clock, reactions=all_reactions())
    await cluster.start()
    region = await cluster.region("bench")
    await prepare(client[name], settings)
    rooms, link = Rooms(region, stores.views, clock), SearchLink(client[name])
    pages = Pages(client[name], stores.vault, await root_of(settings.auth, client[name], stores.vault), clock)
    nobody: Any = None  # no grant and no address is asked for

    async def nobody_is_erased() -> bool:
        return False

    room_kind = next(kind for kind in kinds if kind.name == "room")
    library = StoredLibrary(room_kind, stores)
    sources = {TYPE: MessageSource(RoomPermits(region, stores.views), library, stores.views, nobody_is_erased)}
    try:
        yield SearchedRooms(
            rooms,
            Search(
                link=link,
                sources=sources,
                memberships=rooms.joined,
                pages=pages,
                grants=nobody,
                addresses=nobody,
                entities=region,
                analyser=Analyser(),
            ),
        )
    finally:
        await link.close()
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
    seen, under_way, began_s = Freshness(), list[asyncio.Task[None]](), time.perf_counter()
    async for number, text in on_time(messages, rate):
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


async def on_time(messages: Sequence[str], rate: int) -> AsyncIterator[tuple[int, str]]:
    """So many a second, however long each takes."""
    began_s = time.perf_counter()
    for number, text in enumerate(messages):
        if (pause_s := began_s + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        yield number, text


async def chat(house: SearchedRooms, keeper: Keeper, messages: Sequence[str], rate: int) -> dict[bool, list[float]]:
    """Seconds from sending to ack: while the index is kept, and while it is not."""
    acked: dict[bool, list[float]] = {True: [], False: []}
    under_way, kept, until_s = list[asyncio.Task[None]](), True, time.perf_counter() + WINDOW_S

    async def timed(room: str, text: str, *, kept: bool) -> None:
        began_s = time.perf_counter()
        await house.rooms.ask(room, Post(body=text), by=ANN)
        acked[kept].append(time.perf_counter() - began_s)

    async for number, text in on_time(messages, rate):
        if time.perf_counter() >= until_s:
            kept, until_s = not kept, until_s + WINDOW_S
            (keeper.go_on if kept else keeper.rest)()
        under_way.append(asyncio.create_task(timed(ROOMS[number % len(ROOMS)], text, kept=kept)))
    await asyncio.gather(*under_way)
    return acked


def marks(title: str, took_s: Sequence[float]) -> str:
    """p50, p95 and p99 in ms."""
    cuts = statistics.quantiles([1e3 * one for one in took_s], n=100)
    return f"  {title:22} p50 {cuts[49]:6.1f} ms  p95 {cuts[94]:6.1f} ms  p99 {cuts[98]:6.1f} ms  of {len(took_s)}"


async def bench(args: argparse.Namespace, data_dir: Path) -> None:
    """Print it."""
    messages = sentences(texts(), 20, args.rate * args.seconds)
    random.Random(5).shuffle(messages)
    plain = Settings(_env_file=None, data_dir=data_dir)  # type: ignore[call-arg] # pydantic-settings adds it
    mongo = EmbeddedMongo(plain.mongo.model_copy(update={"port": 27500 + os.getpid() % 400}), data_dir)
    async with mongo, running(settings_at(mongo.url, data_dir)) as house:
        for room in ROOMS:
            await house.rooms.create(room, Create(), by=ANN)
        keeper = await Keeper.begin(mongo.url, data_dir)
        if args.chat:
            acked = await chat(house, keeper, messages, args.rate)
            print(f"{args.rate} messages/s wanted")
            print(marks("ack, index kept", acked[True]), marks("ack, index not kept", acked[False]), sep="\n")
        else:
            seen, took_s = await measure(house, messages, args.rate, args.follow)
            print(f"{seen.posted} messages in {took_s:.1f} s ({seen.posted / took_s:.0f}/s, {args.rate}/s wanted)")
            print(marks("ack to found", seen.found_s))
            print(marks("ack of edit to found", seen.edited_s))
            print(f"  deleted and still shown {seen.shown_deleted}; not found in {GIVEN_UP_S:.0f} s {seen.late}")
        used = await keeper.end()
        each_ms = 1e3 * used["cpu_s"] / len(messages)
        print(f"  the process of the index: {each_ms:.2f} ms of CPU a message, {used['pss_mb']:.0f} MB")


def main() -> int:
    """Start a mongod, measure, and take it down again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--follow", type=int, default=2)
    parser.add_argument("--chat", action="store_true", help="acks with and without whoever keeps the index")
    args = parser.parse_args()
    with benchmark() as (runner, data_dir):
        runner.run(bench(args, data_dir))
    return 0


if __name__ == "__main__":
    sys.exit(main())
