"""A shard's right to serve: a lease in the database, and the partitions that its map gives it.

The holder counts from before each renewal was sent, on its own monotonic clock, so it stops before the database lets
anybody else in: a zombie neither writes (the journal's fence) nor serves stale reads (this).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from common.clock import Clock
from common.errors import Unavailable
from common.logs import get_logger
from store.ports.leases import Holder, Lease
from store.ports.maps import PartitionMap
from store.ports.stores import Stores

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """Under which name a shard serves, in which pool, and for how long a lease of it holds."""

    name: str
    pool: str
    holder: Holder
    lease_s: float
    renewal_s: float


class Tenant(Protocol):
    """The shard, as it is told of its right to serve."""

    def lease_gained(self) -> None:
        """The lease is ours, or covers partitions that it did not cover before."""

    def lease_lost(self) -> None:
        """The lease is void: nothing in memory may be shown or changed any more."""

    def partitions_gone(self, partitions: frozenset[int]) -> None:
        """The map has given these to somebody else."""


class Ownership:
    """Keeps the lease of one shard. `serving` must be true for whatever leaves the shard."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        tenancy: Tenancy,
        tenant: Tenant,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._name = tenancy.name
        self._pool = tenancy.pool
        self._holder = tenancy.holder
        self._lease_s = tenancy.lease_s
        self._renewal_s = tenancy.renewal_s
        self._tenant = tenant
        self._lease: Lease | None = None
        self._valid_until_s = float("-inf")
        self._map_epoch = 0
        self._mapped: frozenset[int] = frozenset()
        self._withheld: dict[int, float] = {}  # partition -> until it is handed off, whatever the map says

    @property
    def serving(self) -> bool:
        """Whether the lease is ours for certain at this moment."""
        return self._clock.monotonic_s() < self._valid_until_s

    @property
    def epoch(self) -> int:
        """Epoch of the lease; 0 without one."""
        return self._lease.epoch if self._lease is not None and self.serving else 0

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that are ours to serve, as far as we know."""
        return self._mapped.difference(self._withheld)

    def owns(self, partition: int) -> bool:
        """Whether this partition is ours to serve."""
        return partition in self._mapped and partition not in self._withheld

    def withhold(self, partitions: Iterable[int], for_s: float) -> None:
        """Serve these no more: the map is about to give them to somebody else. Should it not, they come back."""
        until_s = self._clock.monotonic_s() + for_s
        self._withheld.update(dict.fromkeys(partitions, until_s))

    async def read_map(self) -> None:
        """Read the partition map: which partitions it gives us by now, and which no longer."""
        asked_s = self._clock.monotonic_s()
        try:
            partition_map = await self._stores.maps.read(self._pool)
        except Unavailable:
            return
        if partition_map is not None:
            self._take(partition_map, asked_s)

    def _take(self, partition_map: PartitionMap, asked_s: float) -> None:
        if partition_map.epoch < self._map_epoch:  # a later look was answered first
            return
        self._map_epoch = partition_map.epoch
        mapped = frozenset(number for number, owner in enumerate(partition_map.owners) if owner == self._name)
        gone, new = self._mapped - mapped, mapped - self._mapped
        self._mapped = mapped
        withheld = {
            number: until_s for number, until_s in self._withheld.items() if number in mapped and until_s > asked_s
        }
        back = mapped.intersection(self._withheld).difference(withheld)  # somebody else may have served them meanwhile
        self._withheld = withheld
        if gone:
            self._tenant.partitions_gone(gone)
        if (new or back) and self._lease is not None:
            self._tenant.lease_gained()

    async def run(self) -> None:
        """Acquire, renew, and acquire again when lost; until cancelled."""
        while True:
            if self._lease is None:
                await self._acquire()
            else:
                await self._renew()
            await asyncio.sleep(self._renewal_s if self._lease is not None else min(0.25, self._renewal_s))

    async def release(self) -> None:
        """Give the lease up, so that the next life of the shard need not wait for it."""
        lease, self._lease = self._lease, None
        self._valid_until_s = float("-inf")
        if lease is not None:
            try:
                await self._stores.leases.release(lease)
            except Unavailable:
                _log.warning("lease.not_released", shard=self._name)

    async def _acquire(self) -> None:
        asked_s = self._clock.monotonic_s()
        try:
            lease = await self._stores.leases.acquire(self._name, self._holder, self._lease_s)
            partition_map = await self._stores.maps.read(self._pool) if lease is not None else None
        except Unavailable:
            return
        if lease is None or partition_map is None:
            return
        self._withheld.clear()
        self._take(partition_map, asked_s)
        self._lease = lease
        self._valid_until_s = asked_s + self._lease_s
        _log.info("lease.acquired", shard=self._name, epoch=lease.epoch, partitions=len(self.partitions))
        self._tenant.lease_gained()

    async def _renew(self) -> None:
        assert self._lease is not None
        asked_s = self._clock.monotonic_s()
        try:
            ours = await self._stores.leases.renew(self._lease)
        except Unavailable:
            ours = self.serving  # keep it for as long as it lasts
        else:
            if ours:
                lapsed = not self.serving
                if lapsed:  # what was promised under it is void
                    self._tenant.lease_lost()
                self._valid_until_s = asked_s + self._lease_s
                await self.read_map()
                if lapsed and self.serving:  # and what was owed is owed still
                    self._tenant.lease_gained()
        if not ours:
            _log.warning("lease.lost", shard=self._name, epoch=self._lease.epoch)
            self._lease = None
            self._valid_until_s = float("-inf")
            self._tenant.lease_lost()
