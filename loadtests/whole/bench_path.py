"""The whole path with real sockets: client -> gateway -> region -> shard -> mongod, and back to every member.

    python -m loadtests.whole.bench_path [--quick] [--servers carewire,node,node-mongo,python] [--runs 1] [--json FILE]

Each server gets the same three workloads from the same client in the same run: its sockets are bare TCP connections, in
a process of its own, on the last core; the server has the others (`--share-cores`: all of them, the client's too).
*Saturated*: a few messages are always under way in each room. *Paced*: messages on a clock; latency counts from when
each was due. Nothing is measured before a server has come to rest, after its start and after the joining.

Carewire stores every message on disk, encrypted, before it acks or delivers; "node + mongodb" hands it to its database
first (in no order); the other peers keep nothing.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from loadtests.lib.servers import ROOT, SERVERS, NotAvailable, Server
from loadtests.lib.workloads import WORKLOADS, LoadJob, Workload, WorkloadResult, decode_found, encode

_CLIENT_S: Final = 180.0
_COLUMNS: Final = (
    ("server", "<17"),
    ("workload", "<16"),
    ("deliveries/s", ">12"),
    ("messages/s", ">10"),
    ("server cores", ">12"),
    ("client cores", ">12"),
    ("paced", ">7"),
    ("delivery p50/p99 ms", ">20"),
    ("ack p50/p99 ms", ">16"),
    ("lost", ">5"),
    ("bad acks", ">8"),
)


class PathRow(msgspec.Struct, frozen=True, kw_only=True):
    """One server under one workload: a line of the JSON output. `server_cores`: used while the client ran, setting up
    and pauses included."""

    server: str
    workload: str
    sockets: int
    rate: int
    found: WorkloadResult
    server_cores: float
    server_mb: float


def measure(server: Server, workload: Workload, seconds: float, client_cpu: int | None, run: int) -> PathRow:
    """One run of the load client. Raises `NotAvailable` when it fails."""
    job = LoadJob(
        server.port,
        workload,
        warmup_s=seconds / 4,
        seconds=seconds,
        secret=server.secret,
        prefix=f"{workload.name.replace(' ', '-')}-{run}",
        cpu=client_cpu,
        pid=server.pid,
    )
    cpu_s, started_s = server.cpu_s(), time.perf_counter()
    command = [sys.executable, "-m", "loadtests.lib.client"]
    try:
        done = subprocess.run(command, input=encode(job), capture_output=True, cwd=ROOT, timeout=_CLIENT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"the load client did not end within {_CLIENT_S:g} s") from None
    if done.returncode:
        raise NotAvailable(f"the load client failed: {done.stderr.decode(errors='replace')[-500:].strip()}")
    cores = (server.cpu_s() - cpu_s) / (time.perf_counter() - started_s)
    found = decode_found(done.stdout)
    return PathRow(
        server=server.name,
        workload=workload.name,
        sockets=workload.sockets,
        rate=workload.rate,
        found=found,
        server_cores=round(cores, 2),
        server_mb=round(server.memory_mb()),
    )


def bench(
    names: Sequence[str], workloads: Sequence[Workload], seconds: float, runs: int, cores: "Cores"
) -> Iterator[PathRow]:
    """Every workload on every server that can be run here; then all of it again."""
    for run in range(runs):
        for name in names:
            try:
                with SERVERS[name](cores.server) as server:
                    for workload in workloads:
                        yield measure(server, workload, seconds=seconds, client_cpu=cores.client, run=run)
            except NotAvailable as reason:
                print(f"{name}: left out, {reason}", file=sys.stderr, flush=True)


class Cores(msgspec.Struct, frozen=True):
    """Who runs where. `client` None: wherever it likes."""

    server: Collection[int]
    client: int | None


def cores(*, share: bool) -> Cores:
    """The client on the last core, the server on the others; with one core, or `share`, both on all."""
    mine = sorted(os.sched_getaffinity(0))
    return Cores(mine, None) if share or len(mine) < 2 else Cores(mine[:-1], mine[-1])


def table(rows: Sequence[PathRow]) -> str:
    """For people."""
    lines = ["  ".join(f"{title:{width}}" for title, width in _COLUMNS)]
    for row in rows:
        saturated, paced = row.found.saturated, row.found.paced
        cells = (
            row.server,
            row.workload,
            f"{saturated.deliveries_per_s:,.0f}",
            f"{saturated.messages_per_s:,.0f}",
            f"{row.server_cores:.2f}",
            f"{saturated.client_cpu:.2f}",
            f"{row.rate}/s",
            _pair(paced.delivery_p50_ms, paced.delivery_p99_ms),
            _pair(paced.ack_p50_ms, paced.ack_p99_ms),
            str(saturated.missing + paced.missing),
            str(saturated.failed_acks + paced.failed_acks + saturated.late_acks + paced.late_acks),
        )
        lines.append("  ".join(f"{cell:{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True)))
    return "\n".join(lines)


def ratios(rows: Sequence[PathRow], ours: str = "carewire") -> str:
    """Our saturated deliveries by each peer's, medians over the runs."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        found.setdefault((row.server, row.workload), []).append(row.found.saturated.deliveries_per_s)
    lines = []
    for (server, workload), theirs in found.items():
        if server != ours and (ours, workload) in found:
            ratio = statistics.median(found[ours, workload]) / max(1.0, statistics.median(theirs))
            lines.append(f"{ours} / {server:<16} {workload:<16} {ratio:6.2f}")
    return "\n".join(lines)


def _pair(p50_ms: float | None, p99_ms: float | None) -> str:
    return "-" if p50_ms is None or p99_ms is None else f"{p50_ms:.1f} / {p99_ms:.1f}"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Measure, print JSON lines as they come and the table at the end. 1 when a message was lost, or Carewire could not
    be run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the sockets, for a second: does it work?")
    parser.add_argument("--servers", default=",".join(SERVERS), help=f"of {', '.join(SERVERS)}")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each phase")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--share-cores", action="store_true", help="pin nobody")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON lines there, too")
    args = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped on the way out
    names = args.servers.split(",")
    if unknown := set(names) - SERVERS.keys():
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    workloads = [one.smaller() for one in WORKLOADS] if args.quick else WORKLOADS
    placed = cores(share=args.share_cores)
    rows: list[PathRow] = []
    for row in bench(names, workloads, seconds=1.0 if args.quick else args.seconds, runs=args.runs, cores=placed):
        rows.append(row)
        say(encode(row).decode())
    if args.json is not None:
        args.json.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    where = json.dumps({"server": sorted(placed.server), "client": placed.client})
    say(f"\ncores: {where}; bodies of 100 bytes; lost and bad acks (failed, or later than 1 s) over both phases")
    say(table(rows))
    say("\nsaturated deliveries/s, ours by theirs:")
    say(ratios(rows))
    lost = any(row.found.saturated.missing + row.found.paced.missing for row in rows)
    measured = {row.server for row in rows}
    return 1 if lost or not rows or ("carewire" in names and "carewire" not in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
