"""Storage in memory: verified fakes. `tests/contract` runs one suite on these and on MongoDB.

They never wait and need no event loop, so a simulation can drive their coroutines by hand. To inject failures, wrap
them: they have no switches of their own. A file here is named as its counterpart in `store.mongo`.
"""

from store.memory.activities import MemoryActivities
from store.memory.journal import MemoryJournal
from store.memory.leases import MemoryLeases
from store.memory.maps import MemoryPartitionMaps
from store.memory.stores import memory_stores
from store.memory.timers import MemoryTimers
from store.memory.views import MemoryViews

__all__ = [
    "MemoryActivities",
    "MemoryJournal",
    "MemoryLeases",
    "MemoryPartitionMaps",
    "MemoryTimers",
    "MemoryViews",
    "memory_stores",
]
