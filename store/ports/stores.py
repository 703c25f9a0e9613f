"""All storage ports of a process, together."""

from collections.abc import Callable
from dataclasses import dataclass

from store.ports.activities import ActivityStore
from store.ports.feed_tokens import FeedTokenStore
from store.ports.journal import Journal
from store.ports.leases import Leases
from store.ports.maps import PartitionMaps
from store.ports.platform_time import PlatformTime
from store.ports.timers import Timers
from store.ports.vault import Vault
from store.ports.views import Views


@dataclass(frozen=True, slots=True)
class Stores:
    """All that a process needs of storage, as one value to hand over."""

    journal: Journal
    views: Views
    timers: Timers
    leases: Leases
    maps: PartitionMaps
    vault: Vault
    feed_tokens: FeedTokenStore
    activities: ActivityStore
    platform_time: PlatformTime
    close: Callable[[], None] = lambda: None  # lets go of connections; call it last
