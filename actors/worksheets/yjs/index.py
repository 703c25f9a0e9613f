"""Which number of which writer stands where: what an update's neighbours and deletions are looked up in.

Numbers of a writer have no holes, and those that stand in one place follow each other mostly: so runs are few. `alive`
counts what a text or a key holds that is not deleted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec


class RunPlace(NamedTuple):
    """Where a run stands: root, key ("" in a text), and whether its numbers count (characters, values)."""

    root: str
    key: str
    counts: bool


class StoredIndex(msgspec.Struct, array_like=True, frozen=True):
    """An index as it lies in a checkpoint: `runs` of a writer are (first number, place) one behind the other."""

    places: list[tuple[str, str, bool]]
    runs: dict[int, list[int]]
    ends: dict[int, int]
    deleted: dict[int, list[int]]
    alive: list[tuple[str, str, int]]


class Runs:
    """Numbers of one writer that follow each other, and where each stands."""

    __slots__ = ("first", "next", "places", "starts")

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.starts: list[int] = []
        self.places: list[RunPlace] = []
        self.next = first

    def add(self, length: int, place: RunPlace) -> None:
        """The next numbers stand there."""
        places = self.places
        if not places or (places[-1] is not place and places[-1] != place):
            self.starts.append(self.next)
            places.append(place)
        self.next += length

    def place(self, clock: int) -> RunPlace:
        """Where one of them stands."""
        if clock >= self.starts[-1]:
            return self.places[-1]
        return self.places[bisect_right(self.starts, clock) - 1]

    def parts(self, start: int, end: int) -> Iterator[tuple[int, int, RunPlace]]:
        """The runs between two numbers."""
        at = bisect_right(self.starts, start) - 1
        while start < end:
            until = self.starts[at + 1] if at + 1 < len(self.starts) else self.next
            yield start, min(until, end), self.places[at]
            start, at = until, at + 1


class _Writer(Runs):
    """All numbers of one writer."""

    __slots__ = ("deleted",)

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[int] = []  # bounds of ranges, in order: from, to, from, to ...

    def undeleted(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """What of a range is not deleted yet."""
        bounds = self.deleted
        at = bisect_right(bounds, start)
        while start < end:
            until = bounds[at] if at < len(bounds) else end
            if at % 2 == 0 and start < until:
                yield start, min(until, end)
            start, at = until, at + 1

    def delete(self, start: int, end: int) -> None:
        """These are deleted."""
        bounds = self.deleted
        if not bounds or start > bounds[-1]:
            bounds += (start, end)
            return
        low, high = bisect_left(bounds, start), bisect_right(bounds, end)
        bounds[low:high] = [start] * (low % 2 == 0) + [end] * (high % 2 == 0)


class RunIndex:
    """The index of one document."""

    __slots__ = ("_writers", "alive")

    def __init__(self) -> None:
        self._writers: dict[int, _Writer] = {}
        self.alive: dict[tuple[str, str], int] = {}

    def next(self, writer: int) -> int:
        """The number that this writer's next struct has; those before are known."""
        found = self._writers.get(writer)
        return found.next if found is not None else 0

    def place(self, writer: int, clock: int) -> RunPlace:
        """Where a known number stands."""
        return self._writers[writer].place(clock)

    def known(self) -> dict[int, int]:
        """The state vector."""
        return {number: writer.next for number, writer in self._writers.items()}

    def undeleted(self, writer: int, start: int, end: int) -> Sequence[tuple[int, int, RunPlace]]:
        """What of a range of known numbers is not deleted yet, run by run."""
        found = self._writers[writer]
        starts, bounds = found.starts, found.deleted
        at = bisect_right(starts, start)
        if (at == len(starts) or starts[at] >= end) and (not bounds or start > bounds[-1]):
            return ((start, end, found.places[at - 1]),)
        return [part for low, high in found.undeleted(start, end) for part in found.parts(low, high)]

    def add(self, writer: int, length: int, place: RunPlace) -> None:
        """The next numbers of a writer stand there."""
        found = self._writers.get(writer)
        if found is None:
            found = self._writers[writer] = _Writer()
        found.add(length, place)
        if place.counts:
            where = place.root, place.key
            self.alive[where] = self.alive.get(where, 0) + length

    def clear(self, writer: int, start: int, end: int, place: RunPlace) -> None:
        """These known numbers, which all stand there and were not deleted, are."""
        if place.counts:
            self.alive[place.root, place.key] -= end - start
        self._writers[writer].delete(start, end)

    def delete(self, writer: int, start: int, end: int) -> None:
        """These known numbers are deleted, if they were not before."""
        found = self._writers[writer]
        for low, high, place in self.undeleted(writer, start, end):
            if place.counts:
                self.alive[place.root, place.key] -= high - low
        found.delete(start, end)

    def stored(self) -> StoredIndex:
        """The index as a value."""
        places: dict[RunPlace, int] = {}
        runs: dict[int, list[int]] = {}
        for number, writer in self._writers.items():
            flat = runs[number] = []
            for start, place in zip(writer.starts, writer.places, strict=True):
                flat += (start, places.setdefault(place, len(places)))
        return StoredIndex(
            places=[(place.root, place.key, place.counts) for place in places],
            runs=runs,
            ends=self.known(),
            deleted={number: list(writer.deleted) for number, writer in self._writers.items() if writer.deleted},
            alive=[(root, key, count) for (root, key), count in self.alive.items() if count],
        )

    @classmethod
    def of(cls, stored: StoredIndex) -> "RunIndex":
        """The inverse of `stored`."""
        index = cls()
        places = [RunPlace(*place) for place in stored.places]
        for number, flat in stored.runs.items():
            writer = index._writers[number] = _Writer()
            writer.starts, writer.places = flat[::2], [places[at] for at in flat[1::2]]
            writer.next, writer.deleted = stored.ends[number], list(stored.deleted.get(number, ()))
        index.alive = {(root, key): count for root, key, count in stored.alive}
        return index

    @property
    def runs(self) -> int:
        """How many runs there are: what the index weighs."""
        return sum(len(writer.starts) + len(writer.deleted) for writer in self._writers.values())
