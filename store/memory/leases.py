"""Leases in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.clock import Clock, SystemClock
from store.holders import is_dead
from store.ports.leases import HeldLease, Holder, Lease


@dataclass(slots=True)
class _Held:
    holder: Holder | None
    epoch: int
    until_s: float


class MemoryLeases:
    """Leases by the monotonic time of the clock given, which plays the database's."""

    def __init__(self, clock: Clock | None = None, dead: Callable[[Holder], bool] = is_dead) -> None:
        self._clock = clock or SystemClock()
        self._dead = dead
        self._leases: dict[str, _Held] = {}

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        now_s = self._clock.monotonic_s()
        held = self._leases.setdefault(name, _Held(None, 0, now_s))
        if held.holder is None or held.holder.id != holder.id:
            if held.holder is not None and held.until_s > now_s and not self._dead(held.holder):
                return None
            held.epoch += 1
        held.holder, held.until_s = holder, now_s + ttl_s
        return Lease(name, holder.id, held.epoch, ttl_s)

    async def renew(self, lease: Lease) -> bool:
        if (held := self._own(lease)) is None:
            return False
        held.until_s = self._clock.monotonic_s() + lease.ttl_s
        return True

    async def release(self, lease: Lease) -> None:
        if (held := self._own(lease)) is not None:
            held.holder = None

    async def held(self) -> Sequence[HeldLease]:
        now_s = self._clock.monotonic_s()
        return [
            HeldLease(name, held.holder, held.until_s - now_s)
            for name, held in sorted(self._leases.items())
            if held.holder is not None and held.until_s > now_s and not self._dead(held.holder)
        ]

    def _own(self, lease: Lease) -> _Held | None:
        held = self._leases.get(lease.name)
        if held is None or held.holder is None or (held.holder.id, held.epoch) != (lease.holder, lease.epoch):
            return None
        return held
