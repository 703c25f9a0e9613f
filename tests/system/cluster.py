"""A Ray cluster of two nodes on this machine, with Carewire put on it by `serve deploy`, as an operator does.

Each node has an address of its own on the loopback interface, and a host name of its own where that is allowed, so
that nobody there can prove that a process of the other node is dead. Both listen on the same ports, as behind a load
balancer.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

import httpx
import yaml
from typing_extensions import override

from serve_app.launch.rayhead import make_scratch
from tests.system.harness import LEAN, START_S, System, free_ports, processes_of

HERE: Final = Path(__file__).parents[2]
_BIN: Final = Path(sys.executable).parent
_WORKER_PORTS: Final = (32_000, 32_300)  # of the first node; the second one's follow. Below what the system gives out
_HEAD, _WORKER = "127.0.0.2", "127.0.0.3"


@cache
def cluster_file() -> dict[str, Any]:
    """`ray-cluster.yaml`."""
    document: dict[str, Any] = yaml.safe_load((HERE / "ray-cluster.yaml").read_text())
    return document


def node_environment() -> dict[str, str]:
    """What `ray-cluster.yaml` sets for Ray, so that what is tested is what is documented."""
    (start,) = [command for command in cluster_file()["head_start_ray_commands"] if "ray start" in command]
    settings = (part.split("=", 1) for part in start.replace(";", " ").split())
    return {part[0]: part[1] for part in settings if len(part) == 2 and part[0].startswith("RAY_")}


class Cluster(System):
    """Two nodes, `head` and `worker`. `args` are those of `deploy/serve.yaml`, on top of what is there."""

    def __init__(self, data_dir: Path, mongo_url: str, args: Mapping[str, Mapping[str, object]]) -> None:
        gcs, self._dashboard, *self._agents = free_ports(6)
        super().__init__(
            data_dir,
            MONGO__URL=mongo_url,
            MONGO__DATABASE=f"cluster_{secrets.token_hex(4)}",
            ENCRYPTION__MASTER_KEYS="k1:" + b64encode(secrets.token_bytes(32)).decode(),
            **LEAN,
        )
        token = {"RAY_AUTH_TOKEN": secrets.token_hex(16)}
        self.env |= node_environment() | token | {"PATH": f"{_BIN}:{os.environ['PATH']}"}
        self._address = f"{_HEAD}:{gcs}"
        self._args = args
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}
        self._scratch = make_scratch()  # both nodes keep their logs there

    # -- life ---------------------------------------------------------------------------------------------------

    @override
    def start(self) -> "Cluster":
        """Start both nodes, deploy, and wait until everything is there."""
        began = time.monotonic()
        self._start_node("head", _HEAD, ["--head", "--port", self._address.rpartition(":")[2]])
        self._until(lambda: "This command will now block" in self._said("head"), began, "the head node")
        self._start_node("worker", _WORKER, ["--address", self._address])
        self._until(lambda: "This command will now block" in self._said("worker"), began, "the second node")
        self.deploy(self._args)
        self._until(self._is_whole, began, "every deployment")
        self.ready_s = time.monotonic() - began
        return self

    def deploy(self, args: Mapping[str, Mapping[str, object]]) -> None:
        """`serve deploy deploy/serve.yaml`, with these arguments."""
        config = yaml.safe_load((HERE / "deploy" / "serve.yaml").read_text())
        config["http_options"] |= {"host": "127.0.0.1", "port": int(self.env["CAREWIRE_HTTP__PORT"])}
        (application,) = config["applications"]
        gateway = {"host": "127.0.0.1", **args.get("gateway", {})}
        application["args"] = application["args"] | dict(args) | {"gateway": gateway}
        file = self.data_dir / "serve.yaml"
        file.write_text(yaml.safe_dump(config))
        self._run("serve", "deploy", "-a", f"http://127.0.0.1:{self._dashboard}", str(file))

    def kill_node(self, name: str) -> list[int]:
        """kill -9 of everything on a node, Ray's own processes first of all. The pids."""
        pids = list(processes_of(self._home(name)))
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)
        return pids

    def pids(self, name: str) -> set[int]:
        """The processes of a node."""
        return set(processes_of(self._home(name)))

    @override
    def stop(self) -> None:
        """End both nodes, and leave nothing behind."""
        for name in ("worker", "head"):
            self.kill_node(name)
        for process in self._nodes.values():
            process.wait(10)
        shutil.rmtree(self._scratch, ignore_errors=True)

    # -- parts --------------------------------------------------------------------------------------------------

    def _start_node(self, name: str, address: str, options: list[str]) -> None:
        home = self._home(name)
        home.mkdir(parents=True)
        number = len(self._nodes)
        first, last = (port + number * 300 for port in _WORKER_PORTS)
        agents = ("--dashboard-agent-listen-port", "--runtime-env-agent-port")
        ports = [str(part) for pair in zip(agents, self._agents[2 * number :], strict=False) for part in pair]
        if name == "head":
            ports += ["--dashboard-host", "127.0.0.1", "--dashboard-port", str(self._dashboard)]
            ports += ["--temp-dir", str(self._scratch)]
        with (home / "ray.out").open("wb") as output:
            self._nodes[name] = subprocess.Popen(
                [
                    *(*_with_host_name(name), str(_BIN / "ray"), "start", "--block", *options),
                    *("--node-ip-address", address, "--num-cpus", "2", "--object-store-memory", "100000000"),
                    *("--min-worker-port", str(first), "--max-worker-port", str(last - 1), *ports),
                ],
                env=self.env | {"CAREWIRE_DATA_DIR": str(home)},
                cwd=HERE,
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def _is_whole(self) -> bool:
        with suppress(httpx.HTTPError, ValueError):
            report = httpx.get(f"{self.http_url}/health", timeout=5.0, trust_env=False).json()
            return bool(report["status"] == "ok" and self._all_running())
        return False

    def _all_running(self) -> bool:
        said = self._run("serve", "status", "-a", f"http://127.0.0.1:{self._dashboard}")
        return bool(yaml.safe_load(said)["applications"]["carewire"]["status"] == "RUNNING")

    def _until(self, met: Any, began: float, what: str) -> None:
        while not met():
            output = {name: self._said(name)[-2000:] for name in self._nodes}
            assert all(node.poll() is None for node in self._nodes.values()), f"a node ended: {json.dumps(output)}"
            assert time.monotonic() < began + START_S, f"not within {START_S} s: {what}"
            time.sleep(0.2)

    def _run(self, *command: str) -> str:
        program = [str(_BIN / command[0]), *command[1:]]
        return subprocess.run(program, env=self.env, cwd=HERE, capture_output=True, text=True, check=True).stdout

    def _home(self, name: str) -> Path:
        return self.data_dir / name

    def _said(self, name: str) -> str:
        return (self._home(name) / "ray.out").read_text()


@cache
def _with_host_name(name: str) -> tuple[str, ...]:
    """A command that gives what follows a host name of its own; nothing where that is not allowed."""
    try:
        return _renamed(name, ())
    except OSError:
        return ()


def _renamed(name: str, rights: tuple[str, ...]) -> tuple[str, ...]:
    command = ("unshare", *rights, "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        return command
    return () if rights else _renamed(name, ("--map-root-user",))
