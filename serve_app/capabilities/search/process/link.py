"""The way to the search process: one connection (`common.net.framing`), many questions at once. Where it listens stands
in the collection `search`, so that whoever reads the database finds it in whatever life."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from typing_extensions import override

from common.errors import CarewireError, InvalidArgument, Unavailable
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.net.framing import FIRST_METHOD, Calling, Listening, connect
from common.net.ports import PortRange
from common.net.proof import SharedSecret
from common.net.server import FramedServer
from common.net.tls import NodeTls
from serve_app.capabilities.search.process.keys import COLLECTION
from serve_app.capabilities.search.process.questions import (
    AnsweredQuestion,
    IndexerJob,
    IndexState,
    Order,
    Question,
    Refusal,
    Reply,
    Texts,
    pack,
)
from store.mongo.client import Database, Document, database_errors
from store.mongo.secrets import shared_secret

FIND, STATE, WORK, ORDER = range(FIRST_METHOD, FIRST_METHOD + 4)
_PURPOSE: Final = "search"
_PLACE: Final = "process"
_CONNECT_S: Final = 1.0
_ANSWER_S: Final = 3.0
_reply: Final = msgspec.msgpack.Decoder(Reply).decode
Answers = Mapping[int, Callable[[bytes], Awaitable[bytes]]]
T = TypeVar("T", bound=msgspec.Struct)
log = get_logger(__name__)


class SearchListener:
    """The end that answers."""

    def __init__(self, database: Database, answers: Answers) -> None:
        self._all, self._database, self._answers = database[COLLECTION], database, answers
        self._tasks = Tasks("search")
        self._server: FramedServer | None = None

    async def start(self, host: str, ports: PortRange | None, tls: NodeTls | None) -> None:
        """Listen, and say where. Raises StartupError: no port is free."""
        secret = SharedSecret(await shared_secret(self._database, _PURPOSE), _PURPOSE)
        self._server = FramedServer(lambda among: _Answering(secret, self._answers, self._tasks, among))
        port = await self._server.start(host, ports, tls)
        with database_errors():
            await self._all.update_one({"_id": _PLACE}, {"$set": {"host": host, "port": port}}, upsert=True)

    async def stop(self) -> None:
        """Answer no more. Idempotent."""
        if self._server is not None:
            self._server.close()
        await self._tasks.cancel()


class _Answering(Listening):
    def __init__(self, secret: SharedSecret, answers: Answers, tasks: Tasks, among: set[Listening]) -> None:
        super().__init__(secret, among=among)
        self._answers, self._tasks = answers, tasks

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        if (answer := self._answers.get(method)) is None:
            self.hang_up()
            return
        self._tasks.spawn(self._answer(call, answer, payload))

    async def _answer(self, call: int, answer: Callable[[bytes], Awaitable[bytes]], payload: bytes) -> None:
        try:
            reply: Reply = await answer(payload), None
        except CarewireError as error:
            field = str((error.details or {}).get("field", ""))
            reply = b"", Refusal(code=error.code, message=error.message, field=field)
        except Exception as error:  # a fault of ours costs whoever asks an answer, nobody else  # noqa: BLE001
            log.error("search.failed", kind=type(error).__name__)
            reply = b"", Refusal(code="unavailable", message="Search could not answer this.")
        self.reply(call, pack(reply))


class SearchLink:
    """The end that asks: one a process."""

    def __init__(self, database: Database, tls: NodeTls | None = None) -> None:
        self._all, self._database, self._tls = database[COLLECTION], database, tls
        self._connection: Calling | None = None
        self._connecting = asyncio.Lock()

    async def find(self, question: Question) -> AnsweredQuestion:
        """Raises InvalidArgument, Unavailable."""
        return await self._ask(FIND, pack(question), AnsweredQuestion)

    async def state(self) -> IndexState:
        """Raises Unavailable."""
        return await self._ask(STATE, b"", IndexState)

    async def work(self, work: IndexerJob) -> IndexState:
        """Begin it, or see how far it is. Raises Unavailable."""
        return await self._ask(WORK, pack(work), IndexState)

    async def order(self, q: str, texts: Sequence[str]) -> Sequence[int]:
        """The places of texts, those that mean most what was asked first. Raises Unavailable."""
        return (await self._ask(ORDER, pack(Texts(q, list(texts))), Order)).places

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.hang_up()

    async def _ask(self, method: int, payload: bytes, kind: type[T]) -> T:
        for last in (False, True):
            try:
                async with asyncio.timeout(_ANSWER_S):
                    connection = await self._connected()
                    data, refusal = _reply(await connection.call(method, payload))
                break
            except (OSError, TimeoutError, LookupError):
                self._connection = None
                if last:
                    raise away() from None
        if refusal is not None:
            raise _error(refusal)
        return msgspec.msgpack.decode(data, type=kind)

    async def _connected(self) -> Calling:
        async with self._connecting:
            if self._connection is None or self._connection.lost:
                with database_errors():
                    found: Document | None = await self._all.find_one({"_id": _PLACE})
                if found is None:
                    raise LookupError("nobody keeps an index")
                secret = SharedSecret(await shared_secret(self._database, _PURPOSE), _PURPOSE)
                host, port = str(found["host"]), int(found["port"])
                self._connection = await connect(Calling, host, port, secret, tls=self._tls, within_s=_CONNECT_S)
            return self._connection


def away() -> Unavailable:
    """Nobody answers."""
    return Unavailable("Search does not answer just now. Please try again in a moment.", retry_after_s=1.0)


def _error(refusal: Refusal) -> CarewireError:
    if refusal.code == InvalidArgument.code:
        details: dict[str, object] | None = {"field": refusal.field} if refusal.field else None
        return InvalidArgument(refusal.message, details=details)
    return Unavailable(refusal.message, retry_after_s=1.0)
