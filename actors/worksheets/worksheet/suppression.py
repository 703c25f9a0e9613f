"""Figures of too few people are not told, and neither is what they could be computed from."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Cell = TypeVar("Cell", bound=str)


class Cohort:
    """Counts what it holds back. `least`: how many people a figure is of at least."""

    def __init__(self, least: int) -> None:
        self._least = least
        self.suppressed = 0

    def large(self, people: set[str] | frozenset[str]) -> bool:
        """May something be told of these? Of nobody, that it is nobody."""
        return len(people) == 0 or len(people) >= self._least

    def figure(self, value: float | int | None, people: set[str] | frozenset[str]) -> float | int | None:
        """The figure, where it is of enough people."""
        if value is None or self.large(people):
            return value
        self.suppressed += 1
        return None

    def hidden(self, cells: Mapping[Cell, Sequence[str]]) -> set[Cell]:
        """The cells of a whole that are not told: those of too few people, and as many of the smallest others as it
        takes that nobody finds them by subtraction."""
        people = {name: set(who) for name, who in cells.items() if who}
        gone = {name for name, who in people.items() if len(who) < self._least}
        left = sorted(people.keys() - gone, key=lambda name: (len(people[name]), name))
        while gone and left and (len(gone) < 2 or len(set().union(*(people[one] for one in gone))) < self._least):
            gone.add(left.pop(0))
        self.suppressed += len(gone)
        return gone
