"""Indexes, made at start. Each is declared beside the collection that it serves."""

from collections.abc import Iterable, Sequence
from typing import Final

import pymongo
from pymongo import IndexModel
from pymongo.errors import OperationFailure

from common.errors import StartupError
from store.mongo import feed_tokens, keys
from store.mongo.client import Database, database_errors
from store.mongo.feed_tokens import FEED_TOKENS
from store.mongo.kernel import activities, documents, timers
from store.mongo.kernel.activities import ACTIVITIES
from store.mongo.kernel.documents import JOURNAL
from store.mongo.kernel.journal import SNAPSHOTS
from store.mongo.kernel.leases import LEASES
from store.mongo.kernel.maps import MAPS
from store.mongo.kernel.timers import TIMERS
from store.mongo.kernel.views import view_index
from store.mongo.keys import COUNTERS, KEYS
from store.mongo.platform_time import PLATFORM_TIME
from store.mongo.processes import COLLECTION as PROCESSES
from store.mongo.switches import SWITCHES
from store.ports.views import Index

_OURS: Final[dict[str, Sequence[IndexModel]]] = {
    JOURNAL: documents.INDEXES,
    TIMERS: timers.INDEXES,
    ACTIVITIES: activities.INDEXES,
    KEYS: keys.INDEXES,
    FEED_TOKENS: feed_tokens.INDEXES,
}
_RESERVED: Final = frozenset({*_OURS, SNAPSHOTS, LEASES, MAPS, COUNTERS, PROCESSES, SWITCHES, PLATFORM_TIME})
_CHANGED: Final = (85, 86)  # there is an index of that name, or of those fields, that is not the same


async def ensure_indexes(database: Database, declared: Iterable[Index] = (), *, timeout_s: float = 600.0) -> None:
    """Make every index of the store, and those that kinds declare. Idempotent; many processes may do it at once.

    Raises:
        StartupError: an index of that name exists, but another one.
        ValueError: a kind declares one on a collection of the store itself.
    """
    wanted: dict[str, list[IndexModel]] = {collection: list(models) for collection, models in _OURS.items()}
    for index in dict.fromkeys(declared):
        if index.collection in _RESERVED:
            raise ValueError(f"the collection {index.collection!r} belongs to the store")
        wanted.setdefault(index.collection, []).append(view_index(index))
    with database_errors(), pymongo.timeout(timeout_s):  # on a full collection it takes its time
        for collection, models in wanted.items():
            try:
                await database[collection].create_indexes(models)
            except OperationFailure as exc:
                if exc.code not in _CHANGED:
                    raise
                raise StartupError(
                    f"An index of the collection {collection!r} is not what this version of Carewire makes; "
                    "drop it and start again."
                ) from exc
