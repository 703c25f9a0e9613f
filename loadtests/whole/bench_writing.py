"""Worksheets that are written in while their therapists have them open: the whole program, beside servers of Yjs.

    python -m loadtests.whole.bench_writing [--rate 200 625] [--worksheets 100] [--seconds 15] [--json FILE]

Each worksheet is open at two sockets; at one somebody types some characters at the end of a text (updates of about 30
bytes), all worksheets in turn, on a clock. Latency counts from when each was due: to its ack (auto-save: stored by a
majority with its journal on disk), and to the other socket. Rounds of one run, by the same client: Carewire over
Socket.IO, Carewire over y-websocket's protocol, and two peers from npm, each if it is there: the server of that
protocol (`@y/websocket-server`, which keeps documents in LevelDB, unsynced, and acknowledges nothing), and Hocuspocus
(`npm ci --prefix loadtests/peers/hocuspocus`; `NODE` names a Node of 22 or later), which stores whole documents seconds
later. CPU counts all processes of a server, and by themselves those that an update goes through: the gateway, the
shard of assignments, mongod (with what they do when nobody writes, which is printed first).

The client (one process) shares the cores with the server. Floors: an ack p50 15 ms and p99 60, the other socket p99
200; twice the peer's CPU an update. Exits with 1 when one is missed, or an update was lost or refused.
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
import msgspec
import uvloop
from pycrdt import Doc, Text

from common.auth.tokens import mint
from common.clock import SystemClock
from loadtests.lib.servers import ROOT, NotAvailable, Server, carewire
from loadtests.lib.workloads import percentile
from loadtests.lib.worksheets.pens import EventPen, Pen, Times, YjsPen
from loadtests.whole.bench_bookings import on_a_clock

THERAPISTS: Final = 10
WARMUP_S: Final = 4.0
DRAIN_S: Final = 10.0
FIELD: Final = "text:story"
SCHEMA: Final = {"fields": [{"id": "story", "type": "long_text", "label": "What happened?"}]}
FLOORS_MS: Final = {"ack_p50_ms": 15.0, "ack_p99_ms": 60.0, "heard_p99_ms": 200.0}
MOST_OF_PEER: Final = 2.0
PATH: Final = ("gateway-0", "care-0", "mongod")
REST_S: Final = 5.0
HOCUSPOCUS: Final = ROOT / "loadtests/peers/hocuspocus"
LEAST_NODE: Final = 22  # of Hocuspocus
Door = Literal["events", "yjs", "hocuspocus"]
OWN: Final[tuple[tuple[str, Door], ...]] = (("carewire, Socket.IO", "events"), ("carewire, y-websocket", "yjs"))
PEERS: Final[tuple[Door, ...]] = ("yjs", "hocuspocus")


class Paper(msgspec.Struct, frozen=True):
    """A worksheet, and the tokens of the two who have it open."""

    assignment: str
    client: str
    therapist: str


class Round(msgspec.Struct, kw_only=True):
    """What one round found. `missing`: updates that the other socket did not hear of. CPU of one update: of all
    processes `server_ms_each`, of those that it goes through `path_ms_each`."""

    door: str
    rate: float
    updates: int
    missing: int
    refused: int
    heard_p50_ms: float
    heard_p99_ms: float
    server_ms_each: float
    path_ms_each: float
    client_cores: float
    ack_p50_ms: float | None = None
    ack_p99_ms: float | None = None


class WorksheetRound:
    """One worksheet in a round: who types, who looks on, and when what was typed was due."""

    def __init__(self, writer: Pen, reader: Pen, due_ns: deque[int]) -> None:
        self.writer, self.reader = writer, reader
        self._due_ns = due_ns
        self._doc: Doc[Any] = Doc()
        self._text = self._doc.get(FIELD, type=Text)

    async def type(self, due_ns: int) -> None:
        """Some characters."""
        before = self._doc.get_state()
        self._text.insert(len(str(self._text)), "and then ")
        self._due_ns.append(due_ns)
        await self.writer.write(self._doc.get_update(before), due_ns)


def _nobody() -> None:
    """What a writer hears of their own is not measured."""


def pages(
    session: aiohttp.ClientSession, server: Server, papers: list[Paper], times: Times, door: Door
) -> list[WorksheetRound]:
    """One for each."""

    def page(paper: Paper) -> WorksheetRound:
        due_ns: deque[int] = deque()

        def heard() -> None:
            times.heard_ms.append((time.perf_counter_ns() - due_ns.popleft()) / 1e6)

        if door == "events":
            writer = EventPen(
                session=session,
                port=server.port,
                token=paper.client,
                assignment=paper.assignment,
                times=times,
                updated=_nobody,
            )
            return WorksheetRound(
                writer,
                EventPen(
                    session=session,
                    port=server.port,
                    token=paper.therapist,
                    assignment=paper.assignment,
                    times=times,
                    updated=heard,
                ),
                due_ns,
            )
        if door == "hocuspocus":
            place, name = f"ws://127.0.0.1:{server.port}", paper.assignment
            return WorksheetRound(YjsPen(session, place, _nobody, name), YjsPen(session, place, heard, name), due_ns)
        place = f"ws://127.0.0.1:{server.port}/{'yjs/' if server.secret else ''}{paper.assignment}?token="
        return WorksheetRound(
            YjsPen(session, place + paper.client, _nobody), YjsPen(session, place + paper.therapist, heard), due_ns
        )

    return [page(paper) for paper in papers]


async def measured(
    name: str,
    session: aiohttp.ClientSession,
    server: Server,
    papers: list[Paper],
    args: argparse.Namespace,
    door: Door,
    rate: float,
) -> Round:
    """One round."""
    times = Times()
    found = pages(session, server, papers=papers, times=times, door=door)
    pens = [pen for page in found for pen in (page.reader, page.writer)]
    for at in range(0, len(pens), 16):
        await asyncio.gather(*(pen.open() for pen in pens[at : at + 16]))
    turn = 0

    async def one(due_ns: int) -> None:
        nonlocal turn
        turn += 1
        await found[turn % len(found)].type(due_ns)

    async def until_all_is_heard() -> None:
        until_s = time.monotonic() + DRAIN_S
        while len(times.heard_ms) < expected and time.monotonic() < until_s:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.02)

    expected = int(rate * WARMUP_S)
    await on_a_clock(rate, WARMUP_S, one)
    await until_all_is_heard()
    times.heard_ms.clear()
    times.ack_ms.clear()
    expected = int(rate * args.seconds)
    before = server.cpu_by_process_s()
    began_s, cpu_s, own_s = time.perf_counter(), server.cpu_s(), time.process_time()
    await on_a_clock(rate, args.seconds, one)
    await until_all_is_heard()
    lasted_s, used_s, own_s = time.perf_counter() - began_s, server.cpu_s() - cpu_s, time.process_time() - own_s
    path_ms, path = 0.0, path_of(server)
    for process, total_s in sorted(server.cpu_by_process_s().items()):
        share_ms = (total_s - before.get(process, 0.0)) / expected * 1000
        path_ms += share_ms if int(process.split()[0]) in path else 0.0
        if share_ms > 0.02:
            print(f"  {share_ms:6.2f} ms CPU an update  {process}")
    await asyncio.gather(*(pen.close() for pen in pens))
    round_ = Round(
        door=name,
        rate=rate,
        updates=expected,
        missing=expected - len(times.heard_ms),
        refused=times.refused,
        heard_p50_ms=round(percentile(times.heard_ms, 0.5), 1),
        heard_p99_ms=round(percentile(times.heard_ms, 0.99), 1),
        server_ms_each=round(used_s / expected * 1000, 3),
        path_ms_each=round(path_ms, 3),
        client_cores=round(own_s / lasted_s, 2),
    )
    if times.ack_ms:
        round_.ack_p50_ms = round(percentile(times.ack_ms, 0.5), 1)
        round_.ack_p99_ms = round(percentile(times.ack_ms, 0.99), 1)
    print(msgspec.json.encode(round_).decode(), flush=True)
    return round_


def path_of(server: Server) -> set[int]:
    """The processes that an update goes through; of a peer, all."""
    if server.secret is None:
        return {process.pid for process in server.processes()}
    return {pid for name, pid in server.pids().items() if name in PATH}


async def at_rest(server: Server) -> None:
    """Print what those processes use while nobody writes."""
    path, before = path_of(server), server.cpu_by_process_s()
    await asyncio.sleep(REST_S)
    after = server.cpu_by_process_s()
    used_s = sum(after[one] - before.get(one, 0.0) for one in after if int(one.split()[0]) in path)
    print(f"at rest: {used_s / REST_S * 1000:.1f} ms CPU a second of {', '.join(PATH)}", flush=True)


async def given(
    session: aiohttp.ClientSession, server: Server, count: int, prefix: str, schema: dict[str, Any] = SCHEMA
) -> list[Paper]:
    """So many worksheets, given to one client each."""

    def token(user: str, role: str) -> str:
        return mint(server.secret or "", user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=3600)

    async def asked(bearer: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url, headers = f"http://127.0.0.1:{server.http_port}/api/{path}", {"Authorization": f"Bearer {bearer}"}
        async with session.post(url, json=body, headers=headers) as answer:
            if answer.status >= 300:
                raise SystemExit(f"{path}: {answer.status} {(await answer.text())[:300]}")
            found: dict[str, Any] = await answer.json()
            return found

    admin, papers, sheets = token("root", "admin"), [], {}
    for number in range(count):
        client, therapist = f"{prefix}-ada{number}", f"{prefix}-tess{number % THERAPISTS}"
        bearer = token(therapist, "therapist")
        if therapist not in sheets:
            made = await asked(bearer, "worksheets", {"title": "Diary", "schema": schema})
            sheets[therapist] = made["worksheet_id"]
            await asked(bearer, f"worksheets/{made['worksheet_id']}/publish", {})
        await asked(admin, "care", {"client_id": client, "therapist_id": therapist})
        one = await asked(bearer, "assignments", {"worksheet_id": sheets[therapist], "client_id": client})
        papers.append(Paper(one["assignment_id"], token(client, "client"), bearer))
    return papers


def yjs_peer(cpus: list[int]) -> Server:
    """`loadtests/peers/peer_yjs.mjs`. Raises `NotAvailable`."""
    node = shutil.which("node")
    if node is None or not (ROOT / "tests/js/node_modules/y-leveldb").is_dir():
        raise NotAvailable("Node or @y/websocket-server is missing (npm ci --prefix tests/js)")
    script = "loadtests/peers/peer_yjs.mjs"
    return Server("@y/websocket-server", lambda port, place: [node, script, str(port), str(place / "data")], cpus=cpus)


async def carewire_rounds(server: Server, args: argparse.Namespace) -> list[Round]:
    """Both doors."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        await at_rest(server)
        rounds = []
        for rate in args.rate:
            for name, door in OWN:
                papers = await given(session, server, args.worksheets, f"{door}{rate:g}")
                rounds.append(
                    await measured(name, session, server=server, papers=papers, args=args, door=door, rate=rate)
                )
        return rounds


def hocuspocus_peer(cpus: list[int]) -> Server:
    """`loadtests/peers/hocuspocus`. Raises `NotAvailable`."""
    node = os.environ.get("NODE") or shutil.which("node")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout if node else "v0"
    if node is None or int(told.strip("v\n").partition(".")[0]) < LEAST_NODE:
        raise NotAvailable(f"Hocuspocus needs a Node of {LEAST_NODE} or later (NODE)")
    if not (HOCUSPOCUS / "node_modules").is_dir():
        raise NotAvailable(f"Hocuspocus is missing (npm ci --prefix {HOCUSPOCUS.relative_to(ROOT)})")
    script = str(HOCUSPOCUS / "peer.mjs")
    return Server("hocuspocus", lambda port, place: [node, script, str(port), str(place)], cpus=cpus)


async def peer_rounds(server: Server, args: argparse.Namespace, door: Door) -> list[Round]:
    """The same of a peer."""
    rounds = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for rate in args.rate:
            papers = [Paper(f"sheet{rate:g}-{number}", "", "") for number in range(args.worksheets)]
            rounds.append(
                await measured(server.name, session, server=server, papers=papers, args=args, door=door, rate=rate)
            )
    return rounds


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rate", type=float, nargs="+", default=[200.0, 625.0], help="updates a second, over all worksheets"
    )
    parser.add_argument("--worksheets", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON lines there, too")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped on the way out
    cpus = sorted(os.sched_getaffinity(0))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with carewire(cpus) as server:
            rounds = runner.run(carewire_rounds(server, args))
        for door in PEERS:
            try:
                with (yjs_peer if door == "yjs" else hocuspocus_peer)(cpus) as server:
                    rounds += runner.run(peer_rounds(server, args, door))
            except NotAvailable as missing:
                print(f"without a peer: {missing}")
    if args.json is not None:
        args.json.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in rounds))
    return int(not judged(rounds))


def judged(rounds: list[Round]) -> bool:
    """Prints what is compared with a floor. Whether all is well."""
    own = {name for name, _ in OWN}
    events = rounds[0]
    good = not any(one.missing or one.refused for one in rounds)
    for name, floor in FLOORS_MS.items():
        value = getattr(events, name)
        good = good and value <= floor
        print(f"{name:24} at {events.rate:g}/s {value:>8}   (floor {floor:g})")
    for peer in (one for one in rounds if one.door not in own):
        yjs = next(one for one in rounds if one.door == OWN[1][0] and one.rate == peer.rate)
        ratio = yjs.path_ms_each / peer.path_ms_each
        good = good and ratio <= MOST_OF_PEER
        print(f"{'CPU by ' + peer.door:24} at {peer.rate:g}/s {ratio:>8.2f}   (floor {MOST_OF_PEER:g})")
    return good


if __name__ == "__main__":
    sys.exit(main())
