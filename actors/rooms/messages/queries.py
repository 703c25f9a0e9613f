"""Queries that a decision leaves to be answered from storage once its turn is stored. They never travel."""

from actors.kernel.contract.entity import Query
from actors.rooms.replies import JoinedRoom
from actors.rooms.room.sight import OPEN, Sight


class HistoryPage(Query, frozen=True, kw_only=True):
    """A page of messages between two seqs, both exclusive; or that begins at a time; or around the one at `around`.
    `threads`: something here answers something, so threads are counted."""

    before: int | None
    after: int | None
    limit: int
    sight: Sight = OPEN
    threads: bool = False
    at_ms: int | None = None
    around: int | None = None


class PinnedAt(Query, frozen=True):
    """The messages posted at these seqs, in this order, those that may be seen."""

    seqs: tuple[int, ...]
    sight: Sight = OPEN


class ThreadOf(Query, frozen=True):
    """The message posted at `root`, and a page of those in its thread."""

    root: int
    after: int
    limit: int
    sight: Sight = OPEN


class VersionsOf(Query, frozen=True):
    """The texts of a message at these seqs: where it was posted, and changed."""

    seqs: tuple[int, ...]


class RoomStanding(Query, frozen=True, kw_only=True):
    """The state of the room for somebody who joins: `answer` with the messages filled in. `silent`: nothing was ever
    said here, so there is nothing to be read."""

    answer: JoinedRoom
    since: int | None
    silent: bool = False
    sight: Sight = OPEN
    threads: bool = False
