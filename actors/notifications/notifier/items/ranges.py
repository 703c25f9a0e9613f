"""Sets of numbers that are mostly full: what has been read, or seen. A watermark with exceptions on both sides."""

from bisect import bisect_right
from typing import Final

import msgspec

MOST: Final = 2000
"""Stretches that one set has; beyond, its oldest gap is filled: what lies in it has been read."""


class Ranges(msgspec.Struct, array_like=True):
    """Numbers from 1 on, as stretches that do not touch, in order. `size` is how many numbers there are."""

    firsts: list[int] = []
    lasts: list[int] = []
    size: int = 0

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        place = bisect_right(self.firsts, number) - 1
        return place >= 0 and number <= self.lasts[place]

    def copy(self) -> "Ranges":
        """One that can be changed without changing this one."""
        return Ranges(self.firsts.copy(), self.lasts.copy(), self.size)

    def add(self, number: int) -> bool:
        """Whether it was not there."""
        if number in self:
            return False
        place = bisect_right(self.firsts, number)
        joins_left = place > 0 and self.lasts[place - 1] == number - 1
        joins_right = place < len(self.firsts) and self.firsts[place] == number + 1
        if joins_left and joins_right:
            self.lasts[place - 1] = self.lasts[place]
            del self.firsts[place], self.lasts[place]
        elif joins_left:
            self.lasts[place - 1] = number
        elif joins_right:
            self.firsts[place] = number
        else:
            self.firsts.insert(place, number)
            self.lasts.insert(place, number)
        self.size += 1
        self._bound()
        return True

    def fill(self, upto: int) -> None:
        """All from 1 to `upto`."""
        place = bisect_right(self.firsts, upto + 1)
        last = max(upto, self.lasts[place - 1]) if place else upto
        beyond = sum(self.lasts[place:]) - sum(self.firsts[place:]) + len(self.firsts) - place
        if last > 0:
            self.firsts[:place], self.lasts[:place] = [1], [last]
            self.size = last + beyond

    def remove(self, number: int) -> bool:
        """Whether it was there."""
        if number not in self:
            return False
        place = bisect_right(self.firsts, number) - 1
        first, last = self.firsts[place], self.lasts[place]
        pieces = [(low, high) for low, high in ((first, number - 1), (number + 1, last)) if low <= high]
        self.firsts[place : place + 1] = [low for low, _ in pieces]
        self.lasts[place : place + 1] = [high for _, high in pieces]
        self.size -= 1
        self._bound()
        return True

    def _bound(self) -> None:
        if len(self.firsts) > MOST:
            self.size += self.firsts[1] - self.lasts[0] - 1 + (self.firsts[0] - 1)
            self.firsts[:2], self.lasts[:2] = [1], [self.lasts[1]]
