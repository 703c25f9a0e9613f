"""People talk and search while everything dies at random times: search, follower, api, mongod; while the folder of the
index is deleted, and while its disk is full.

`make drill search` says 1,500 messages (SIZE=n: n) in 20 rooms. Whatever was acknowledged is found, once, and nothing
else is; the chat is never kept by search; `carewire search check` finds nothing to mend afterwards. How long it takes
from the ack until a message is found is measured before anybody dies.
"""

import asyncio
import os
import random
import resource
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.drills.mortal import percentile
from tests.system.harness import Client, System, carewire, wait_until

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 200
ROOMS: Final = 20
VICTIMS: Final = ("search-", "follower-", "api-", "mongod", "the folder", "the disk")
LOOKS: Final = 100
OVER_S: Final = 240.0
FULL_S: Final = 4.0
pytestmark = pytest.mark.timeout(1200)


@dataclass
class Book:
    """What was acknowledged: what a message says is its number, in a word of its own."""

    acknowledged: list[int] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)


def room_of(number: int) -> str:
    """Where it is said."""
    return f"drill-{number % ROOMS}"


def word_of(number: int) -> str:
    """No two of these are one slip apart."""
    return f"w{number * 7919 + 100_000}q"


async def say(client: Client, number: int, book: Book) -> None:
    """Until it is acknowledged, however often that takes."""
    body = {"room_id": room_of(number), "body": f"heron {word_of(number)}", "client_id": f"c{number}"}
    ends_s = time.monotonic() + OVER_S
    while time.monotonic() < ends_s:
        with suppress(Exception):
            ack = await client.sio.call("message", body, timeout=10.0)
            if ack["ok"]:
                book.acknowledged.append(number)
                return
            book.happened[f"refused: {ack['error']['code']}"] += 1
        await asyncio.sleep(0.2)
    raise AssertionError(f"message {number} is not acknowledged after {OVER_S:g} s")


async def found(http: httpx.AsyncClient, **asked: Any) -> Any:
    """A page; None where there is none just now."""
    try:
        answer = await http.get("/api/search", params={"type": "messages", **asked})
    except httpx.HTTPError:
        return None
    assert answer.status_code in (200, 500, 502, 503, 504), answer.text
    return answer.json() if answer.status_code == 200 else None


async def fresh(system: System, client: Client, book: Book) -> None:
    """From the ack until it is found, one message after the other."""
    took: list[float] = []
    async with system.http("ann") as http:
        for number in range(LOOKS):
            await say(client, number, book)
            began_s = time.monotonic()

            async def there(number: int = number) -> bool:
                page = await found(http, q=word_of(number), exact="true")
                return page is not None and page["total"]["value"] == 1

            await wait_until(there, within_s=30.0, what=f"message {number} is found", every_s=0.01)
            took.append(time.monotonic() - began_s)
    print(f"found after p50 {percentile(took, 0.5):.3f} s, p95 {percentile(took, 0.95):.3f} s of the ack", flush=True)


@asynccontextmanager
async def torment(system: System, dice: random.Random, book: Book) -> AsyncIterator["asyncio.Task[None]"]:
    """Meanwhile everybody dies."""
    victims = list(VICTIMS)
    dice.shuffle(victims)

    async def kill() -> None:
        for victim in victims:
            await asyncio.sleep(dice.uniform(1.0, 4.0))
            match victim:
                case "the folder":
                    await asyncio.to_thread(_delete_index, system.data_dir / "search")
                case "the disk":
                    await _fill(system)
                case _:
                    await _kill(system, victim)
            book.happened[victim] += 1
            print(f"gone: {victim}", flush=True)

    killing = asyncio.create_task(kill())
    try:
        yield killing
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)


def _delete_index(folder: Path) -> None:
    for generation in folder.glob("g*"):
        shutil.rmtree(generation, ignore_errors=True)


async def _kill(system: System, name: str) -> None:
    async def pid() -> int | None:
        try:
            rows = await system.status()
        except httpx.HTTPError:
            return None
        pids = [int(row["pid"]) for row in rows if row["name"].startswith(name) and row["status"] != "unreachable"]
        return pids[0] if pids else None

    victim: int = await wait_until(pid, within_s=90.0, what=f"{name} is found", every_s=0.3)
    with suppress(ProcessLookupError):  # it has ended since
        os.kill(victim, signal.SIGKILL)


async def _fill(system: System) -> None:
    """The process of search may write no file that grows any more: what a full disk does to it, and to nobody else."""
    pid = await system.pid_of("search-0")
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    await asyncio.sleep(FULL_S)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def test_whatever_is_acknowledged_is_found_whoever_dies(tmp_path: Path) -> None:
    dice, book = random.Random(SEED), Book()
    system = System(tmp_path / "data", ACTIVITIES__LONGEST_RETRY_S=2)
    await asyncio.to_thread(system.start)
    try:
        async with system.client("ann") as client:
            for number in range(ROOMS):
                await client.call("create_room", {"room_id": room_of(number)})
            await fresh(system, client, book)
            over = False

            async def look() -> None:
                async with system.http("ann") as http:
                    while not over:
                        page = await found(http, q="heron", limit=50, sort="newest")
                        if page is not None:
                            ids = [one["id"] for one in page["hits"]]
                            assert len(ids) == len(set(ids))
                        book.happened["answered" if page is not None else "not answered"] += 1
                        await asyncio.sleep(0.1)

            looking = asyncio.create_task(look())
            async with torment(system, dice, book) as killing:
                for number in range(LOOKS, LOOKS + SIZE):
                    await say(client, number, book)
                await killing
            over = True
            await looking
        print(dict(book.happened), flush=True)
        await _all_there(system, book)
    finally:
        await asyncio.to_thread(system.stop)


async def _all_there(system: System, book: Book) -> None:
    async with system.http("ann") as http:
        for number in book.acknowledged:

            async def once(number: int = number) -> bool:
                page = await found(http, q=word_of(number), exact="true")
                return page is not None and page["total"] == {"value": 1, "exact": True}

            await wait_until(once, within_s=OVER_S, what=f"message {number} is found once", every_s=0.2)
    done = await asyncio.to_thread(carewire, "search", "check", env=system.env, cwd=system.data_dir, timeout_s=120.0)
    print(done.stdout, done.stderr, flush=True)
    assert done.returncode == 0, done.stdout
    assert "0 missing, 0 stale, 0 extra" in done.stdout, done.stdout
