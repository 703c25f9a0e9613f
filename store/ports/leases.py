"""Leases: who may serve under a name, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """A right that one process holds for a while. `epoch` grows by one each time it changes hands."""

    name: str
    holder: str
    epoch: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that may hold leases: `id` is unique to this start of it; the rest proves that it is dead."""

    id: str
    host: str
    pid: int
    started_ms: int


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease in force, seen by somebody else: `left_s` until it lapses, which grows only when it is renewed."""

    name: str
    holder: Holder
    left_s: float


class Leases(Protocol):
    """Leases by the database's clock alone. Raises `Unavailable` when the database does not answer in time.

    The holder must count its time from *before* it sent the acquire or renewal, on its own monotonic clock: then
    it stops before the database lets anybody else in.
    """

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        """Take the lease if it is free, void, or was held by a process of this host that is no more; None if it
        is still held. A holder that acquires its own lease again keeps its epoch."""

    async def renew(self, lease: Lease) -> bool:
        """Prolong it by its ttl; False when somebody else holds it, or it was released."""

    async def release(self, lease: Lease) -> None:
        """Give it up at once. A lease that is somebody else's by now is left alone."""

    async def held(self) -> Sequence[HeldLease]:
        """Every lease in force whose holder is not provably dead, by name."""
