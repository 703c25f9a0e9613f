"""How the memory of processes moves, with connections and with time. Sampling reads /proc; judging is pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import psutil

_MB: Final = 2**20
_HEAD_ROOM_MB: Final = 4.0  # an allocator's arena comes and goes


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Resident memory in MB by process, `at_s` seconds into the run."""

    at_s: float
    mb: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Course:
    """One process: when the flat part began, at its end, its highest, and the slope of a line through that part."""

    name: str
    first_mb: float
    last_mb: float
    most_mb: float
    mb_per_minute: float

    def is_flat(self, tolerance: float) -> bool:
        """Did it grow by no more than this share (0..1), or by no more than an allocator's arena?"""
        return self.last_mb - self.first_mb <= max(_HEAD_ROOM_MB, tolerance * self.first_mb)


def sample(pids: Mapping[str, int], at_s: float = 0.0) -> MemorySample:
    """Now, of these processes. One that has ended is left out."""
    found: dict[str, float] = {}
    for name, pid in pids.items():
        with suppress(psutil.Error):
            found[name] = psutil.Process(pid).memory_info().rss / _MB
    return MemorySample(at_s, found)


def by_command(processes: Iterable[psutil.Process]) -> dict[str, int]:
    """The process ids by what their commands say that they are, numbered where several say the same."""
    found: dict[str, int] = {}
    names: Counter[str] = Counter()
    for process in processes:
        with suppress(psutil.Error):
            name = _name(process)
            names[name] += 1
            found[f"{name} {names[name]}" if names[name] > 1 else name] = process.pid
    return found


def growth(before: MemorySample, after: MemorySample, connections: int) -> str:
    """KB a connection, for each process that grew by more than a twentieth of a KB a connection."""
    grown = {name: (mb - before.mb.get(name, 0.0)) * 1024 / connections for name, mb in after.mb.items()}
    told = [f"{name} {kb:.1f}" for name, kb in sorted(grown.items(), key=lambda one: -one[1]) if kb >= 0.05]
    return f"{sum(grown.values()):.1f} KB a connection ({', '.join(told)})"


def courses(samples: Sequence[MemorySample], *, settled_s: float) -> list[Course]:
    """Of every process that lived from `settled_s` to the end, largest first. First and last are means over a tenth of
    the samples, so one garbage collection does not decide."""
    settled = [one for one in samples if one.at_s >= settled_s]
    if len(settled) < 2:
        raise ValueError(f"the run ended before it had settled ({settled_s:.0f} s)")
    lived = set.intersection(*(set(one.mb) for one in settled))
    tenth = max(1, len(settled) // 10)
    found = []
    for name in lived:
        values = [one.mb[name] for one in settled]
        slope = _slope([one.at_s / 60 for one in settled], values)
        first, last = sum(values[:tenth]) / tenth, sum(values[-tenth:]) / tenth
        found.append(Course(name=name, first_mb=first, last_mb=last, most_mb=max(values), mb_per_minute=slope))
    return sorted(found, key=lambda course: -course.last_mb)


def _slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Of the least-squares line."""
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((one - x) ** 2 for one in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / spread if spread else 0.0


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    if not words:
        return process.name()
    if words[0].startswith("ray::"):
        return words[0].split(".", 1)[0].removeprefix("ray::").removeprefix("ServeReplica:carewire:")
    modules = [word for before, word in pairwise(words) if before == "-m"]
    scripts = [word.rsplit("/", 1)[-1] for word in words[1:] if word.endswith(".py")]
    return (modules or scripts or [words[0].rsplit("/", 1)[-1]])[0]
