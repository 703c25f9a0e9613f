"""Which kinds live in which shards, and how a process gets to its storage: handed to every process, pickled.

Shard processes import this module, so it imports nothing that they do not need.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from actors.kernel.cluster.hosting import HostedShard
from actors.kernel.contract.entity import Kind
from actors.kernel.contract.partitions import shard_names
from actors.kernel.contract.reactions import AnyReaction, switched_on
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from config.settings import Settings
from store.ports.stores import Stores


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of shards: which kinds it hosts by name, and how they are made."""

    kinds: Sequence[str]
    make: Callable[[Settings], list[Kind[Any, Any, Any]]]


def _room_kinds(settings: Settings) -> list[Kind[Any, Any, Any]]:
    from actors.inboxes.kind import InboxKind
    from actors.rooms.pairs import PairKind
    from actors.rooms.room.kind import RoomKind

    return [RoomKind(settings.rooms), PairKind(), InboxKind()]


def _calendar_kinds(_: Settings) -> list[Kind[Any, Any, Any]]:
    from actors.calendars.agenda.kind import AgendaKind
    from actors.calendars.booking.kind import BookingKind
    from actors.calendars.calendar.kind import CalendarKind
    from actors.calendars.series.kind import SeriesKind
    from actors.calendars.waitlist.kind import WaitlistKind

    return [CalendarKind(), AgendaKind(), BookingKind(), SeriesKind(), WaitlistKind()]


def _care_kinds(_: Settings) -> list[Kind[Any, Any, Any]]:
    from actors.arrivals.kind import ArrivalKind
    from actors.care.kind import CareKind
    from actors.care.pairs import CarePairKind
    from actors.jobs.kind import JobKind
    from actors.notifications.notifier.kind import NotifierKind

    return [CareKind(), CarePairKind(), NotifierKind(), ArrivalKind(), JobKind()]


POOLS: Final[Mapping[str, Pool]] = {
    "rooms": Pool(("room", "pair", "user"), _room_kinds),
    "calendars": Pool(("calendar", "client", "booking", "series", "waitlist"), _calendar_kinds),
    "care": Pool(("care", "care_pair", "notifier", "arrival", "job"), _care_kinds),
}
"""Every pool there is; how many shards each has is in `KernelSettings.pools`. What writes to each other all the time
shares its shards: rooms with inboxes, calendars with bookings. Whoever needs the pools asks here: a name that is not in
it is a KeyError."""


@dataclass(frozen=True, slots=True)
class CarewireSpec:
    """The specification of the whole program (`actors.kernel.cluster.hosting.ClusterSpec`). `settings` are complete: no
    secret of them is still to be made, and `mongo.url` is set."""

    settings: Settings

    @property
    def listens(self) -> bool:
        """Has the REST API a port of its own? On one machine; on a cluster that was there before, Serve's proxies
        listen on every node, wherever the replicas are."""
        return self.settings.ray.address is None

    @property
    def pools(self) -> Mapping[str, Sequence[str]]:
        """The kinds of each pool, by name."""
        return {name: pool.kinds for name, pool in POOLS.items()}

    def shards(self, pool: str) -> int:
        """As many as the settings say. Raises KeyError for a pool that is not there."""
        return self.settings.kernel.pools[pool]

    def kinds(self, pool: str) -> list[Kind[Any, Any, Any]]:
        """The kinds of a pool. Raises KeyError for one that is not there."""
        return POOLS[pool].make(self.settings)

    def reactions(self, pool: str) -> list[AnyReaction]:
        """The rules for the events of a pool's kinds, without those of features that are off: their turns would stay
        unsettled for ever. Raises KeyError for a pool that is not there."""
        return switched_on(reactions_of(POOLS[pool].kinds), self.settings.features.off)

    async def open(self) -> Stores:
        """Connect to the database, and make the indexes that the kinds need."""
        from store.stores import open_stores

        kinds = [kind for pool in POOLS for kind in self.kinds(pool)]
        return await open_stores(self.settings, [index for kind in kinds for index in kind.indexes])

    @property
    def volatile_shards(self) -> list[str]:
        """Presence."""
        from actors.presence.tracker import presence_shards

        return presence_shards(self.settings.presence)

    def volatile(self, shard: str, stores: Stores) -> HostedShard:
        """A presence shard."""
        from actors.presence.shard import PresenceShard

        return PresenceShard(shard, stores.views, settings=self.settings.presence, clock=SystemClock())

    def shards_of(self, pool: str) -> list[str]:
        """The shards of a pool, by the settings."""
        return shard_names(pool, self.shards(pool))
