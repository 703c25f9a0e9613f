"""Bookings over REST, and what their watchers hear: the whole program, started here, with real clients.

    python -m loadtests.whole.bench_bookings [--rate 100] [--seconds 20] [--clients 500] [--watchers 1000] [--json FILE]

*Bookings*: `POST /api/bookings` on a clock, over 50 therapists with a service of half an hour, each request another
free time and another person of 500, whom the warm-up has made known to the server (with `--clients 5000` all are
strangers, whose agendas, mailboxes and keys are made with their first booking). Latency counts from when each was due,
so a server that falls behind is seen. `--keys`: an `Idempotency-Key` with each.

*Watchers*: 1,000 sockets watch one calendar; bookings of it are made five times a second; latency is from sending the
request to each watcher's `availability_changed`.

The client (one process, aiohttp and bare sockets) shares the cores with the server. Rate limits are off. Floors: p95 of
a booking 100 ms, p99 of a watcher 500 ms; exits with 1 when one is missed, or when a booking failed or a watcher missed
something.
"""

import argparse
import asyncio
import itertools
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import uvloop

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.load_socket import LoadSocket
from loadtests.lib.servers import Server, carewire
from loadtests.lib.workloads import percentile

THERAPISTS: Final = 50
WARMUP_S: Final = 6.0
WATCHED_PER_S: Final = 5.0
WATCHED_BOOKINGS: Final = 50
DRAIN_S: Final = 10.0
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SCHEDULE: Final = {
    "tz": "Europe/Berlin",
    "weekly": {day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in DAYS},
    "slot_minutes": 30,
    "services": [{"service_id": "talk", "title": "Talk", "duration_minutes": 30}],
    "rules": {"max_per_day": 16},
}
FLOORS_MS: Final = {"booking_p95_ms": 100.0, "watcher_p99_ms": 500.0}


class Booked(msgspec.Struct, kw_only=True):
    """What the first half found. `server_ms_each`: CPU of all processes of the server for one booking."""

    rate: float
    answers: dict[str, int]
    booking_p50_ms: float
    booking_p95_ms: float
    booking_p99_ms: float
    server_cores: float
    server_ms_each: float
    client_cores: float


class WatchedChange(msgspec.Struct, kw_only=True):
    """What the second half found."""

    watchers: int
    bookings: int
    missing: int
    watcher_p50_ms: float
    watcher_p99_ms: float
    watcher_max_ms: float


class BookingWish(msgspec.Struct, frozen=True):
    """One booking to be made."""

    therapist: str
    client: int
    start: str


def wishes(clients: int) -> Iterator[BookingWish]:
    """Free times one after the other, of one therapist after the other; nobody is wanted twice at one time."""
    monday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=14)
    people = itertools.count()
    for day in itertools.count():
        for half in (*range(18, 22), *range(26, 30)):  # UTC: open in summer and in winter
            start = (monday + timedelta(days=day, minutes=30 * half)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            for number in range(THERAPISTS):
                yield BookingWish(f"doc{number}", next(people) % clients, start)


class BookingDesk:
    """The clients of the REST API."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, clients: int, *, keys: bool) -> None:
        self._url = f"http://127.0.0.1:{server.http_port}/api"
        self._secret = server.secret or ""
        self._session = session
        self._keys = keys
        self._numbers = itertools.count()
        self._headers = [self.headers(f"client{number}", "client") for number in range(clients)]

    def headers(self, user: str, role: str) -> dict[str, str]:
        """Those of a user."""
        return {"Authorization": f"Bearer {self.token(user, role)}", "Content-Type": "application/json"}

    def token(self, user: str, role: str) -> str:
        """A good one."""
        return mint(self._secret, user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=3600)

    async def set_up(self) -> None:
        """The calendars."""
        for number in range(THERAPISTS):
            name = f"doc{number}"
            url = f"{self._url}/calendars/{name}"
            async with self._session.put(url, json=SCHEDULE, headers=self.headers(name, "therapist")) as answer:
                answer.raise_for_status()

    async def book(self, wish: BookingWish) -> int:
        """One booking. The status of the answer."""
        body = {"therapist_id": wish.therapist, "service_id": "talk", "start": wish.start}
        headers = self._headers[wish.client]
        if self._keys:
            headers = headers | {"Idempotency-Key": f"bench-{next(self._numbers)}"}
        async with self._session.post(
            f"{self._url}/bookings", data=msgspec.json.encode(body), headers=headers
        ) as found:
            text = await found.read()
        if found.status != 201:
            print(found.status, text[:300].decode(errors="replace"), file=sys.stderr)
        return found.status


async def on_a_clock(rate: float, seconds: float, act: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """`act(due_ns)` so often, whatever becomes of it; returns when all have ended."""
    started_ns = time.perf_counter_ns()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due_ns = started_ns + int(number * 1e9 / rate)
            if (ahead_ns := due_ns - time.perf_counter_ns()) > 0:
                await asyncio.sleep(ahead_ns / 1e9)
            group.create_task(act(due_ns))


async def bookings(
    server: Server, desk: BookingDesk, source: Iterator[BookingWish], rate: float, seconds: float
) -> Booked:
    """The first half."""
    took_ms: list[float] = []
    answers: Counter[str] = Counter()

    async def one(due_ns: int) -> None:
        answers[str(await desk.book(next(source)))] += 1
        took_ms.append((time.perf_counter_ns() - due_ns) / 1e6)

    await on_a_clock(rate / 2, WARMUP_S / 2, one)
    await on_a_clock(rate, WARMUP_S, one)
    await asyncio.sleep(1)
    took_ms.clear()
    answers.clear()
    by_process = server.cpu_by_process_s()
    began_s, cpu_s, own_s = time.perf_counter(), server.cpu_s(), time.process_time()
    await on_a_clock(rate, seconds, one)
    lasted_s = time.perf_counter() - began_s
    used_s, own_s = server.cpu_s() - cpu_s, time.process_time() - own_s
    for name, total_s in sorted(server.cpu_by_process_s().items()):
        if (share := (total_s - by_process.get(name, 0.0)) / len(took_ms) * 1000) > 0.05:
            print(f"  {share:6.2f} ms CPU a booking  {name}")
    return Booked(
        rate=round(len(took_ms) / lasted_s, 1),
        answers=dict(answers),
        booking_p50_ms=round(percentile(took_ms, 0.5), 1),
        booking_p95_ms=round(percentile(took_ms, 0.95), 1),
        booking_p99_ms=round(percentile(took_ms, 0.99), 1),
        server_cores=round(used_s / lasted_s, 2),
        server_ms_each=round(used_s / len(took_ms) * 1000, 2),
        client_cores=round(own_s / lasted_s, 2),
    )


class CalendarWatchers:
    """Sockets that watch one calendar."""

    def __init__(self, therapist: str) -> None:
        self._therapist = therapist
        self._sockets: list[LoadSocket] = []
        self.sent_ns: dict[bytes, int] = {}
        self.took_ms: list[float] = []

    async def connect(self, server: Server, desk: BookingDesk, count: int) -> None:
        """Connect and watch."""
        places = asyncio.Semaphore(32)
        soon = datetime.now(UTC)
        asked = {"therapist_id": self._therapist, "service_id": "talk", "from": soon.isoformat(timespec="seconds")}
        asked |= {"to": (soon + timedelta(days=1)).isoformat(timespec="seconds")}

        async def one(number: int) -> None:
            async with places:
                auth = msgspec.json.encode({"token": desk.token(f"watcher{number}", "client")})
                socket = LoadSocket(auth, lambda packet: None, lambda *_: None, on_event=self._heard)
                self._sockets.append(socket)
                await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", server.port)
                await asyncio.wait_for(socket.connected, 30)
                await asyncio.wait_for(socket.ask("watch_calendar", msgspec.json.encode(asked)), 30)

        await asyncio.gather(*(one(number) for number in range(count)))

    def close(self) -> None:
        """Hang up."""
        for socket in self._sockets:
            socket.close()

    def _heard(self, packet: bytes) -> None:
        if not packet.startswith(b'42["availability_changed"'):
            return
        at = packet.index(b'"start":"') + 9
        sent_ns = self.sent_ns.get(packet[at : at + 24])
        if sent_ns is not None and b'"busy"' in packet:
            self.took_ms.append((time.perf_counter_ns() - sent_ns) / 1e6)


async def watching(server: Server, desk: BookingDesk, source: Iterator[BookingWish], count: int) -> WatchedChange:
    """The second half."""
    watchers = CalendarWatchers("doc0")
    mine = (wish for wish in source if wish.therapist == "doc0")
    try:
        await watchers.connect(server, desk, count)
        await asyncio.sleep(2)

        async def one(due_ns: int) -> None:
            wish = next(mine)
            watchers.sent_ns[wish.start.encode()] = due_ns
            await desk.book(wish)

        await on_a_clock(WATCHED_PER_S, WATCHED_BOOKINGS / WATCHED_PER_S, one)
        expected, until_s = count * WATCHED_BOOKINGS, time.monotonic() + DRAIN_S
        while len(watchers.took_ms) < expected and time.monotonic() < until_s:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.05)
    finally:
        watchers.close()
    return WatchedChange(
        watchers=count,
        bookings=WATCHED_BOOKINGS,
        missing=expected - len(watchers.took_ms),
        watcher_p50_ms=round(percentile(watchers.took_ms, 0.5), 1),
        watcher_p99_ms=round(percentile(watchers.took_ms, 0.99), 1),
        watcher_max_ms=round(max(watchers.took_ms), 1),
    )


async def run(server: Server, args: argparse.Namespace) -> tuple[Booked, WatchedChange | None]:
    """Both halves."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        desk = BookingDesk(server, session, args.clients, keys=args.keys)
        await desk.set_up()
        source = wishes(args.clients)
        booked = await bookings(server, desk, source=source, rate=args.rate, seconds=args.seconds)
        print(msgspec.json.encode(booked).decode(), flush=True)
        watched = await watching(server, desk, source, args.watchers) if args.watchers else None
        if watched is not None:
            print(msgspec.json.encode(watched).decode(), flush=True)
        return booked, watched


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=100.0, help="bookings a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the first half")
    parser.add_argument("--clients", type=int, default=500, help="people who book")
    parser.add_argument("--watchers", type=int, default=1000, help="0: leave the second half out")
    parser.add_argument("--keys", action="store_true", help="an Idempotency-Key with each request")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON lines there, too")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    cpus = sorted(os.sched_getaffinity(0))
    with carewire(cpus) as server, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        booked, watched = runner.run(run(server, args))
    if args.json is not None:
        args.json.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in (booked, watched) if one))
    found = {"booking_p95_ms": booked.booking_p95_ms}
    if watched is not None:
        found["watcher_p99_ms"] = watched.watcher_p99_ms
    for name, value in found.items():
        print(f"{name:20} {value:>8}   (floor {FLOORS_MS[name]:g})")
    failed = set(booked.answers) - {"201"} or (watched is not None and watched.missing)
    return int(bool(failed) or any(value > FLOORS_MS[name] for name, value in found.items()))


if __name__ == "__main__":
    sys.exit(main())
