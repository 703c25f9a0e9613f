"""What waits for a connector in a runner: three lines by urgency, served 8 : 3 : 1, so a broadcast delays no code.

Weighted round robin, smooth (as nginx has it: W. Xu, 2012): each time the line that is most behind its share is
served, so the heavy one does not go eight times in a row either. A line that is empty costs the others nothing.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, Generic, Literal, TypeVar

Urgency = Literal["now", "soon", "bulk"]
WEIGHTS: Final[dict[Urgency, int]] = {"now": 8, "soon": 3, "bulk": 1}

T = TypeVar("T")


class RunnerLines(Generic[T]):
    """First in, first out in each line."""

    def __init__(self) -> None:
        self._lines: dict[Urgency, deque[T]] = {urgency: deque() for urgency in WEIGHTS}
        self._credit: dict[Urgency, int] = dict.fromkeys(WEIGHTS, 0)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[T]:
        for line in self._lines.values():
            yield from line

    def put(self, urgency: Urgency, piece: T) -> None:
        """At the end of its line."""
        self._lines[urgency].append(piece)

    def take(self) -> T:
        """The next one. Raises LookupError: nothing waits."""
        waiting = [urgency for urgency, line in self._lines.items() if line]
        if not waiting:
            raise LookupError("nothing waits")
        for urgency in waiting:
            self._credit[urgency] += WEIGHTS[urgency]
        served = max(waiting, key=self._credit.__getitem__)
        self._credit[served] -= sum(WEIGHTS[urgency] for urgency in waiting)
        piece = self._lines[served].popleft()
        if not self._lines[served]:
            self._credit[served] = 0  # a share is of the present: who was away has saved nothing up
        return piece

    def clear(self) -> list[T]:
        """Take all of them."""
        pieces = list(self)
        for line in self._lines.values():
            line.clear()
        return pieces
