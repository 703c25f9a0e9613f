"""The way to MongoDB: one client a process, and what its errors mean.

Every write waits until a majority has it in its journal on disk, every read sees only what a majority has, and every
operation has a time limit on the client's side (a hung server sends no time-outs).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorCursor, AsyncIOMotorDatabase
from pymongo import ReplaceOne
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.uri_parser import parse_uri

from common.errors import Conflict, StartupError, Unavailable
from common.logs import get_logger

Document: TypeAlias = dict[str, Any]
Stored: TypeAlias = Mapping[str, Any]
if TYPE_CHECKING:  # generic for the type checker only
    Client: TypeAlias = AsyncIOMotorClient[Document]
    Database: TypeAlias = AsyncIOMotorDatabase[Document]
    Collection: TypeAlias = AsyncIOMotorCollection[Document]
    Cursor: TypeAlias = AsyncIOMotorCursor[Document]
else:
    Client, Database, Collection = AsyncIOMotorClient, AsyncIOMotorDatabase, AsyncIOMotorCollection
    Cursor = AsyncIOMotorCursor

DUPLICATE_KEY: Final = 11000
_AUTHENTICATION_FAILED: Final = 18
_OLDEST_WIRE_VERSION: Final = 17  # MongoDB 6.0
_PASSING: Final = frozenset({6, 7, 50, 64, 89, 91, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436})
"""Codes of a server that is starting, stopping, electing, out of reach or out of time."""

log = get_logger(__name__)


def open_client(url: str, *, timeout_s: float) -> Client:
    """A client that connects when it is first used. `timeout_s` bounds every operation, retries included.

    Raises:
        StartupError: the URL is malformed.
    """
    try:
        return AsyncIOMotorClient(
            url,
            w="majority",
            journal=True,
            readConcernLevel="majority",
            readPreference="primary",
            retryReads=True,
            retryWrites=True,  # all but the journal's append, whose outcome must be known: that is a plain command
            timeoutMS=int(timeout_s * 1000),
            connectTimeoutMS=2000,
            heartbeatFrequencyMS=2000,
            maxPoolSize=0,  # as many as there are threads that use them: nobody waits for a connection
            uuidRepresentation="standard",
            tz_aware=True,
            appname="carewire",
        )
    except (PyMongoError, ValueError) as exc:
        raise StartupError(f"CAREWIRE_MONGO__URL is not a MongoDB URL: {_one_line(exc)}.") from None


def check_url(url: str) -> None:
    """Is it a URL that `open_client` will take? Asks nobody, so what a name server would add is left out.

    Raises:
        StartupError: it is malformed.
    """
    if url.startswith("mongodb+srv://"):
        return
    try:
        parse_uri(url)
    except (PyMongoError, ValueError) as exc:
        raise StartupError(f"CAREWIRE_MONGO__URL is not a MongoDB URL: {_one_line(exc)}.") from None


async def check_server(client: Client) -> None:
    """Is there a MongoDB that Carewire can work with?

    Raises:
        StartupError: out of reach, no access, too old, or not a replica set.
    """
    try:
        hello = await client.admin.command("hello")
        await client.admin.command("listDatabases", nameOnly=True, authorizedDatabases=True)  # needs a login, if any
    except OperationFailure as exc:
        why = "refuses this user or password" if exc.code == _AUTHENTICATION_FAILED else f"says: {_one_line(exc)}"
        raise StartupError(f"MongoDB {why}; check CAREWIRE_MONGO__URL.") from None
    except (ConnectionFailure, ConfigurationError) as exc:
        raise StartupError(f"MongoDB does not answer; check CAREWIRE_MONGO__URL ({_one_line(exc)}).") from None
    if hello.get("maxWireVersion", 0) < _OLDEST_WIRE_VERSION:
        raise StartupError("This MongoDB is too old; Carewire needs 6.0 or newer.")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise StartupError("This MongoDB is no replica set, which Carewire needs; start it with --replSet.")


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn "no answer in time" into `Unavailable`; what is wrong with the request itself stays as it is."""
    try:
        yield
    except PyMongoError as exc:
        if not is_passing(exc):
            raise
        log.warning("mongo.unavailable", error=type(exc).__name__, code=getattr(exc, "code", None))
        raise Unavailable("The database does not answer just now; try again.", reason=type(exc).__name__) from exc


def is_passing(exc: PyMongoError) -> bool:
    """Will it pass by itself: a broken connection, a time-out, an election, a restart?"""
    if isinstance(exc, ConnectionFailure | WriteConcernError) or exc.timeout:
        return True
    if isinstance(exc, BulkWriteError):
        return bool(exc.details.get("writeConcernErrors"))
    return isinstance(exc, OperationFailure) and exc.code in _PASSING


async def write_newer(collection: Collection, documents: Sequence[Document], number: str) -> None:
    """Upsert each, unless the one that is there has a `number` (the name of a field) as high.

    Raises:
        Conflict: a unique index refuses one (the others are written).
    """
    if not documents:
        return
    filters = [{"_id": document["_id"], number: {"$lt": document[number]}} for document in documents]
    upserts = [ReplaceOne(*change, upsert=True) for change in zip(filters, documents, strict=True)]
    errors = await _bulk(collection, upserts)
    if _elsewhere(errors):
        raise Conflict("This is taken.", collection=collection.name)
    # An upsert whose id is taken met a higher number, or an insert at the same moment. Plain replacing tells.
    again = [error["index"] for error in errors]
    if again and _elsewhere(await _bulk(collection, [ReplaceOne(filters[i], documents[i]) for i in again])):
        raise Conflict("This is taken.", collection=collection.name)


async def _bulk(collection: Collection, changes: Sequence[ReplaceOne[Document]]) -> list[Document]:
    """The changes refused for a key that is taken; anything worse is raised."""
    try:
        await collection.bulk_write(changes, ordered=False)
    except BulkWriteError as exc:
        errors: list[Document] = exc.details.get("writeErrors", [])
        if exc.details.get("writeConcernErrors") or any(error["code"] != DUPLICATE_KEY for error in errors):
            raise
        return errors
    return []


def _elsewhere(errors: Sequence[Document]) -> bool:
    return any(error["keyPattern"] != {"_id": 1} for error in errors)


def _one_line(exc: Exception) -> str:
    return " ".join(str(exc).split(", Timeout:")[0].split(", full error:")[0].split()).rstrip(".")
