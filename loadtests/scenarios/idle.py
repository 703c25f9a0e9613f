"""When a server has come to rest: what it does by itself, at the start or after many joins, must not be measured."""

import time
from contextlib import suppress
from typing import Final

import psutil

_LOOK_S: Final = 0.5
_QUIET: Final = 0.35  # cores
_LOOKS: Final = 4  # quiet ones, in a row


def tree(pid: int) -> list[psutil.Process]:
    """The process with all that it has started; nothing when it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_s(pid: int) -> float:
    """CPU seconds of all of them so far."""
    total = 0.0
    for process in tree(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def await_rest(pid: int, most_s: float) -> bool:
    """Wait until they use hardly any CPU for two seconds. Blocking; False when they still did after `most_s`."""
    until_s = time.monotonic() + most_s
    looks = 0
    before, at_s = cpu_s(pid), time.monotonic()
    while looks < _LOOKS:
        if at_s > until_s:
            return False
        time.sleep(_LOOK_S)
        spent, now_s = cpu_s(pid), time.monotonic()
        looks = looks + 1 if spent - before < _QUIET * (now_s - at_s) else 0
        before, at_s = spent, now_s
    return True
