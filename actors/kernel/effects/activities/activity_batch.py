"""Writes to the collection of activities, gathered into one batch."""

from asyncio import Future
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from actors.kernel.effects.activities.activity_lines import OpenActivity
from store.ports.activities import ActivityRecord, Lane, State

Then = Callable[[], None]


@dataclass(slots=True)
class ActivityWrites:
    """A batch of writes. `puts` are documents by id, each with what follows when it is there."""

    puts: dict[bytes, tuple[ActivityRecord, Then]] = field(default_factory=dict)
    closed: set[bytes] = field(default_factory=set)
    lanes: set[Lane] = field(default_factory=set)
    counted: Counter[tuple[str, State]] = field(default_factory=Counter)  # what these puts change in the counts
    counting: list[Future[None]] = field(default_factory=list)  # done when all has been counted anew
    writing: list[Future[None]] = field(default_factory=list)  # done when the puts are written
    vetted: list[OpenActivity] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.puts or self.closed or self.lanes or self.vetted or self.counting)

    @property
    def size(self) -> int:
        """The number of activities that it keeps in memory."""
        return len(self.puts) + len(self.vetted)

    def singles(self) -> Iterator["ActivityWrites"]:
        """The same, one by one, in its order."""
        for id_, put in self.puts.items():
            if id_ not in self.closed:
                yield ActivityWrites(puts={id_: put})
        for id_ in self.closed:
            yield ActivityWrites(closed={id_})
        for lane in list(self.lanes):
            yield ActivityWrites(lanes={lane})
        for one in self.vetted:
            yield ActivityWrites(vetted=[one])

    def add(self, other: "ActivityWrites") -> None:
        """Add the writes of `other`; those of this batch win."""
        self.puts = {id_: put for id_, put in other.puts.items() if id_ not in self.closed} | self.puts
        self.closed |= other.closed
        self.lanes |= other.lanes
        self.vetted += other.vetted
