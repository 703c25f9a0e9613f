"""One Carewire per data directory: a lock that dies with its holder, and a file that says what runs.

The lock is the truth: the kernel releases it however its holder ends, so a stale file never keeps anybody out.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from common.errors import StartupError


@dataclass(frozen=True, slots=True)
class Running:
    """The record of a running `carewire up`."""

    pid: int
    urls: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False
    scratch: str = ""  # Ray's temporary directory: to be removed by the next start if this one is killed


class RunFile:
    """The run file of one data directory. `with RunFile(data_dir).claim():` for the time that Carewire runs."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run.json"
        self._lock_path = data_dir / "run.lock"
        self._lock: int | None = None
        self.left_behind: Running | None = None

    def claim(self) -> Self:
        """Take the lock. `left_behind` is then what an earlier run that was killed has left.

        Raises:
            StartupError: somebody else has it. The message says who, and what it serves.
        """
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise StartupError(_already(self.read())) from None
        self._lock = lock
        self.left_behind = self.read()
        return self

    def write(self, running: Running) -> None:
        """Say what runs. Replaced in one step, so that no reader sees half of it."""
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(self._path)

    def read(self) -> Running | None:
        """The contents of the file, whether or not they are still true."""
        try:
            return Running(**json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> Running | None:
        """The record of what runs now; None if nothing does."""
        try:
            lock = os.open(self._lock_path, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return self.read()
        finally:
            os.close(lock)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing runs any more."""
        with suppress(OSError):
            self._path.unlink()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _already(running: Running | None) -> str:
    if running is None:
        return "Carewire is already starting in this data directory."
    urls = ", ".join(f"{name} {url}" for name, url in running.urls.items())
    state = "running" if running.ready else "starting"
    return f"Carewire is already {state} here (pid {running.pid}): {urls}. `carewire down` stops it."
