"""The whole program as a subprocess, as a user starts it, on free ports and in a directory of its own."""

import asyncio
import inspect
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import socketio

from tests.clients.heard import hear

CAREWIRE: Final = str(Path(sys.executable).with_name("carewire"))
START_S: Final = 180.0  # warm and alone it takes 15 s; a busy machine gets more
STOP_S: Final = 15.0  # what the contract promises
LEAN: Final[dict[str, object]] = {f"FEATURES__{name}": "false" for name in ("ML", "SEARCH", "FILES", "VIDEO")}
"""Without what has a process of its own and a test does not need: each takes seconds of a small machine to start."""
SECRET: Final = "a-secret-of-at-least-32-bytes-for-tests"


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on, from a range that the system gives to no outgoing connection and Ray to
    no worker: what is free now is then still free when the program has come so far as to bind it."""
    found: dict[int, socket.socket] = {}
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError):
            found[port] = socket.create_server(("127.0.0.1", port))
    for one in found.values():
        one.close()
    return list(found)


def environment(data_dir: Path, **settings: object) -> dict[str, str]:
    """This process's environment without its own Carewire and Ray settings, with those given."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("CAREWIRE_", "RAY_", "COV_"))}
    http, gateway, dashboard, mongo = free_ports(4)
    chosen: dict[str, object] = {
        "DATA_DIR": data_dir,
        "HTTP__PORT": http,
        "GATEWAY__PORT": gateway,
        "RAY__DASHBOARD_PORT": dashboard,
        "MONGO__PORT": mongo,
        "AUTH__SECRET": SECRET,
        "LIMITS__ENABLED": "false",
        **settings,
    }
    return inherited | {f"CAREWIRE_{name}": str(value) for name, value in chosen.items() if value is not None}


def carewire(
    *arguments: str, env: Mapping[str, str], cwd: Path, timeout_s: float = 30.0
) -> subprocess.CompletedProcess[str]:
    """Run one `carewire` command to its end."""
    command = [CAREWIRE, *arguments]
    return subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False)


async def wait_until(
    condition: Callable[[], object | Awaitable[object]], *, within_s: float, what: str, every_s: float = 0.05
) -> Any:
    """The first truthy value of `condition`. Fails, naming `what` was missing, when there is none in time."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        await asyncio.sleep(every_s)


def processes_of(data_dir: Path) -> dict[int, str]:
    """Every process, whoever its parent is by now, that was started for this data directory: pid -> command."""
    marker = f"CAREWIRE_DATA_DIR={data_dir}".encode()
    found: dict[int, str] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            variables = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
            if marker in variables and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())[:120]
    return found


@dataclass
class Client:
    """A Socket.IO client and everything it has heard, in order: (event, payload)."""

    sio: socketio.AsyncClient
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def hear(self, event: str, *data: Any) -> None:
        """One event has come."""
        self.heard.append((event, data[0] if data else None))
        hear(*self.heard[-1])

    async def call(self, event: str, payload: object, timeout_s: float = 15.0) -> Any:
        """Emit and wait for the ack's `data`; fails when the ack says no."""
        ack = await self.sio.call(event, payload, timeout=timeout_s)
        assert ack["ok"], ack
        return ack["data"]

    def payloads(self, event: str) -> list[Any]:
        """Payloads of this event, in the order of arrival."""
        return [payload for name, payload in self.heard if name == event]

    async def hears(self, event: str, count: int = 1, within_s: float = 10.0) -> list[Any]:
        """Wait until this event has come `count` times."""
        await wait_until(lambda: len(self.payloads(event)) >= count, within_s=within_s, what=f"{count} times {event!r}")
        return self.payloads(event)


class System:
    """A running Carewire. `env` is what it was started with, and what further commands need."""

    def __init__(self, data_dir: Path, **settings: object) -> None:
        self.data_dir = data_dir
        self.env = environment(data_dir, **settings)
        self.http_url = f"http://127.0.0.1:{self.env['CAREWIRE_HTTP__PORT']}"
        self.gateway_url = f"http://127.0.0.1:{self.env['CAREWIRE_GATEWAY__PORT']}"
        self.output = data_dir / "up.out"
        self.process: subprocess.Popen[bytes] | None = None
        self.ready_s = 0.0

    # -- life ---------------------------------------------------------------------------------------------------

    def spawn(self) -> None:
        """Start it, in a process group of its own, as a terminal would; do not wait."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [CAREWIRE, "up"], env=self.env, cwd=self.data_dir, stdout=output, stderr=output, process_group=0
            )

    def start(self) -> "System":
        """Start it and wait until it is ready."""
        began = time.monotonic()
        self.spawn()
        while "Carewire is ready" not in self.said():
            assert self.process is not None
            assert self.process.poll() is None, f"it ended while it started:\n{self.said()}"
            assert time.monotonic() < began + START_S, f"it was not ready within {START_S} s:\n{self.said()}"
            time.sleep(0.05)
        self.ready_s = time.monotonic() - began
        return self

    def said(self) -> str:
        """What it has printed."""
        return self.output.read_text() if self.output.exists() else ""

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ctrl-C: the signal goes to the whole process group, as from a terminal."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def wait(self, within_s: float = STOP_S) -> int:
        """Wait for its end. The exit code."""
        assert self.process is not None
        return self.process.wait(within_s)

    def stop(self) -> None:
        """End it, one way or the other, and leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.interrupt(signal.SIGTERM)
            try:
                self.wait(STOP_S + 5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.wait()
                self.process.wait(5)
        for pid in processes_of(self.data_dir):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def scratch(self) -> Path:
        """Ray's temporary directory of the present run."""
        return Path(json.loads((self.data_dir / "run.json").read_text())["scratch"])

    def below(self) -> list[psutil.Process]:
        """Every process below `carewire up`."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    # -- use ----------------------------------------------------------------------------------------------------

    def token(self, user: str, role: str = "client", ttl_s: float = 3600.0) -> str:
        """A token as `carewire token` makes it, without the half second that a process takes."""
        from common.auth.tokens import mint
        from common.clock import SystemClock

        return mint(SECRET, user=user, role=role, now_ms=SystemClock().now_ms(), ttl_s=ttl_s)

    def http(self, user: str = "alice", role: str = "client") -> httpx.AsyncClient:
        """An HTTP client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token(user, role)}"}
        return httpx.AsyncClient(base_url=self.http_url, headers=headers, timeout=15.0, trust_env=False)

    @asynccontextmanager
    async def client(
        self, user: str, *, auth: Mapping[str, object] | None = None, transports: list[str] | None = None,
        reconnection: bool = True, **options: Any,
    ) -> AsyncIterator[Client]:  # fmt: skip
        """A connected Socket.IO client that remembers all it hears. `options`: of python-socketio's client."""
        sio = socketio.AsyncClient(
            reconnection=reconnection, reconnection_delay=0.2, reconnection_delay_max=1, **options
        )
        client = Client(sio)
        sio.on("*", client.hear)
        await sio.connect(
            self.gateway_url,
            auth={"token": self.token(user), **(auth or {})},
            transports=transports or ["websocket"],
            wait_timeout=15,
        )
        try:
            await client.hears("session")
            yield client
        finally:
            await sio.disconnect()
            await sio.shutdown()

    async def status(self) -> list[dict[str, Any]]:
        """What `carewire status --json` shows."""
        async with self.http("operator", "admin") as http:
            answer = await http.get("/api/status")
            answer.raise_for_status()
            rows: list[dict[str, Any]] = answer.json()
            return rows

    async def pid_of(self, name: str) -> int:
        """Pid of a process by its name in the status: `rooms-0`, `gateway-0`, `mongod`, `controller`. On a busy machine
        a process may be late to say it: then it is asked again."""
        row = await wait_until(partial(self._answering, name), within_s=30.0, what=f"{name} in the status", every_s=0.2)
        return int(row["pid"])

    async def _answering(self, name: str) -> dict[str, Any] | None:
        rows = [row for row in await self.status() if row["name"] == name and row["status"] != "unreachable"]
        return rows[0] if rows else None

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Kill this process. Its pid."""
        pid = await self.pid_of(name)
        os.kill(pid, number)
        return pid

    def rows_from_cli(self) -> list[dict[str, Any]]:
        """`carewire status --json`, through the command itself."""
        done = carewire("status", "--json", env=self.env, cwd=self.data_dir)
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows
