"""The processes below this one: found, and ended, however deep and whoever started them (Linux)."""

import ctypes
import os
import signal
import time
from contextlib import suppress
from typing import Final

import psutil

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


def adopt_orphans() -> None:
    """From now on a process whose parent dies becomes our child, not init's: so none can get out of sight."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when the thread of `parent` that started it ends, for whatever reason."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we had said so
        os._exit(1)


def end_children(*, sparing: frozenset[int] = frozenset(), timeout_s: float = 5.0) -> None:
    """Kill every process below this one, but for the pids in `sparing`, and wait until they are gone."""
    deadline = time.monotonic() + timeout_s
    while children := [child for child in psutil.Process().children(recursive=True) if child.pid not in sparing]:
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        for child in children:
            _reap(child.pid)
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):  # not ours, or already reaped
        os.waitpid(pid, os.WNOHANG)


def _prctl(option: int, value: int) -> None:
    with suppress(AttributeError, OSError):  # other systems have no prctl; there Ray's own reaper does what it can
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
