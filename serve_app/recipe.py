"""Which kinds live in which shards, and how a process gets to its storage: handed to every process, pickled.

Shard processes import this module, so it imports nothing that they do not need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from actors.kernel.entity import Kind
from actors.kernel.hosting import Hosted
from actors.kernel.partitions import shard_names
from config.clock import SystemClock
from config.settings import Settings
from store.journal import Stores

_POOLS: Final[Mapping[str, Sequence[str]]] = {
    "rooms": ("room", "pair", "user"),
    "calendars": ("calendar", "client", "booking", "series", "waitlist"),
}


@dataclass(frozen=True, slots=True)
class CarewireRecipe:
    """The recipe of the whole program (`actors.kernel.hosting.Recipe`). `settings` are complete: no secret of them is
    still to be made, and `mongo.url` is set."""

    settings: Settings

    @property
    def listens(self) -> bool:
        """Has the REST API a port of its own? On one machine; on a cluster that was there before, Serve's proxies
        listen on every node, wherever the replicas are."""
        return self.settings.ray.address is None

    @property
    def pools(self) -> Mapping[str, Sequence[str]]:
        """What writes to each other all the time shares its shards: rooms with inboxes, calendars with bookings."""
        return _POOLS

    def shards(self, pool: str) -> int:
        """As many as the settings say."""
        kernel = self.settings.kernel
        return kernel.room_shards if pool == "rooms" else kernel.calendar_shards

    def kinds(self, pool: str) -> list[Kind[Any]]:
        """The kinds of a pool."""
        if pool == "calendars":
            return _calendar_kinds()
        from actors.inboxes.kind import InboxKind
        from actors.rooms.kind import RoomKind
        from actors.rooms.pairs import PairKind

        return [RoomKind(self.settings.rooms), PairKind(), InboxKind()]

    async def open(self) -> Stores:
        """Connect to the database, and make the indexes that the kinds need."""
        from store.stores import open_stores

        kinds = [kind for pool in _POOLS for kind in self.kinds(pool)]
        return await open_stores(self.settings, [index for kind in kinds for index in kind.indexes])

    @property
    def volatile_shards(self) -> list[str]:
        """Presence."""
        from actors.presence.tracker import presence_shards

        return presence_shards(self.settings.presence)

    def volatile(self, shard: str, stores: Stores) -> Hosted:
        """A presence shard."""
        from actors.presence.shard import PresenceShard

        return PresenceShard(shard, stores.views, settings=self.settings.presence, clock=SystemClock())

    def shards_of(self, pool: str) -> list[str]:
        """The shards of a pool, by the settings."""
        return shard_names(pool, self.shards(pool))


def _calendar_kinds() -> list[Kind[Any]]:
    from actors.calendars.booking_kind import BookingKind
    from actors.calendars.kinds import AgendaKind, CalendarKind
    from actors.calendars.series import SeriesKind
    from actors.calendars.waitlist_kind import WaitlistKind

    return [CalendarKind(), AgendaKind(), BookingKind(), SeriesKind(), WaitlistKind()]
