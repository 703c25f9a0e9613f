"""Exact counts of unread messages, without a memory of every message.

A room keeps one count of its live posts and, for each member, an offset: the posts that are *not* unread to them
(posted by themselves, or at or below their floor). Unread is the difference. So a post costs O(1), whoever reads it,
and a deletion O(members).

Moving a watermark needs the number of posts between two seqs. `RecentPosts` answers that for marks near the end, which
is where people read; for a mark further back the journal is counted once, over the stretch that was read
(`history.tally`), at most `FURTHEST` events at a time; a mark that passes more than those is refused.
"""

from array import array
from bisect import bisect_left, bisect_right
from typing import Final

import msgspec

FURTHEST: Final = 10_000  # the room waits for the count: some 20 us an event
WINDOW: Final = 256


class UnreadStretch(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a room to be counted for `user`: the events numbered above `above` up to `upto`.

    `deletions` is how many the room has seen so far: a count made before another deletion is never used after it.
    """

    user: str
    above: int
    upto: int
    deletions: int

    @property
    def key(self) -> str:
        """As the key of a part. User ids hold no slash."""
        return f"read/{self.user}/{self.above}/{self.upto}/{self.deletions}"

    @classmethod
    def of(cls, key: str) -> "UnreadStretch | None":
        """The inverse of `key`; None when it is the key of something else."""
        if not key.startswith("read/"):
            return None
        _, user, above, upto, deletions = key.split("/")
        return cls(user, int(above), int(upto), int(deletions))


class RecentPosts:
    """The newest live posts of a room: every one above `floor`, between `window` and twice as many once it is full."""

    __slots__ = ("authors", "floor", "seqs", "window")

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self.floor = 0
        self.seqs = array("Q")
        self.authors: list[str] = []

    def post(self, seq: int, author: str) -> None:
        """A post with the highest seq so far."""
        self.seqs.append(seq)
        self.authors.append(author)
        if len(self.authors) >= 2 * self.window:
            self.floor = self.seqs[self.window - 1]
            del self.seqs[: self.window]
            del self.authors[: self.window]

    def remove(self, seq: int) -> None:
        """A post that is live no more, recent or not."""
        place = bisect_left(self.seqs, seq)
        if place < len(self.seqs) and self.seqs[place] == seq:
            del self.seqs[place]
            del self.authors[place]

    def authors_between(self, above: int, upto: int) -> set[str]:
        """The authors of recent messages, above one seq and up to another."""
        return set(self.authors[bisect_right(self.seqs, above) : bisect_right(self.seqs, upto)])

    def others_above(self, mark: int, user: str) -> int | None:
        """Live posts above `mark` that are not by `user`; None when `mark` lies too far back to tell."""
        if mark < self.floor:
            return None
        authors = self.authors[bisect_right(self.seqs, mark) :]
        return len(authors) - authors.count(user)
