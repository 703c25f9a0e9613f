"""Ray on this machine: started, and stopped without leaving anything behind. Blocking: run it in a thread that lives
as long as Ray shall, because the kernel ends Ray's processes when the thread that started them ends.
"""

import itertools
import logging
import math
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from common.errors import StartupError
from common.logs import take_over
from config.settings import Settings
from serve_app.launch.secrets import RAY_FILE, kept_secret

NAMESPACE: Final = "carewire"
NODE_BROKE: Final = 3  # exit code
_WATCH_S: Final = 0.5
_CLOSE_EACH: Final = 4  # looks
_SPARE_CPUS: Final = 1.0  # for shards that `carewire scale` adds
_SCRATCH_PREFIX: Final = "cw-"
_RAY_DIR: Final = "r"
_MAX_SOCKET_PATH: Final = 107  # bytes that Linux allows for a Unix socket's path
_SESSION_CHARS: Final = len("/session_2026-11-20_09-30-00_000000_4194304/sockets/plasma_store.1")

# Notice a dead or hung node in seconds instead of a minute. `ray-cluster.yaml` sets the same.
HEALTH_CHECKS: Final = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
# Ray gives its workers the least of a busy machine (niceness 15): its own dashboard, or a load test beside them, would
# go first. Ours are what everybody waits for. `ray-cluster.yaml` sets the same.
PRIORITY: Final = {"RAY_worker_niceness": "0"}
# What RAY_SERVE_THROUGHPUT_OPTIMIZED stands for, one by one, without two of its effects: a buffer of 1,000 lines of
# logs, which die with their process, and ports of its own for each replica. `ray-cluster.yaml` sets the same.
SERVE: Final = {
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",  # a replica has one event loop: no hop from thread to thread
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",  # nor for the calls that it makes
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",  # calls between replicas pass Ray's object store by
    "RAY_SERVE_FREEZE_GC_ON_STARTUP": "1",  # the garbage collector leaves what was imported alone
    "RAY_SERVE_LOG_TO_STDERR": "0",  # to files only, not to a worker's stderr as well
    "RAY_SERVE_REQUEST_PATH_LOG_BUFFER_SIZE": "1",  # a line is in its file at once
    "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",  # replicas open no ports that nobody named
}
_ENVIRONMENT: Final = {
    **HEALTH_CHECKS,
    **PRIORITY,
    **SERVE,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_LOG_TO_DRIVER": "0",
}


def prepare_environment(settings: Settings) -> None:
    """Set what Ray reads from the environment. Before Ray is imported; what the operator has set stays.

    A Ray started here listens on 127.0.0.1 only (the switch that does it is named after the platforms where it is the
    default), and wants a token from whoever calls it.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if settings.ray.address is None:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        if os.environ.setdefault("RAY_AUTH_MODE", "token") == "token":
            _provide_token(settings.data_dir)


def _provide_token(data_dir: Path) -> None:
    """The token is where Ray's own tools look for it, so that they need not be told; if there can be none (a home
    that is read-only), in the data directory. Made here, because Ray would make it readable for everybody."""
    if "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ:
        return
    try:
        kept_secret(Path.home() / ".ray" / "auth_token")
    except (StartupError, RuntimeError):
        kept_secret(data_dir / RAY_FILE)
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(data_dir / RAY_FILE)


def start(settings: Settings, scratch: Path) -> None:
    """Start Ray here, or join the cluster of `ray.address`.

    Raises:
        StartupError: it does not start, or the cluster is not there.
    """
    import ray

    take_over("ray", logging.ERROR)
    address = settings.ray.address
    try:
        if address is not None:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
            return
        ray.init(
            address="local",
            namespace=NAMESPACE,
            num_cpus=_workers(settings),
            object_store_memory=settings.ray.object_store_mb * 2**20,
            include_dashboard=True,
            dashboard_host="127.0.0.1",
            dashboard_port=settings.ray.dashboard_port,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=str(scratch / _RAY_DIR),
        )
        close_to_others(scratch)
    except Exception as error:  # Ray raises bare ones, such as that its node did not start in 30 s
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = f"the Ray cluster at {address}" if address else "Ray"
        raise StartupError(f"{where} cannot be used: {reason}") from error


def _workers(settings: Settings) -> int:
    """Ray keeps as many processes ready as it has "CPUs". That many are about to be needed (shards, gateways, the API,
    Serve's controller, the model), and while Ray itself starts there is time to start them. Not fewer than all that
    runs reserves, else a part of it would wait for a place without an end."""
    kernel, gateway = settings.kernel, settings.gateway
    shards = sum(settings.kernel.pools.values()) + settings.presence.shards
    replicas = (gateway.max_replicas or gateway.replicas) + 1 + settings.runners_and_workers
    light = shards + settings.media_workers_max
    reserved = 0.05 * light + 0.1 * replicas + settings.ml.num_cpus * settings.predictors_max
    return max(kernel.room_shards + gateway.replicas + 3, math.ceil(reserved + _SPARE_CPUS))


def refuse_many_nodes(settings: Settings) -> None:
    """An embedded mongod listens on 127.0.0.1: no other node could reach it.

    Raises:
        StartupError: the cluster has several nodes, and no MongoDB of its own.
    """
    import ray

    nodes = len([node for node in ray.nodes() if node["Alive"]])  # type: ignore[no-untyped-call] # Ray's own
    if settings.mongo.url is None and nodes > 1:
        raise StartupError(
            f"The Ray cluster has {nodes} nodes, and the embedded MongoDB serves one: "
            "set CAREWIRE_MONGO__URL to a replica set that all of them reach."
        )


def end_with_node(scratch: Path) -> threading.Event:
    """End this process when the Ray node that it started breaks: a driver without a node waits for ever. Meanwhile keep
    `scratch` closed to others (each worker of Ray opens it again when it starts).

    Set the event before the node is stopped on purpose.
    """
    on_purpose = threading.Event()
    nodes = [child for child in psutil.Process().children() if child.name() == "raylet"]

    def watch() -> None:
        for round_ in itertools.count():
            if not all(node.is_running() and node.status() != psutil.STATUS_ZOMBIE for node in nodes):
                break
            if round_ % _CLOSE_EACH == 0 and nodes:
                close_to_others(scratch)
            if on_purpose.wait(_WATCH_S):
                return
        os._exit(NODE_BROKE)

    threading.Thread(target=watch, daemon=True).start()
    return on_purpose


def stop() -> None:
    """Stop the Ray that was started here, or leave the cluster that was joined."""
    import ray

    ray.shutdown(wait_for_processes=True)


def make_scratch() -> Path:
    """A directory for Ray's sockets and logs, which nobody else may enter, with a path short enough for a Unix socket.

    Ray lets everybody into the directories that it makes, and into the one that it is given. So it is given one below
    this, whose mode stays what it is.
    """
    for parent in (tempfile.gettempdir(), "/tmp"):  # mkdtemp makes a folder of its own in it  # noqa: S108
        if len(os.fsencode(parent)) + len(f"/cw-12345678/{_RAY_DIR}") + _SESSION_CHARS <= _MAX_SOCKET_PATH:
            with suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=parent))
    raise StartupError("There is no temporary directory with a short path that can be written: set TMPDIR to one.")


def close_to_others(scratch: Path) -> None:
    """Take away what Ray has given to everybody: the modes of its session, its logs and its sockets."""
    for folder, _, _ in os.walk(scratch):
        with suppress(OSError):  # it has gone meanwhile
            Path(folder).chmod(0o700)


def live_logs(scratch: Path) -> Path:
    """The folder of the logs of Ray's present session."""
    return scratch / _RAY_DIR / "session_latest" / "logs"


def keep_logs(scratch: Path, logs: Path) -> None:
    """Move Ray's logs (those of every worker) to `logs`, instead of those of the run before; drop the rest."""
    live = live_logs(scratch)
    if logs.is_symlink():
        logs.unlink()
    if live.is_dir():
        shutil.rmtree(logs, ignore_errors=True)
        with suppress(OSError):
            shutil.move(live.resolve(), logs)
    if scratch.name.startswith(_SCRATCH_PREFIX):  # the name may come from a file
        shutil.rmtree(scratch, ignore_errors=True)


def show_logs(scratch: Path, logs: Path) -> None:
    """While Ray runs, let `logs` lead to its logs. Those of the life before stay, as `logs.previous`: they tell why
    there had to be another one."""
    if logs.is_symlink():
        logs.unlink()
    elif logs.is_dir():
        previous = logs.with_name(f"{logs.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        logs.replace(previous)
    logs.symlink_to(live_logs(scratch))
