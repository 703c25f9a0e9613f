"""The budget of an expansion in steps: each period or day examined is one, about a microsecond.

What a rule yields says nothing about what it costs: one that never matches yields nothing and looks at every day.
"""

from typing import Final

_SLICE: Final = 2000


class TooManySteps(Exception):
    """There are none left."""


class Steps:
    """A budget that several expansions share; each may be given a part of it."""

    __slots__ = ("_floor", "_paused", "left")

    def __init__(self, total: int) -> None:
        self.left = total
        self._floor = 0
        self._paused = total

    def grant(self, most: int) -> None:
        """From now on at most so many of those that are left."""
        self._floor = max(self.left - most, 0)

    def take(self, number: int) -> None:
        """Raises TooManySteps: there are not as many."""
        self.left -= number
        if self.left < self._floor:
            self.left = max(self.left, self._floor)
            raise TooManySteps

    def is_pause_due(self) -> bool:
        """Some milliseconds of work since the last time that this was true: let others go on."""
        if self._paused - self.left < _SLICE:
            return False
        self._paused = self.left
        return True
