"""Search in a house of many messages: the whole operation (rights, slips, the index, opening, highlights), 20 a second.

Workload: `--messages` messages of 20 words in `--rooms` rooms, posted on real storage (an embedded mongod), with a real
index (tantivy) in a process of its own. Three people are in 5, 50 and 300 of the rooms. They ask in turns, `--asked` a
second on a clock, two words that stand in a message of theirs; every fourth question has a slip. Filling ends with the
messages, or when `--fill-s` seconds are over: what is told is of as many as there are by then. `--straight` puts turns
straight into the journal, and documents straight into the index (`straight.py`), which takes minutes for a million.
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
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop

from actors.kernel.contract.entity import Principal
from actors.rooms.room.commands import Create, Post
from common.clock import SystemClock
from common.logs import configure_logging
from config.settings import Settings
from loadtests.lib.texts import sentences, texts
from loadtests.parts.search import straight
from loadtests.parts.search.bench_freshness import SearchedRooms, running
from loadtests.parts.search.keeper import Keeper, settings_at
from loadtests.search_quality import slipped
from serve_app.capabilities.search.asking.wanted import wanted_of
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.sources.messages import TYPE
from store.embedded.server import EmbeddedMongo
from store.stores import open_stores

OWNER: Final = Principal("owner")
CALLERS: Final = {5: "of_5", 50: "of_50", 300: "of_300"}
AT_ONCE: Final = 200
CAUGHT_UP_S: Final = 600.0


async def begin(house: SearchedRooms, rooms: Sequence[str]) -> None:
    """The rooms."""
    for first in range(0, len(rooms), AT_ONCE):
        some = list(enumerate(rooms))[first : first + AT_ONCE]
        await asyncio.gather(*(house.rooms.create(room, Create(members=_in(n)), by=OWNER) for n, room in some))


async def straight_in(
    house: SearchedRooms, url: str, data_dir: Path, rooms: Sequence[str], messages: Sequence[str]
) -> Keeper:
    """All of them in journal and index; whoever answers from that."""
    said, folder, settings = data_dir / "said.txt", data_dir / "straight", settings_at(url, data_dir)
    said.write_text("\n".join(messages), encoding="utf-8")
    await begin(house, rooms)
    module = straight.__name__
    indexing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, "fill", str(folder), str(said), str(len(rooms)), OWNER.user
    )
    stores = await open_stores(settings, [], SystemClock())
    await straight.fill_journal(stores, rooms, messages, OWNER.user)
    stores.close()
    if await indexing.wait():
        raise RuntimeError("the index was not filled")
    return await Keeper.run(module, "serve", str(folder), url, settings.mongo.database)


async def fill(house: SearchedRooms, rooms: Sequence[str], messages: Sequence[str], within_s: float) -> int:
    """How many were said."""
    await begin(house, rooms)
    until_s, said = time.perf_counter() + within_s, 0
    while said < len(messages) and time.perf_counter() < until_s:
        some = list(enumerate(messages[said : said + AT_ONCE], said))
        await asyncio.gather(*(house.rooms.ask(_room(rooms, n), Post(body=text), by=OWNER) for n, text in some))
        said += len(some)
    return said


def _in(number: int) -> tuple[str, ...]:
    return tuple(user for many, user in CALLERS.items() if number < many)


def _room(rooms: Sequence[str], number: int) -> str:
    return rooms[number % len(rooms)]


async def caught_up(house: SearchedRooms, word: str) -> float:
    """Seconds until the last of them is found."""
    began_s = time.perf_counter()
    while not await house.finds(word, OWNER):
        if time.perf_counter() - began_s > CAUGHT_UP_S:
            raise RuntimeError("the index does not catch up")
        await asyncio.sleep(0.5)
    return time.perf_counter() - began_s


def questions(messages: Sequence[str], rooms: int, count: int) -> list[tuple[int, str, bool]]:
    """Who asks, what, and whether there is a slip in it."""
    dice, asked = random.Random(3), list[tuple[int, str, bool]]()
    while len(asked) < count:
        many = list(CALLERS)[len(asked) % len(CALLERS)]
        text = messages[dice.randrange(max(1, len(messages) // rooms)) * rooms + dice.randrange(min(many, rooms))]
        words = [word for word in text.split() if word.isalpha() and len(word) > 4]
        if len(words) < 2:
            continue
        q, slips = " ".join(dice.sample(words, 2)), len(asked) % 4 == 3
        asked.append((many, slipped(q, dice) if slips else q, slips))
    return asked


async def ask(house: SearchedRooms, asked: Sequence[tuple[int, str, bool]], rate: int) -> Mapping[str, list[float]]:
    """Seconds of each, on a clock, by who asked."""
    took: dict[str, list[float]] = defaultdict(list)

    async def one(many: int, q: str, *, slips: bool) -> None:
        began_s = time.perf_counter()
        wanted = wanted_of(Ask(q=q, type=TYPE), [TYPE])
        await house.search.search(wanted, by=Principal(CALLERS[many]), trace="")
        for title in (f"{many} rooms", "with a slip" if slips else "clean", "all"):
            took[title].append(time.perf_counter() - began_s)

    began_s, under_way = time.perf_counter(), list[asyncio.Task[None]]()
    for number, (many, q, slips) in enumerate(asked):
        if (pause_s := began_s + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(pause_s)
        under_way.append(asyncio.create_task(one(many, q, slips=slips)))
    await asyncio.gather(*under_way)
    return took


async def bench(args: argparse.Namespace, data_dir: Path) -> None:
    """Print it."""
    rooms, last = [f"room-{number}" for number in range(args.rooms)], "lastword"
    messages = sentences(texts(), 20, args.messages)
    plain = Settings(_env_file=None, data_dir=data_dir)  # type: ignore[call-arg] # pydantic-settings adds it
    mongo = EmbeddedMongo(plain.mongo.model_copy(update={"port": 27500 + os.getpid() % 400}), data_dir)
    async with mongo, running(settings_at(mongo.url, data_dir)) as house:
        began_s = time.perf_counter()
        if args.straight:
            keeper, said = await straight_in(house, mongo.url, data_dir, rooms, messages), len(messages)
            print(f"{said} messages in {len(rooms)} rooms, there in {time.perf_counter() - began_s:.0f} s", flush=True)
        else:
            keeper = await Keeper.begin(mongo.url, data_dir)
            said = await fill(house, rooms, messages, args.fill_s)
            took_s = time.perf_counter() - began_s
            await house.rooms.ask(rooms[0], Post(body=last), by=OWNER)
            behind_s = await caught_up(house, last)
            told = f"said in {took_s:.0f} s, found {behind_s:.1f} s later"
            print(f"{said} messages in {len(rooms)} rooms, {told}", flush=True)
        asked = questions(messages[:said], len(rooms), args.asked * args.seconds)
        cpu_s = time.process_time()
        took = await ask(house, asked, args.asked)
        cpu_s = time.process_time() - cpu_s
        used = await keeper.end()
    for title, times in sorted(took.items()):
        marks = statistics.quantiles([1e3 * one for one in times], n=100)
        print(f"  {title:12} p50 {marks[49]:6.1f} ms  p99 {marks[98]:6.1f} ms  of {len(times)}")
    print(f"  CPU of whoever opens and shows, with the shards: {1e3 * cpu_s / len(asked):.1f} ms a search")
    print(f"  the process of the index: {used['cpu_s']:.0f} s of CPU in all, {used['pss_mb']:.0f} MB at its end")


def main() -> int:
    """Start a mongod, measure, and take it down again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rooms", type=int, default=10_000)
    parser.add_argument("--fill-s", type=float, default=1_200.0)
    parser.add_argument("--straight", action="store_true", help="fill journal and index without saying anything")
    parser.add_argument("--asked", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60)
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
