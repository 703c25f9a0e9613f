"""The shortest way in: a connection whose first bytes are the plain request of a new WebSocket session.

aiohttp makes a parser, two tasks, a request and a match of routes for each connection, which is most of what opening a
WebSocket costs; and then the connection is taken from it. So connections begin here. Whatever is not plain (polling, an
upgrade, half a request, another path, anything unusual in a header) gets aiohttp's own protocol and the bytes that
came, as if it had been there from the beginning. What is accepted here is a subset of what aiohttp accepts.
"""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDict

from realtime.engineio.peers import Reply
from realtime.websocket.handshake import wants_websocket

if TYPE_CHECKING:
    from realtime.engineio.server import EngineServer

_LARGEST_HEAD: Final = 8192
_MOST_BYTES: Final = 64 * 1024  # of a head: aiohttp refuses shorter ones
_END: Final = b"\r\n\r\n"
_ENDS: Final = (_END, b"\n\n")  # as aiohttp's parser takes them
_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([!-~](?:[ \t!-~]*[!-~])?+)?[ \t]*")
_PAIR: Final = "[A-Za-z0-9_]++=[A-Za-z0-9_.~-]*+"
_QUERY: Final = re.compile(f"{_PAIR}(?:&{_PAIR})*+&?")  # possessive throughout: nothing is tried twice
_OTHERS: Final = ("content-length", "transfer-encoding", "expect")  # a body, or somebody who waits to send one


class UpgradeRequest:
    """As much of the request as is asked for, named as in aiohttp's."""

    __slots__ = ("headers", "query", "transport")

    method: Final = "GET"

    def __init__(self, query: dict[str, str], headers: "CIMultiDict[str]", transport: asyncio.Transport) -> None:
        self.query = query
        self.headers = headers
        self.transport = transport

    @property
    def remote(self) -> str | None:
        """The peer's address."""
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else None


def upgrade_request_of(head: bytes, target: bytes, transport: asyncio.Transport) -> UpgradeRequest | None:
    """The request, if it is one for a new WebSocket session. `target`: how such a request begins, up to its query."""
    if not head.startswith(target) or len(head) > _LARGEST_HEAD:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    text, _, version = first[len(target) :].partition(" ")
    if version != "HTTP/1.1" or not _QUERY.fullmatch(text):
        return None
    pairs = [pair.split("=") for pair in text.split("&") if pair]
    query = dict(pairs)
    if query.get("transport") != "websocket" or query.get("EIO") != "4" or "sid" in query or "j" in query:
        return None
    headers = _headers(lines)
    if headers is None or len(query) != len(pairs):
        return None
    opening = UpgradeRequest(query, headers, transport)
    return opening if wants_websocket(opening) else None


def _headers(lines: list[str]) -> "CIMultiDict[str] | None":
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        name, value = match.groups("")
        if name in headers:
            return None
        headers[name] = value
    return None if "Host" not in headers or any(name in headers for name in _OTHERS) else headers


class FastHandshake:
    """Makes the protocols of connections. `fallback`: aiohttp's, for whatever is not plain."""

    def __init__(self, engine: "EngineServer", path: str, fallback: Callable[[], asyncio.Protocol]) -> None:
        """`path`: of the engine, as it was attached."""
        self.engine = engine
        self.fallback = fallback
        self.target = f"GET /{path.strip('/')}/?".encode()
        self.waiting: set[FastHandshakeProtocol] = set()

    def __call__(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return FastHandshakeProtocol(self) if self.engine.welcome is not None else self.fallback()

    def close(self) -> None:
        """Hang up on those who have not said what they want."""
        for doorstep in list(self.waiting):
            doorstep.hang_up()


class FastHandshakeProtocol(asyncio.Protocol):
    """The first protocol of a connection, until the head of its first request is there."""

    __slots__ = ("_doorway", "_transport", "bucket", "came")

    def __init__(self, doorway: FastHandshake) -> None:
        self._doorway = doorway
        self._transport: Any = None
        self.came = b""
        self.bucket = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, but not for ever."""
        self._transport = transport
        self._doorway.waiting.add(self)
        engine = self._doorway.engine
        engine.wheel.add(self, engine.now_s() + engine.head_timeout)

    def connection_lost(self, error: Exception | None) -> None:
        """It was nobody."""
        self._forget()

    def data_received(self, data: bytes) -> None:
        """Look who it is, once the head is whole."""
        if self.came:
            data = self.came + data
        if len(data) <= _MOST_BYTES and data[:1].isalpha() and not any(end in data for end in _ENDS):
            self.came = data
            return
        self.came = b""
        self._forget()
        head, end, ahead = data.partition(_END)
        opening = upgrade_request_of(head, self._doorway.target, self._transport) if end else None
        if opening is None:
            protocol = self._doorway.fallback()
            self._transport.set_protocol(protocol)
            protocol.connection_made(self._transport)
            protocol.data_received(data)
            return
        refusal = self._doorway.engine.open_at_once(opening, ahead)
        if refusal is not None:
            self._refuse(refusal)

    def due(self, now_s: float) -> float:
        """The wheel's call: it has taken too long."""
        self.hang_up()
        return 0.0

    def hang_up(self) -> None:
        """Close the connection. Idempotent."""
        self._transport.abort()

    def _forget(self) -> None:
        self._doorway.waiting.discard(self)
        self._doorway.engine.wheel.drop(self)

    def _refuse(self, reply: Reply) -> None:
        status = int(reply["status"].split()[0])
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply["headers"]]
        lines += [f"Content-Length: {len(reply['response'])}", "Connection: close", "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1") + reply["response"])
        self._transport.close()
