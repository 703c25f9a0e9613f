"""The servers under test as subprocesses: Carewire as a user starts it, and its peers."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import psutil

from loadtests.scenarios.idle import await_rest, cpu_s, tree

ROOT: Final = Path(__file__).parents[2]
SECRET: Final = "a secret of at least 32 bytes for benchmarks"
_START_S: Final = 180.0
_STOP_S: Final = 20.0
_STATUS_S: Final = 30.0
_REST_S: Final = 60.0  # for what goes on after a start: libraries are still loaded, caches filled


class NotAvailable(Exception):
    """This server cannot be run here. The message says what is missing."""


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on, from a range that the system gives to no outgoing connection and Ray to
    no worker: they are still free when the program binds them."""
    found: dict[int, socket.socket] = {}
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError):
            found[port] = socket.create_server(("127.0.0.1", port))
    for one in found.values():
        one.close()
    return list(found)


class Server:
    """One running server. `with peer() as server:`; `cpus`: where it may run."""

    def __init__(
        self,
        name: str,
        command: Callable[[int, Path], list[str]],
        *,
        cpus: Collection[int],
        secret: str | None = None,
        environment: Callable[[int, Path], dict[str, str]] | None = None,
    ) -> None:
        """`command` and `environment` are handed the port to listen on, and a directory of their own."""
        self.name, self.secret, self.port, self.http_port, self.mongo_port = name, secret, 0, 0, 0
        self._command, self._environment = command, environment
        self._cpus = set(cpus)
        self._directory = Path()
        self._env: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        (self.port,) = free_ports(1)
        self._directory = Path(tempfile.mkdtemp(prefix="cwb-"))
        own = self._environment(self.port, self._directory) if self._environment else {}
        self.http_port = int(own.get("CAREWIRE_HTTP__PORT", "0"))
        self.mongo_port = int(own.get("CAREWIRE_MONGO__PORT", "0"))
        self._env = env = dict(os.environ) | own
        log = self._directory / "output"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command(self.port, self._directory),
                env=env,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        try:
            self._await_readiness(log)
            self._pin()
            await_rest(self._process.pid, _REST_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        assert process is not None
        processes = self.processes()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        for one in processes:
            with suppress(psutil.Error):
                one.kill()
        process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Of the process that was started, the root of all the others."""
        assert self._process is not None
        return self._process.pid

    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far."""
        return cpu_s(self.pid)

    def pids(self) -> dict[str, int]:
        """The process ids of what serves, by name: as `carewire status` tells them; of a peer, its only process."""
        assert self._process is not None
        if self.secret is None:
            return {self.name: self._process.pid}
        command = [*self._command(self.port, self._directory)[:1], "status", "--json"]
        done = subprocess.run(command, env=self._env, capture_output=True, timeout=_STATUS_S, check=True)
        return {row["name"]: row["pid"] for row in json.loads(done.stdout) if row.get("pid")}

    def memory_mb(self) -> float:
        """Resident memory of all its processes; shared pages count for each."""
        total = 0
        for process in self.processes():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 2**20

    def cpu_by_process_s(self) -> dict[str, float]:
        """CPU seconds of each process so far, by what its title or command says it is."""
        found: dict[str, float] = {}
        for process in self.processes():
            with suppress(psutil.Error, IndexError):
                times, words = process.cpu_times(), process.cmdline()
                name = f"{Path(words[0].split()[0]).name} {' '.join(words)[len(words[0]) :][-40:]}" if words else "?"
                found[f"{process.pid} {name}"] = times.user + times.system
        return found

    def processes(self) -> list[psutil.Process]:
        """It and all that it started; none when it has ended."""
        return tree(self.pid)

    def _pin(self) -> None:
        """Every thread of it; those that come later inherit it. After the start, which may use all cores."""
        for process in self.processes():
            with suppress(psutil.Error, OSError):
                for thread in process.threads():
                    os.sched_setaffinity(thread.id, self._cpus)

    def _await_readiness(self, log: Path) -> None:
        assert self._process is not None
        until_s = time.monotonic() + _START_S
        while not self._is_ready(log):
            if self._process.poll() is not None or time.monotonic() > until_s:
                raise NotAvailable(f"it did not start: {log.read_text(errors='replace')[-500:].strip()}")
            time.sleep(0.05)

    def _is_ready(self, log: Path) -> bool:
        if self.secret is not None:
            return "Carewire is ready" in log.read_text(errors="replace")
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            return True
        return False


def carewire(cpus: Collection[int], **more: object) -> Server:
    """The whole program, durable and encrypted, with rate limits off; `more`: further settings."""
    executable = str(Path(sys.executable).with_name("carewire"))

    def environment(port: int, directory: Path) -> dict[str, str]:
        http, dashboard, mongo = free_ports(3)
        settings: dict[str, Any] = {
            "DATA_DIR": directory / "data",
            "GATEWAY__PORT": port,
            "HTTP__PORT": http,
            "RAY__DASHBOARD_PORT": dashboard,
            "MONGO__PORT": mongo,
            "AUTH__SECRET": SECRET,
            "LIMITS__ENABLED": "false",
            "LOG__LEVEL": "WARNING",
            **more,
        }
        return {f"CAREWIRE_{name}": str(value) for name, value in settings.items()}

    return Server("carewire", lambda port, _: [executable, "up"], cpus=cpus, secret=SECRET, environment=environment)


def python_peer(cpus: Collection[int]) -> Server:
    """`loadtests/peers/peer_server.py`."""
    return Server(
        "python-socketio",
        lambda port, _: [sys.executable, "-m", "loadtests.peers.peer_server", str(port)],
        cpus=cpus,
    )


def node_peer(cpus: Collection[int]) -> Server:
    """`loadtests/peer_server.mjs`. Raises `NotAvailable` without Node or its socket.io."""
    node = _node("socket.io")
    return Server("node socket.io", lambda port, _: [node, "loadtests/peer_server.mjs", str(port)], cpus=cpus)


def node_mongo_peer(cpus: Collection[int]) -> Server:
    """The same, with an insert a message. Raises `NotAvailable` without Node, its socket.io or its MongoDB driver."""
    _node("socket.io")
    _node("mongodb")

    def command(port: int, directory: Path) -> list[str]:
        (mongo,) = free_ports(1)
        return [sys.executable, "-m", "loadtests.peers.peer_mongo", str(port), str(mongo), str(directory / "data")]

    return Server("node + mongodb", command, cpus=cpus)


def _node(package: str) -> str:
    node = shutil.which("node")
    if node is None:
        raise NotAvailable("there is no node on the PATH")
    if not (ROOT / "tests/js/node_modules" / package).is_dir():
        raise NotAvailable(f"{package} is not installed in tests/js (npm ci --prefix tests/js)")
    return node


SERVERS: Final = {"carewire": carewire, "node": node_peer, "node-mongo": node_mongo_peer, "python": python_peer}
