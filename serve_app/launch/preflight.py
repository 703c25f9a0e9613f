"""Checks of this machine before anything is started. Each says what to do about a failure."""

import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from common.errors import StartupError
from config.settings import Settings
from serve_app.capabilities.search.meaning.packages import require_packages
from serve_app.launch.relay import find_turnserver
from store.crypto.masterkeys import load_master_keys
from store.embedded.mongod import find_mongod
from store.embedded.server import DATABASE_DIR
from store.mongo.client import check_url

_CLUSTER_S = 3.0
_CGROUP_FILES = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


@dataclass(frozen=True, slots=True)
class WantedPort:
    """An address that Carewire will listen on, and the setting that moves it."""

    what: str
    host: str
    port: int
    setting: str


def check_machine(settings: Settings) -> None:
    """Ports free, memory and disk enough, certificates in order, a mongod there if one is to be started.

    Raises:
        StartupError: the first thing that is not so.
    """
    check_ports(list(listeners(settings)))
    settings.cluster.node_tls()
    if settings.mongo.url is None:
        find_mongod(settings.mongo.binary)
    else:
        check_url(settings.mongo.url.get_secret_value())
    if settings.turn.embedded and settings.features.video:
        find_turnserver()
    check_extras(settings)
    if settings.ray.address is not None:
        check_cluster(settings.ray.address)
    elif settings.features.ml:
        check_cores(settings.ml.num_cpus, psutil.cpu_count() or 1)
    check_memory(settings.min_free_memory_mb, free_memory_mb())
    check_disk(settings.min_free_disk_mb, psutil.disk_usage(str(settings.data_dir)).free // 2**20, settings.data_dir)


def check_deployment(settings: Settings) -> None:
    """Check what a machine that only deploys can know of the secrets and addresses that it hands out.

    Raises:
        StartupError: the database's URL or the master keys are malformed.
    """
    if settings.mongo.url is not None:
        check_url(settings.mongo.url.get_secret_value())
    load_master_keys(settings.encryption, settings.data_dir)


def check_extras(settings: Settings) -> None:
    """The packages are installed without which a setting means nothing. Raises StartupError."""
    if settings.features.search and settings.search.rerank:
        require_packages()


def listeners(settings: Settings) -> Iterator[WantedPort]:
    """All that `carewire up` will listen on with these settings."""
    yield WantedPort("the REST API", settings.http.host, settings.http.port, "CAREWIRE_HTTP__PORT")
    yield WantedPort("the Socket.IO gateway", settings.gateway.host, settings.gateway.port, "CAREWIRE_GATEWAY__PORT")
    if settings.ray.address is None:
        yield WantedPort("the Ray dashboard", "127.0.0.1", settings.ray.dashboard_port, "CAREWIRE_RAY__DASHBOARD_PORT")
    if settings.mongo.url is None:
        yield WantedPort("the embedded MongoDB", "127.0.0.1", settings.mongo.port, "CAREWIRE_MONGO__PORT")


def check_ports(wanted: list[WantedPort]) -> None:
    """Each can be bound, and no two are the same.

    Raises:
        StartupError: one is taken, given twice, or not ours to bind.
    """
    seen: dict[int, WantedPort] = {}
    for listener in wanted:
        if (other := seen.setdefault(listener.port, listener)) is not listener:
            raise StartupError(
                f"{other.setting} and {listener.setting} are both {listener.port}: give each a port of its own."
            )
        _check_port(listener)


def _check_port(listener: WantedPort) -> None:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection in TIME_WAIT is no listener
        try:
            probe.bind((listener.host, listener.port))
        except OSError as error:
            raise StartupError(_port_message(listener, error)) from None
        except ValueError:  # a name that IDNA cannot encode
            raise StartupError(f"{listener.host!r} is no address: correct {_host_setting(listener)}.") from None


def _port_message(listener: WantedPort, error: OSError) -> str:
    port = listener.port
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port}, wanted for {listener.what}, is in use{_user_of(port)}: "
            f"stop what uses it, or set {listener.setting} to another port."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved to the system: set {listener.setting} to one above 1023."
    return f"{listener.host} is not an address of this machine ({error.strerror}): correct {_host_setting(listener)}."


def _host_setting(listener: WantedPort) -> str:
    return listener.setting.replace("__PORT", "__HOST")


def _user_of(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        pids = {connection.pid for connection in listening if tuple(connection.laddr)[1:] == (port,)}
        names = [f"{psutil.Process(pid).name()}, pid {pid}" for pid in pids if pid]
    except (psutil.Error, OSError):
        names = []
    return f" ({names[0]})" if names else ""


def check_cluster(address: str) -> None:
    """Somebody listens where the Ray cluster should be (Ray itself would try for minutes).

    Raises:
        StartupError: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdigit():
        return  # "auto": Ray knows where to look
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CLUSTER_S).close()
    except OSError as error:
        raise StartupError(
            f"There is no Ray cluster at {address} ({error.strerror or 'no answer'}): correct CAREWIRE_RAY__ADDRESS."
        ) from None


def check_cores(num_cpus: float, cores: int) -> None:
    """One predictor may not reserve more than the machine has: Ray would look for a place for it without an end.

    Raises:
        StartupError: it does.
    """
    if num_cpus > cores:
        raise StartupError(
            f"A predictor is to reserve {num_cpus:g} cores and this machine has {cores}: lower CAREWIRE_ML__NUM_CPUS."
        )


def check_memory(needed_mb: int, free_mb: int) -> None:
    """
    Raises:
        StartupError: less than `needed_mb` is free.
    """
    if free_mb < needed_mb:
        raise StartupError(
            f"Only {free_mb} MB of memory are free and Carewire wants {needed_mb} MB: close something, "
            "or lower CAREWIRE_MIN_FREE_MEMORY_MB if you know better."
        )


def check_disk(needed_mb: int, free_mb: int, path: Path) -> None:
    """
    Raises:
        StartupError: less than `needed_mb` is free where `path` is. A database that is full ends while it starts.
    """
    if free_mb < needed_mb:
        raise StartupError(
            f"Only {free_mb} MB are free on the disk of {path} and Carewire wants {needed_mb} MB: remove something, "
            "move CAREWIRE_DATA_DIR, or lower CAREWIRE_MIN_FREE_DISK_MB if you know better."
        )


def free_memory_mb() -> int:
    """Memory that is available to this process: the machine's, or what its container has left if that is less."""
    free = psutil.virtual_memory().available
    for limit_file, used_file in _CGROUP_FILES:
        try:
            limit, used = limit_file.read_text().strip(), int(used_file.read_text())
        except (OSError, ValueError):
            continue
        if limit != "max":
            free = min(free, max(0, int(limit) - used))
    return free // 2**20


def check_data_dir(path: Path) -> None:
    """
    Raises:
        StartupError: it cannot be made, or written.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(f"{path} cannot be made ({error.strerror}): correct CAREWIRE_DATA_DIR.") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise StartupError(f"{path} is not writable for this user: correct its owner, or CAREWIRE_DATA_DIR.")


def find_data_dir(settings: Settings) -> None:
    """For commands that read what a Carewire has kept: they make nothing.

    Raises:
        StartupError: nothing is kept there (a database of the operator's own is somewhere else).
    """
    path = settings.data_dir
    if settings.mongo.url is None and not (path / DATABASE_DIR).is_dir():
        raise StartupError(
            f"There is no database of Carewire in {path.absolute()}: name the data directory of the one that you mean "
            "(--data-dir or CAREWIRE_DATA_DIR), or its CAREWIRE_MONGO__URL."
        )
