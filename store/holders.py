"""Who holds a lease, and is that process provably dead?

A process is named by its host, its pid and the moment it started, counted since boot: wall-clock start times shift
when the clock is set, and would make a living process look like another one.
"""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

import psutil

from store.ports.leases import Holder

_PROC = Path("/proc")


def this_process() -> Holder:
    """The holder that this process is. A new id each time: two shards in one process are two holders."""
    pid = os.getpid()
    return Holder(id=uuid.uuid4().hex, host=host_name(), pid=pid, started_ms=started_ms(pid) or 0)


@cache
def host_name() -> str:
    """Names the space in which a pid means something: host, boot and (in containers) pid namespace."""
    boot = _text(_PROC / "sys/kernel/random/boot_id").strip()[:8]
    namespace = _PROC / "self/ns/pid"
    pids = namespace.readlink().name if namespace.is_symlink() else ""
    return "/".join(part for part in (socket.gethostname(), boot, pids) if part)


def is_dead(holder: Holder) -> bool:
    """True only with proof: it ran on this host, and its pid is gone, a zombie, or another process by now."""
    if holder.host != host_name():
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody is there, and we may not look closer
    try:
        if psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE:
            return True
    except psutil.NoSuchProcess:
        return True
    started = started_ms(holder.pid)
    return started is not None and started != holder.started_ms


def started_ms(pid: int) -> int | None:
    """When the process started: since boot on Linux, since 1970 elsewhere. None when that cannot be read."""
    if stat := _text(_PROC / str(pid) / "stat"):
        ticks = int(stat.rpartition(")")[2].split()[19])  # field 22; the name in brackets may hold anything
        return ticks * 1000 // os.sysconf("SC_CLK_TCK")
    try:
        return int(psutil.Process(pid).create_time() * 1000)
    except psutil.Error:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
