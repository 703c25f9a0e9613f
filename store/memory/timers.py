"""Durable timers in memory."""

from collections.abc import Sequence

from store.ports.timers import Timer


class MemoryTimers:
    """Timers in a dictionary."""

    def __init__(self) -> None:
        self._timers: dict[str, Timer] = {}

    async def put(self, timers: Sequence[Timer]) -> None:
        self._timers.update((timer.id, timer) for timer in timers)

    async def drop(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._timers.pop(id_, None)

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        wanted = set(partitions)
        found = [t for t in self._timers.values() if t.due_ms < before_ms and t.partition in wanted]
        return sorted(found, key=lambda timer: (timer.due_ms, timer.id))[:limit]
