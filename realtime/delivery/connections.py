"""The sockets of one gateway: who they are and how to reach them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.entity import Principal
from common.auth.tokens import Verified
from common.errors import CarewireError
from realtime.delivery.deadlines import Deadline
from realtime.delivery.requests import Hello
from realtime.delivery.socket_writer import SocketWriter

_MINUTE_S: Final = 60.0


class Tally:
    """A count of occurrences in the present span of time."""

    __slots__ = ("_count", "_since_s", "_span_s")

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._count = 0
        self._since_s = float("-inf")

    def count(self, now_s: float) -> int:
        """Once more. How many there are now."""
        if now_s - self._since_s >= self._span_s:
            self._count, self._since_s = 0, now_s
        self._count += 1
        return self._count


@dataclass(slots=True, eq=False)
class Connection:
    """One Socket.IO connection. `verified` is None until it has said who it is; `sid` is its public id; `hello` is what
    it asked for when it connected, until it has got it."""

    sid: str
    writer: SocketWriter
    hello: Hello
    verified: Verified | None = None
    address: str = ""  # as limits count it
    deadline: Deadline | None = None  # of the token, or of the time to show one
    inbox_seq: int = 0
    in_flight: int = 0  # events that are not answered yet
    in_flight_bytes: int = 0
    held: bool = False  # for these: it is read no further until some are answered
    opened: bool = False
    announced: bool = False  # its `session` has been sent
    closed: bool = False
    binary: bool = True  # it takes attachments; else what is binary is base64
    seat: tuple[str, str] | None = None  # user and device, while it counts for their presence
    refused: CarewireError | None = None  # its token was taken back: it is about to be closed
    settling: asyncio.Future[None] | None = None  # a token is being looked at; events wait for the outcome
    _traced: int = 0
    _invalid: Tally | None = None
    _refused: Tally | None = None

    @property
    def user(self) -> str:
        """The user of the connection; "" while unknown."""
        return self.verified.user if self.verified is not None else ""

    @property
    def principal(self) -> Principal:
        """The principal of its commands."""
        verified = self.verified
        return Principal(verified.user, verified.role) if verified is not None else Principal("", "nobody")

    def trace(self) -> str:
        """An id for the next command, to be found again in the logs of every process that it passes."""
        self._traced += 1
        return f"{self.sid}/{self._traced}"

    def count_invalid(self, now_s: float) -> int:
        """Note an event that made no sense. How many there were in this minute."""
        if self._invalid is None:
            self._invalid = Tally(_MINUTE_S)
        return self._invalid.count(now_s)

    def count_refused(self, now_s: float) -> int:
        """Note an event that was one too many. How many there were in this second."""
        if self._refused is None:
            self._refused = Tally(1.0)
        return self._refused.count(now_s)

    def arm(self, deadline: Deadline | None) -> None:
        """Replace the deadline."""
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = deadline


class Connections:
    """All connections of the gateway, by Socket.IO session id."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def add(self, connection: Connection) -> None:
        """A socket has connected."""
        self._by_sid[connection.sid] = connection
        self._empty.clear()

    def get(self, sid: str) -> Connection | None:
        """The connection, unless it has closed."""
        return self._by_sid.get(sid)

    def remove(self, sid: str) -> Connection | None:
        """A socket has closed. Its connection, the first time."""
        connection = self._by_sid.pop(sid, None)
        if not self._by_sid:
            self._empty.set()
        return connection

    async def emptied(self, timeout_s: float) -> bool:
        """Wait until every connection has closed; False when they do not in time."""
        try:
            await asyncio.wait_for(self._empty.wait(), timeout_s)
        except TimeoutError:
            return False
        return True
