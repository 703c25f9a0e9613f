"""The wire servers alone, beside python-socketio's: fan-out, connecting, memory. No kernel, no database.

    python -m loadtests.parts.bench_wire [--seconds 3] [--runs 2] [--idle 2000]

Each server is a process of its own (uvloop); the client is this process, raw sockets on uvloop. Workloads: *fan-out*,
one room of 500 WebSockets, 128-byte messages, four messages under way (the next is sent when its copies have all come);
*connect*, 64 handshakes at a time up to Socket.IO's CONNECT, each with a JWT that is verified; *idle*,
resident memory per connection at `--idle` of them. Figures per second of the wall clock and per second of the server's
CPU: on a busy machine only the second can be compared. Servers: `stock` (python-socketio), `wire` (the same application
on ours: `emit` to a room), `frames` (ours with prepared frames and no environ kept, as the gateway has it).
"""

import argparse
import asyncio
import base64
import json
import logging
import os
import socket
import statistics
import subprocess
import sys
import time
from typing import Any, Final

import jwt
import psutil
import socketio
import uvloop
from aiohttp import web
from typing_extensions import override

from realtime.socketio import AsyncServer, Socket

ROOM: Final = 500
IN_FLIGHT: Final = 4
AT_ONCE: Final = 64
MARK: Final = b"#~bench~"
SECRET: Final = "a secret of at least thirty-two bytes, for benchmarks"
PATIENCE_S: Final = 60.0
KINDS: Final = ("stock", "wire", "frames")
BODY: Final = MARK.decode() + "x" * (100 - len(MARK))


def serve(kind: str, port: int) -> None:
    """The server process."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    common: dict[str, Any] = {"async_mode": "aiohttp", "cors_allowed_origins": "*"}
    if kind == "frames":
        common["environ_keys"] = ()
    server = socketio.AsyncServer(**common) if kind == "stock" else AsyncServer(**common)
    members: list[Socket] = []

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        if auth:
            jwt.decode(auth["token"], SECRET, algorithms=["HS256"])

    async def join(sid: str) -> bool:
        await server.enter_room(sid, "room")
        if kind == "frames":
            members.append(server.socket(sid))
        return True

    async def emitted(sid: str, data: Any) -> None:
        await server.emit("message", data, to="room")

    def framed(sid: str, data: Any) -> None:
        server.eio.broadcast(members, server.prepare(json.dumps(["message", data], separators=(",", ":")).encode()))

    server.on("connect", connect)
    server.on("join", join)
    server.on("message", framed if kind == "frames" else emitted)
    app = web.Application()
    server.attach(app)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, backlog=4096, print=None)


class Client(asyncio.Protocol):
    """One WebSocket, as raw as can be: it counts marks and waits for words."""

    def __init__(self, bench: "WireBench") -> None:
        self._bench = bench
        self._seen = b""
        self._awaited: tuple[bytes, asyncio.Future[None]] | None = None
        self.transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self._awaited is None:
            self._bench.got(data.count(MARK))
            return
        self._seen += data
        word, future = self._awaited
        if word in self._seen:
            self._awaited, self._seen = None, b""
            if not future.done():
                future.set_result(None)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(ConnectionResetError())

    async def say(self, data: bytes, until: bytes) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited = (until, future)
        self.transport.write(data)
        await asyncio.wait_for(future, PATIENCE_S)


def masked(text: str) -> bytes:
    """A client's frame, with a mask of zeros."""
    payload = text.encode()
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class WireBench:
    """One server and its clients."""

    def __init__(self, kind: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        command = [sys.executable, "-m", "loadtests.parts.bench_wire", "--serve", kind, "--port", str(self.port)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.usage = psutil.Process(self._process.pid)
        self.clients: list[Client] = []
        self._count = 0
        self._wanted = 0
        self._done: asyncio.Event = asyncio.Event()

    def got(self, count: int) -> None:
        self._count += count
        if self._count >= self._wanted:
            self._done.set()

    def cpu_s(self) -> float:
        times = self.usage.cpu_times()
        return float(times.user + times.system)

    async def up(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def connect(self, count: int, connect_packet: str = "40") -> None:
        """So many clients more, `AT_ONCE` at a time."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with places:
                loop = asyncio.get_running_loop()
                _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", self.port)
                key = base64.b64encode(os.urandom(16)).decode()
                await client.say(
                    f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                    f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    f"Sec-WebSocket-Key: {key}\r\n\r\n".encode(),
                    b"maxPayload",
                )
                await client.say(masked(connect_packet), b'40{"sid"')
                self.clients.append(client)

        await asyncio.gather(*(one() for _ in range(count)))

    async def fan_out(self, seconds: float) -> tuple[float, float]:
        """Deliveries per second of wall clock, and of the server's CPU."""
        await self.connect(ROOM)
        for client in self.clients:
            await client.say(masked('420["join"]'), b"430[true]")
        message = masked('42["message",' + json.dumps({"room_id": "room", "body": BODY}) + "]")
        started, cpu, before = time.monotonic(), self.cpu_s(), self._count
        for client in self.clients[:IN_FLIGHT]:
            client.transport.write(message)
        sent = IN_FLIGHT
        while time.monotonic() - started < seconds:
            self._wanted = before + (sent - IN_FLIGHT + 1) * ROOM
            if self._count < self._wanted:
                self._done.clear()
                await asyncio.wait_for(self._done.wait(), PATIENCE_S)
            due = (self._count - before) // ROOM + IN_FLIGHT
            for number in range(sent, due):
                self.clients[number % ROOM].transport.write(message)
            sent = max(sent, due)
        count = self._count - before
        return count / (time.monotonic() - started), count / max(0.01, self.cpu_s() - cpu)

    def stop(self) -> None:
        for client in self.clients:
            client.transport.abort()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


async def fan_out(kind: str, seconds: float) -> tuple[float, float]:
    """See the module."""
    bench = WireBench(kind)
    try:
        await bench.up()
        return await bench.fan_out(seconds)
    finally:
        bench.stop()


async def connecting(kind: str, count: int) -> tuple[float, float, float]:
    """Connections per second of wall clock and of the server's CPU, with a JWT each; kilobytes per idle connection."""
    token = jwt.encode({"sub": "ann", "exp": int(time.time()) + 600}, SECRET, algorithm="HS256")
    bench = WireBench(kind)
    try:
        await bench.up()
        await bench.connect(50)
        empty, started, cpu = bench.usage.memory_info().rss, time.monotonic(), bench.cpu_s()
        await bench.connect(count, "40" + json.dumps({"token": token}))
        wall, used = time.monotonic() - started, max(0.01, bench.cpu_s() - cpu)
        await asyncio.sleep(1.0)
        return count / wall, count / used, (bench.usage.memory_info().rss - empty) / 1024 / count
    finally:
        bench.stop()


async def measure(options: argparse.Namespace) -> None:
    """All workloads, the servers in turn, so that a busy minute hits each."""
    spread: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.runs):
        for kind in KINDS:
            wall, cpu = await fan_out(kind, options.seconds)
            per_s, per_cpu_s, kilobytes = await connecting(kind, options.idle)
            found = {"fan-out/s": wall, "fan-out/cpu-s": cpu, "connects/s": per_s, "connects/cpu-s": per_cpu_s}
            for name, value in (found | {"KB/connection": kilobytes}).items():
                spread.setdefault((name, kind), []).append(value)
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; room of {ROOM}, {options.idle} idle; median (lowest-highest)")
    for (name, kind), values in sorted(spread.items()):
        print(f"{name:16} {kind:8} {statistics.median(values):12,.1f}  ({min(values):,.1f}-{max(values):,.1f})")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port)
    else:
        uvloop.install()
        asyncio.run(measure(options))


if __name__ == "__main__":
    main()
