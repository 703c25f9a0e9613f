"""What is put off or dead, in memory."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from store.ports.activities import BEHIND, ActivityRecord, Lane, State


class MemoryActivities:
    """Activities in a dictionary."""

    def __init__(self) -> None:
        self._all: dict[bytes, ActivityRecord] = {}

    async def put(self, activities: Sequence[ActivityRecord]) -> None:
        self._all.update((one.id, one) for one in activities)

    async def add(self, activities: Sequence[ActivityRecord]) -> None:
        for one in activities:
            self._all.setdefault(one.id, one)

    async def drop(self, ids: Sequence[bytes]) -> None:
        for id_ in ids:
            self._all.pop(id_, None)

    async def get(self, ids: Sequence[bytes]) -> Mapping[bytes, ActivityRecord]:
        return {id_: self._all[id_] for id_ in ids if id_ in self._all}

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
        found = [
            one
            for one in self._parked(partitions, kinds)
            if one.connector == connector and one.urgency == urgency and one.due_ms < before_ms
        ]
        return _first(found, lambda one: one.due_ms, limit)

    async def expired(
        self,
        partitions: Sequence[int],
        *,
        before_ms: int,
        limit: int,
        after: tuple[int, bytes] | None = None,
        kinds: Collection[str] | None = None,
    ) -> list[ActivityRecord]:
        dated = [(one.deadline_ms, one) for one in self._parked(partitions, kinds) if one.deadline_ms is not None]
        late = {
            one.id: deadline_ms
            for deadline_ms, one in dated
            if deadline_ms < before_ms and (after is None or (deadline_ms, one.id) > after)
        }
        return _first([self._all[id_] for id_ in late], lambda one: late[one.id], limit)

    async def first_of(self, lanes: Sequence[Lane]) -> Mapping[Lane, ActivityRecord]:
        wanted = set(lanes)
        return {lane: one for lane, one in self._heads().items() if lane in wanted}

    async def stuck(self, partitions: Sequence[int], kinds: Collection[str] | None = None) -> list[bytes]:
        heads = self._heads().values()
        return [
            one.id
            for one in heads
            if one.due_ms == BEHIND and one.partition in partitions and (kinds is None or one.kind in kinds)
        ]

    async def page(
        self, *, connector: str | None = None, state: State | None = None, after: bytes | None = None, limit: int
    ) -> list[ActivityRecord]:
        found = [
            one
            for id_, one in sorted(self._all.items())
            if connector in (None, one.connector) and state in (None, one.state) and (after is None or id_ > after)
        ]
        return found[:limit]

    async def counts(
        self, partitions: Sequence[int] | None = None, kinds: Collection[str] | None = None
    ) -> Mapping[tuple[str, State], int]:
        everywhere = partitions is None
        return Counter(
            (one.connector, one.state)
            for one in self._all.values()
            if (everywhere or one.partition in (partitions or ())) and (kinds is None or one.kind in kinds)
        )

    async def oldest_ms(self, partitions: Sequence[int], connector: str) -> int | None:
        made = [one.created_at_ms for one in self._parked(partitions) if one.connector == connector]
        return min(made, default=None)

    def _parked(self, partitions: Collection[int], kinds: Collection[str] | None = None) -> list[ActivityRecord]:
        wanted = set(partitions)
        return [
            one
            for one in self._all.values()
            if one.state == "parked" and one.partition in wanted and (kinds is None or one.kind in kinds)
        ]

    def _heads(self) -> dict[Lane, ActivityRecord]:
        heads: dict[Lane, ActivityRecord] = {}
        for one in sorted(self._all.values(), key=lambda one: -one.order):
            if one.state == "parked" and one.lane:
                heads[one.entity, one.lane] = one
        return heads


def _first(found: list[ActivityRecord], key: Callable[[ActivityRecord], int], limit: int) -> list[ActivityRecord]:
    return sorted(found, key=lambda one: (key(one), one.id))[: max(limit, 0)]
