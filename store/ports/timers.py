"""Durable timers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Timer:
    """A durable alarm: at `due_ms`, `command` (opaque) is submitted to `entity` with the timer's id as command id."""

    id: str
    entity: str
    partition: int
    due_ms: int
    command: bytes


class Timers(Protocol):
    """Durable alarms. Raises `Unavailable` when the database does not answer in time."""

    async def put(self, timers: Sequence[Timer]) -> None:
        """Store or move timers. Majority-committed when it returns."""

    async def drop(self, ids: Sequence[str]) -> None:
        """Forget timers. Idempotent."""

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        """Timers of these partitions due before then, the earliest first."""
