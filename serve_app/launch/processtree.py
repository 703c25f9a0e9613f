"""The processes of one run: found by a mark in their environment, and ended, however deep and whoever started them.

Parentage alone would not do: what Ray leaves behind when it breaks has lost its parent. (To adopt orphans as a
"subreaper" would, but Ray's workers know by their new parent, pid 1, that they should end.)
"""

import os
import secrets
import threading
import time
from contextlib import suppress
from typing import Final

import psutil

_MARK: Final = "_CAREWIRE_RUN"
_WATCH_S: Final = 0.3


def mark_descendants() -> None:
    """Let every process that is started from now on carry this run's mark."""
    os.environ[_MARK] = secrets.token_hex(8)


def descendants() -> list[psutil.Process]:
    """Every process that carries the mark, or is below this one."""
    mark = os.environ.get(_MARK)
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # it has ended meanwhile, or is somebody else's
            if mark is not None and process.environ().get(_MARK) == mark:
                found.add(process)
    return [process for process in found if process.pid != os.getpid()]


def end_descendants(*, sparing: int | None = None, timeout_s: float = 5.0) -> None:
    """Kill every process of this run, but for the pid in `sparing`, and wait until they are gone."""
    deadline = time.monotonic() + timeout_s
    while processes := [
        descendant for descendant in descendants() if descendant.pid != sparing and _is_alive(descendant)
    ]:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # whoever started it will notice
    except psutil.NoSuchProcess:
        return False


def end_with_parent(parent: int) -> None:
    """Should the process `parent` end, whatever the reason, end this run's processes, and this one.

    The kernel could kill this one (PR_SET_PDEATHSIG), but then two of Ray's agents would try for a minute to tell a
    control plane that is gone of a node that is gone.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        end_descendants()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
