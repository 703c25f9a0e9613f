"""All of storage in the memory of one process."""

from collections.abc import Sequence

from common.clock import Clock, SystemClock
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.memory.activities import MemoryActivities
from store.memory.journal import MemoryJournal
from store.memory.keys import MemoryKeyStore
from store.memory.leases import MemoryLeases
from store.memory.maps import MemoryPartitionMaps
from store.memory.platform_time import MemoryPlatformTime
from store.memory.timers import MemoryTimers
from store.memory.views import MemoryViews
from store.ports.feed_tokens import MemoryFeedTokens
from store.ports.stores import Stores
from store.ports.views import Index


def memory_stores(clock: Clock | None = None, indexes: Sequence[Index] = ()) -> Stores:
    """Everything a shard needs of storage, in this process's memory. Cheap enough for one per simulated run."""
    return Stores(
        journal=MemoryJournal(),
        views=MemoryViews(indexes),
        timers=MemoryTimers(),
        leases=MemoryLeases(clock),
        maps=MemoryPartitionMaps(),
        vault=KeyringVault(MemoryKeyStore(), MasterKeys.generate(), clock or SystemClock()),
        feed_tokens=MemoryFeedTokens(clock or SystemClock()),
        activities=MemoryActivities(),
        platform_time=MemoryPlatformTime(),
    )
