"""Activities that are put off or dead: calls to partners (and letters) that no turn of the journal keeps any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

State = Literal["parked", "dead"]
BEHIND: Final = 2**53
"""`due_ms` of an activity that waits for another one of its lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRecord:
    """One activity. `packed` is opaque to the store, and what is personal in it is sealed.

    `order` sorts those of one `lane` of an `entity`. `urgency` is 0 for the most urgent. `deaths` counts the runners
    that died with it. `code` and `message` say why it was put off, or is dead; they name nobody.
    """

    id: bytes
    partition: int
    connector: str
    entity: str
    state: State
    due_ms: int
    packed: bytes
    created_at_ms: int
    urgency: int = 1
    lane: str = ""
    order: int = 0
    attempts: int = 0
    deaths: int = 0
    deadline_ms: int | None = None
    code: str = ""
    message: str = ""

    @property
    def kind(self) -> str:
        """Of its entity."""
        return self.entity.partition(":")[0]


Lane = tuple[str, str]
"""(entity, lane)"""


class ActivityStore(Protocol):
    """What is put off, and what is dead. Writes are majority-committed when they return. Raises `Unavailable` when the
    database does not answer in time.

    `kinds`: of whose entities alone; None: of all. Pools number their partitions alike, so what belongs to a shard is
    told by both."""

    async def put(self, activities: Sequence[ActivityRecord]) -> None:
        """Store or replace. The same one twice: the last stands."""

    async def add(self, activities: Sequence[ActivityRecord]) -> None:
        """Store those that are not there; what is there stays as it is."""

    async def drop(self, ids: Sequence[bytes]) -> None:
        """Forget. Idempotent."""

    async def get(self, ids: Sequence[bytes]) -> Mapping[bytes, ActivityRecord]:
        """Those of these that are there."""

    async def due(
        self,
        partitions: Sequence[int],
        connector: str,
        *,
        before_ms: int,
        limit: int,
        urgency: int = 1,
        kinds: Collection[str] | None = None,
    ) -> list[ActivityRecord]:
        """Parked ones of these partitions and this urgency that are due before then, the earliest first."""

    async def expired(
        self,
        partitions: Sequence[int],
        *,
        before_ms: int,
        limit: int,
        after: tuple[int, bytes] | None = None,
        kinds: Collection[str] | None = None,
    ) -> list[ActivityRecord]:
        """Parked ones of these partitions whose deadline lies before then, by deadline and id; those behind `after`,
        which is the deadline and the id of one."""

    async def first_of(self, lanes: Sequence[Lane]) -> Mapping[Lane, ActivityRecord]:
        """The parked one of the lowest order of each of these lanes that has any."""

    async def stuck(self, partitions: Sequence[int], kinds: Collection[str] | None = None) -> list[bytes]:
        """First ones of lanes in these partitions that are due `BEHIND` another one, which is there no more."""

    async def page(
        self, *, connector: str | None = None, state: State | None = None, after: bytes | None = None, limit: int
    ) -> list[ActivityRecord]:
        """Those of a connector and state, of all partitions, in the order of their ids."""

    async def counts(
        self, partitions: Sequence[int] | None = None, kinds: Collection[str] | None = None
    ) -> Mapping[tuple[str, State], int]:
        """How many there are of each connector and state; of all partitions, or of these."""

    async def oldest_ms(self, partitions: Sequence[int], connector: str) -> int | None:
        """When the oldest parked one was made, milliseconds since 1970; None when there is none."""
