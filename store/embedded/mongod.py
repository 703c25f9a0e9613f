"""The mongod binary: where it is, whether it can run here, how it is started, and why it stopped.

Everything here blocks for a moment and raises `StartupError` with a line for the operator.
"""

import fcntl
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

import psutil

from common.errors import StartupError
from config.settings import MongoSettings
from store.embedded import die_with_parent

REPLICA_SET: Final = "carewire"
_OLDEST: Final = (6, 0)
_OPLOG_MB: Final = 1024
_FULL_BYTES: Final = 8 << 20  # less than mongod needs for a file of its journal
_CACHE: Final = (
    "eviction_dirty_target=50,eviction_dirty_trigger=75,eviction_updates_target=50,eviction_updates_trigger=75"
)
"""Keep changed pages in memory until the next checkpoint. By default WiredTiger begins to write them out when they fill
5 % of the cache, and the index of command ids, which grows at random places, then rewrites a page for nearly every
command: with 0.25 GB of cache, mongod took 105 us of a core a message after 500,000 messages, with this 23 us."""
_INSTEAD: Final = "or set CAREWIRE_MONGO__URL to a MongoDB of your own, or CAREWIRE_MONGO__BINARY to another mongod"
_PACKAGES: Final = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}
_DYING_S: Final = 5.0  # for the threads of a killed one to end
_PORT_IN_USE, _OTHER_VERSION, _FAILED = 48, 62, 100  # exit codes of mongod


def find_mongod(binary: str | None) -> Path:
    """The one that the settings name, else the one on the PATH, else the one that came as a Python package."""
    if binary is not None:
        path = Path(binary)
        if not path.is_file():
            raise StartupError(f"CAREWIRE_MONGO__BINARY names {binary}, which is not there.")
        return path
    if found := shutil.which("mongod"):
        return Path(found)
    spec = importlib.util.find_spec("fiftyone")  # the package is not imported: there is a big one of that name
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(place) / "db" / "bin" / "mongod"
        if path.is_file():
            return path
    raise StartupError(f"There is no mongod on this machine; install MongoDB {_OLDEST[0]} or newer, {_INSTEAD}.")


def check_mongod(path: Path) -> None:
    """Can it run here, and is it new enough?"""
    try:
        if not os.access(path, os.X_OK):
            path.chmod(path.stat().st_mode | 0o111)
        tried = subprocess.run(  # in a group of its own: Ctrl-C is for us alone
            [path, "--version"], capture_output=True, text=True, timeout=20, check=False, process_group=0
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise StartupError(f"{path} cannot be run ({exc}); install another MongoDB, {_INSTEAD}.") from None
    if missing := re.search(r"([\w.+-]+\.so[\w.]*): cannot open shared object", tried.stderr):
        library = missing[1]
        package = f" (Debian, Ubuntu: apt install {_PACKAGES[library]})" if library in _PACKAGES else ""
        raise StartupError(f"{path} needs the library {library}; install it{package}, {_INSTEAD}.")
    if tried.returncode == -signal.SIGILL:
        raise StartupError(f"{path} needs a processor with AVX; install a MongoDB that does not, {_INSTEAD}.")
    version = re.search(r"db version v(\d+)\.(\d+)", tried.stdout)
    if tried.returncode != 0 or version is None:
        raise StartupError(f"{path} does not run (exit code {tried.returncode}); install another MongoDB, {_INSTEAD}.")
    if (int(version[1]), int(version[2])) < _OLDEST:
        raise StartupError(f"{path} is MongoDB {version[1]}.{version[2]}; install 6.0 or newer, {_INSTEAD}.")


def check_free(dbpath: Path, port: int) -> None:
    """Is nobody else using this data, or this port?"""
    lock = dbpath / "mongod.lock"
    if lock.exists():
        with lock.open("r+") as file:
            pid = file.read().strip()
            deadline = time.monotonic() + _DYING_S
            while not _try_lock(file):
                if not _is_dying(pid) or time.monotonic() > deadline:
                    raise StartupError(
                        f"Another mongod (pid {pid}) uses {dbpath}; stop it, or set CAREWIRE_DATA_DIR."
                    ) from None
                time.sleep(0.05)
            # A file that nobody has locked is left over from a crash: mongod recovers by itself.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise StartupError(_port_in_use(port)) from None


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as mongod does
    except OSError:
        return False
    return True


def _is_dying(pid: str) -> bool:
    """Has it been killed? Its locks last until the last of its threads has ended, a moment later than it does."""
    try:
        return psutil.Process(int(pid)).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (ValueError, psutil.NoSuchProcess):
        return True


def command_line(binary: Path, settings: MongoSettings, dbpath: Path, log_path: Path) -> list[str]:
    """What to run. Bound to this machine, and killed when the thread that starts it ends."""
    return [
        *(sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid())),
        str(binary),
        *("--dbpath", str(dbpath)),
        *("--logpath", str(log_path), "--logappend"),
        *("--bind_ip", "127.0.0.1", "--port", str(settings.port), "--nounixsocket"),
        *("--replSet", REPLICA_SET, "--oplogSize", str(_OPLOG_MB)),
        *("--wiredTigerCacheSizeGB", str(settings.cache_gb)),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--wiredTigerEngineConfigString", _CACHE),
        *("--slowms", "1000"),
    ]


def why_it_stopped(
    code: int, settings: MongoSettings, dbpath: Path, log_path: Path, log_from: int, *, free_bytes: int
) -> str:
    """One line for the operator, from the exit code, what it logged since (from the byte `log_from` on; on a full disk
    that may be nothing), and what is free on its disk."""
    error = _last_error(log_path, log_from)
    if code == _PORT_IN_USE:
        return _port_in_use(settings.port)
    if code == _FAILED and "DBPathInUse" in error:
        return f"Another mongod uses {dbpath}; stop it, or set CAREWIRE_DATA_DIR."
    if code == _OTHER_VERSION:
        return f"The data in {dbpath} is of another version of MongoDB; use that one (CAREWIRE_MONGO__BINARY)."
    if free_bytes < _FULL_BYTES:
        return f"The embedded mongod stopped: the disk of {dbpath} is full; free some space, or set CAREWIRE_DATA_DIR."
    return f"The embedded mongod stopped (exit code {code}){f': {error}' if error else ''}. Its log: {log_path}"


def _port_in_use(port: int) -> str:
    return f"Port {port} is in use; set CAREWIRE_MONGO__PORT to a free one."


def _last_error(log_path: Path, log_from: int) -> str:
    try:
        with log_path.open("rb") as file:
            file.seek(log_from)
            lines = file.read(1_000_000).decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("s") in ("E", "F"):
            error = entry.get("attr", {}).get("error", "")
            return f"{entry.get('msg', '')} {error if isinstance(error, str) else ''}".strip()[:300]
    return ""
