"""Figures of files: bytes that come and go through one replica, and how many files there are in each state."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from actors.files.records import State
from actors.files.views import FILES
from store.mongo.client import Database, database_errors

MOST_COUNTED: Final = 100_000
"""Files of one state; where there are more, it stays at that."""
COUNTED: Final = tuple(one for one in get_args(State) if one != "erased")


class FilesMetrics:
    """One a replica. `registry` None: nobody reads them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        moved = Counter(
            "carewire_files_bytes", "Bytes of files that came in, and went out.", ["direction"], registry=registry
        )
        self._in, self._out = moved.labels("in"), moved.labels("out")
        self._files = Gauge("carewire_files", "Files that are not erased.", ["state"], registry=registry)

    async def coming(self, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same, counted as it is taken."""
        async for piece in source:
            self._in.inc(len(piece))
            yield piece

    async def going(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same, counted as it is sent."""
        async for piece in pieces:
            self._out.inc(len(piece))
            yield piece

    def show(self, counted: Mapping[str, int]) -> None:
        """So many in these states."""
        for state, count in counted.items():
            self._files.labels(state).set(count)


async def counted_files(database: Database) -> dict[str, int]:
    """How many files are in each state, up to `MOST_COUNTED`. Raises Unavailable."""
    with database_errors():
        return {
            state: await database[FILES].count_documents({"f.state": state}, limit=MOST_COUNTED) for state in COUNTED
        }
