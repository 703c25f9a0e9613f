"""The journal as it grows, for one reader: a change stream in batches, and what lies behind one that was lost.

Plain commands over a client of its own: the driver's stream hands out one change a call, and each call would cost a
thread hop. A resume token names a place in the database's log; tokens sort by it.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from common.errors import Unavailable
from store.mongo.client import Database, Document, database_errors
from store.mongo.kernel.documents import HISTORY, JOURNAL, to_turn
from store.ports.journal import Turn

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession

_LOST: Final = frozenset({9, 15, 136, 260, 280, 286})  # the log has rolled over the token, or it is none of this log
_WAIT_MS: Final = 500  # that the database holds a look at the stream back for news
_ANSWER_MS: Final = 10_000
AT_ONCE: Final = 500
"""Turns that one look brings at most."""
_KEPT: Final = ("e", "t", "f", "l", "at", "p", "pr", "ev", "n")  # of a turn: what readers of events need
R = TypeVar("R")


class FeedLost(Exception):
    """The stream cannot go on from this token: what was written meanwhile must be looked for."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What was appended, in the order of the log, each turn with its token; `token`: of the place behind all of it."""

    turns: tuple[tuple[str, Turn], ...]
    token: str


class JournalFeed:
    """One reader's. Only turns of entities of these kinds."""

    def __init__(self, url: str, database: str, kinds: Iterable[str]) -> None:
        """`url`: of the database that the journal is in."""
        self._url, self._name = url, database
        self._pattern = f"^({'|'.join(sorted(kinds))}):"
        self._thread = ThreadPoolExecutor(1, "feed")
        self._client: MongoClient[Document] | None = None
        self._session: ClientSession | None = None
        self._cursor = 0

    async def open(self, token: str | None) -> str:
        """From behind `token` on; None: from now. The token of the place.

        Raises:
            FeedLost: the log does not reach back so far.
            Unavailable: the database does not answer.
        """
        return await self._apart(lambda: self._open(token))

    async def next(self) -> Grown:
        """What came since; after half a second nothing, too. Raises as `open`."""
        return await self._apart(self._next)

    async def close(self) -> None:
        """Idempotent."""
        await self._apart(self._close)
        self._thread.shutdown(wait=False)

    async def _apart(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _told, work)

    def _open(self, token: str | None) -> str:
        self._close()
        self._client = MongoClient(
            self._url,
            socketTimeoutMS=_ANSWER_MS,
            connectTimeoutMS=2000,
            serverSelectionTimeoutMS=5000,
            readConcernLevel="majority",
            appname="carewire",
        )
        self._session = self._client.start_session(causal_consistency=False)
        start: Document = {"resumeAfter": {"_data": token}} if token is not None else {}
        changed: Document = {"operationType": "insert", "fullDocument.e": {"$regex": self._pattern}}
        kept = {"_id": 1, "fullDocument": {"_id": 1, **dict.fromkeys(_KEPT, 1)}}
        stages: list[Document] = [{"$changeStream": start}, {"$match": changed}, {"$project": kept}]
        command = {"aggregate": JOURNAL, "pipeline": stages, "cursor": {"batchSize": 0}}
        answer = self._command(command)
        self._cursor = answer["cursor"]["id"]
        place: str = answer["cursor"]["postBatchResumeToken"]["_data"]
        return place

    def _next(self) -> Grown:
        command = {"getMore": self._cursor, "collection": JOURNAL, "batchSize": AT_ONCE, "maxTimeMS": _WAIT_MS}
        cursor = self._command(command)["cursor"]
        if not cursor["id"]:
            raise Unavailable("The stream of changes has ended.")
        found = tuple((one["_id"]["_data"], to_turn(one["fullDocument"])) for one in cursor["nextBatch"])
        return Grown(found, cursor["postBatchResumeToken"]["_data"])

    def _command(self, command: Document) -> Document:
        assert self._client is not None
        return self._client[self._name].command(command, session=self._session)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def _told(work: Callable[[], R]) -> R:
    try:
        with database_errors():
            return work()
    except OperationFailure as error:
        if error.code in _LOST:
            raise FeedLost from error
        raise Unavailable("The stream of changes has ended.", reason=type(error).__name__) from error
    except PyMongoError as error:
        raise Unavailable("The stream of changes has ended.", reason=type(error).__name__) from error


async def turns_since(database: Database, entity: str, at_ms: int) -> list[Turn]:
    """The turns of an entity that were decided at this time or later, in order. Raises Unavailable."""
    found: list[Turn] = []
    bounds = {"$gte": f"{entity}#", "$lt": f"{entity}$"}
    with database_errors():
        cursor: Any = database[JOURNAL].find({"_id": bounds}, HISTORY, sort=[("_id", -1)])
        async for document in cursor:
            if document["at"] < at_ms:
                break
            found.append(to_turn(document))
    return found[::-1]
