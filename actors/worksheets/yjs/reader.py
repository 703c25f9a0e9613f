"""An update held against an index: what it would change, without changing anything.

What is known already is passed over. What is new continues its writer's numbers without a hole, and stands beside
neighbours that are there, or comes with them: nothing is ever kept for later, so nothing can pile up. Each struct and
each deletion is traced to the root and key that it concerns.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from actors.worksheets.yjs.index import RunIndex, RunPlace, Runs
from actors.worksheets.yjs.refusal import UpdateRefused
from actors.worksheets.yjs.update import MAX_CLOCK, TEXT, VALUE, Id, YjsItem, encoded, parse

_NO_STRUCTS: Final = b"\0"
_COUNTING: Final = frozenset((TEXT, VALUE))


class Added(msgspec.Struct, frozen=True, gc=False):
    """A new struct, where it stands, and how much of it is new."""

    item: YjsItem
    place: RunPlace
    length: int


class Change(NamedTuple):
    """What an update changes. `data`: the update without the deletions that change nothing (a whole state that was sent
    again holds next to nothing that is new); `body`: its structs. `fresh`: what is `added`, run by run (runs are few
    where structs are many). `cleared` are the places of what is deleted."""

    added: list[Added]
    fresh: dict[int, Runs]
    deleted: list[tuple[int, int, int]]
    cleared: list[RunPlace]
    data: bytes
    body: bytes

    def with_deletions(self, deleted: list[tuple[int, int, int]], cleared: list[RunPlace]) -> "Change":
        """The same with these deletions instead."""
        return self._replace(deleted=deleted, cleared=cleared, data=encoded(self.body, deleted))

    def runs(self) -> Iterator[tuple[int, int, RunPlace]]:
        """What is added: whose, how many numbers, and where they stand."""
        for writer, runs in self.fresh.items():
            for start, end, place in runs.parts(runs.first, runs.next):
                yield writer, end - start, place

    @property
    def is_empty(self) -> bool:
        """Nothing would change."""
        return not (self.added or self.deleted)

    @property
    def writers(self) -> set[int]:
        """Who has new structs in it."""
        return set(self.fresh)


def read(data: bytes, index: RunIndex) -> Change:
    """Read an update.

    Raises:
        Refused: it is none, holds what nobody may write, or needs others that are not there.
    """
    update = parse(data)
    tracing = _Tracing(update.items, index)
    added = tracing.run()
    deleted, cleared = [], []
    whose, known = -1, 0
    for writer, start, end in update.deleted:
        if writer != whose:
            whose, known = writer, tracing.known(writer)
        if end > known:
            raise UpdateRefused("gap", "What is deleted is not there.")
        for low, high, place in tracing.undeleted(writer, start, end):
            deleted.append((writer, low, high))
            cleared.append(place)
    body = update.body if added else _NO_STRUCTS
    whole = deleted == update.deleted and body is update.body
    return Change(added, tracing.fresh, deleted, cleared, data if whole else encoded(body, deleted), body)


def apply(change: Change, index: RunIndex) -> None:
    """Take a change into the index."""
    for writer, length, place in change.runs():
        index.add(writer, length, place)
    for (writer, start, end), place in zip(change.deleted, change.cleared, strict=True):
        index.clear(writer, start, end, place)


class _Tracing:
    """Puts the structs of an update in an order in which each finds its neighbours, and says where each stands."""

    def __init__(self, items: Mapping[int, list[YjsItem]], index: RunIndex) -> None:
        self._items = items
        self._index = index
        self._at = dict.fromkeys(items, 0)  # how many structs of each writer have been taken
        self._next = {writer: index.next(writer) for writer in items}
        self.fresh: dict[int, Runs] = {}
        self._places: dict[tuple[str, str, bool], RunPlace] = {}
        self._added: list[Added] = []

    def run(self) -> list[Added]:
        """What is new."""
        for writer in self._items:
            self._drain(writer)
        return self._added

    def _drain(self, writer: int) -> None:
        """Take all structs of a writer, and before each the structs of others that it needs."""
        path = [(writer, MAX_CLOCK)]  # and up to which number
        needed = {writer}
        while path:
            current, goal = path[-1]
            items, at, other = self._items[current], self._at[current], None
            while at < len(items) and self._next[current] <= goal:
                item = items[at]
                other = self._lacks(item)
                if other is not None:
                    break
                at += 1
                self._take(item)
            self._at[current] = at
            if other is None:
                needed.discard(path.pop()[0])
            elif other[0] in needed or self._at.get(other[0], 0) >= len(self._items.get(other[0], ())):
                raise UpdateRefused("gap", "This needs an update that is not there.")
            else:
                path.append(other)
                needed.add(other[0])

    def undeleted(self, writer: int, start: int, end: int) -> Sequence[tuple[int, int, RunPlace]]:
        """What of a range is not deleted yet, in the index and in what the update itself brings."""
        fresh = self.fresh.get(writer)
        if fresh is None or end <= fresh.first:
            return self._index.undeleted(writer, start, end)
        known = fresh.first
        before = self._index.undeleted(writer, start, known) if start < known else ()
        return [*before, *fresh.parts(max(start, known), end)]

    def _lacks(self, item: YjsItem) -> Id | None:
        """The number that must be there before this struct can stand; None: none is missing."""
        left, right = item.left, item.right
        if left is not None and left[1] >= self.known(left[0]):
            return left
        return right if right is not None and right[1] >= self.known(right[0]) else None

    def known(self, writer: int) -> int:
        """The number that this writer's next struct has, with the update taken so far."""
        found = self._next.get(writer)
        return found if found is not None else self._index.next(writer)

    def _take(self, item: YjsItem) -> None:
        writer, clock = item.writer, item.clock
        known = self._next[writer]
        if clock > known:
            raise UpdateRefused("gap", "This needs an update that is not there.")
        length = clock + item.length - known
        if length <= 0:
            return
        place = self._place(item)
        if clock < known and self._of((writer, known - 1))[:2] != place[:2]:
            raise UpdateRefused("malformed", "This contradicts what is there.")
        self._next[writer] = known + length
        fresh = self.fresh.get(writer)
        if fresh is None:
            fresh = self.fresh[writer] = Runs(known)
        fresh.add(length, place)
        self._added.append(Added(item, place, length))

    def _place(self, item: YjsItem) -> RunPlace:
        counts = item.kind in _COUNTING
        if item.root is not None:
            return self._known((item.root, item.key, counts))
        left, right = item.left, item.right
        one = self._of(left or right)  # type: ignore[arg-type]  # who names no root names a neighbour
        if left is not None and right is not None:
            other = self._of(right)
            if one is not other and one[:2] != other[:2]:
                raise UpdateRefused("malformed", "The neighbours of this stand in different places.")
        return one if one.counts is counts else self._known((one.root, one.key, counts))

    def _known(self, place: tuple[str, str, bool]) -> RunPlace:
        """The same object for the same place: comparing, and judging, many is cheap then."""
        found = self._places.get(place)
        if found is None:
            found = self._places[place] = RunPlace(*place)
        return found

    def _of(self, id_: Id) -> RunPlace:
        writer, clock = id_
        fresh = self.fresh.get(writer)
        if fresh is not None and clock >= fresh.first:
            return fresh.place(clock)
        return self._index.place(writer, clock)
