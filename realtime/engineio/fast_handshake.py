"""The shortest way in: a connection whose first bytes are the plain request of a new WebSocket session.

aiohttp makes a parser, two tasks, a request and a match of routes for each connection, which is most of what request a
WebSocket costs; and then the connection is taken from it. So connections begin here. Whatever is not plain (polling, an
upgrade, half a request, another path, anything unusual in a header) gets aiohttp's own protocol and the bytes that
came, as if it had been there from the beginning. What is accepted here is a subset of what aiohttp accepts.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from typing_extensions import override

from realtime.engineio.peers import Reply
from realtime.engineio.server import EngineServer
from realtime.engineio.upgrade_request import upgrade_request_of

_MOST_BYTES: Final = 64 * 1024  # of a head: aiohttp refuses shorter ones
_END: Final = b"\r\n\r\n"
_ENDS: Final = (_END, b"\n\n")  # as aiohttp's parser takes them


class FastHandshake:
    """Makes the protocols of connections. `fallback`: aiohttp's, for whatever is not plain."""

    def __init__(self, engine: EngineServer, path: str, fallback: Callable[[], asyncio.Protocol]) -> None:
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
        for protocol in list(self.waiting):
            protocol.hang_up()


class FastHandshakeProtocol(asyncio.Protocol):
    """The first protocol of a connection, until the head of its first request is there."""

    __slots__ = ("_handshakes", "_transport", "bucket", "came")

    def __init__(self, handshakes: FastHandshake) -> None:
        self._handshakes = handshakes
        self._transport: Any = None
        self.came = b""
        self.bucket = -1

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the head, but not for ever."""
        self._transport = transport
        self._handshakes.waiting.add(self)
        engine = self._handshakes.engine
        engine.wheel.add(self, engine.now_s() + engine.head_timeout)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        """The client has left without a request."""
        self._forget()

    @override
    def data_received(self, data: bytes) -> None:
        """Once the head is whole: open the session, refuse it, or hand the connection to aiohttp's protocol."""
        if self.came:
            data = self.came + data
        if len(data) <= _MOST_BYTES and data[:1].isalpha() and not any(end in data for end in _ENDS):
            self.came = data
            return
        self.came = b""
        self._forget()
        head, end, ahead = data.partition(_END)
        request = upgrade_request_of(head, self._handshakes.target, self._transport) if end else None
        engine = self._handshakes.engine
        welcome = engine.welcome
        if request is None or welcome is None:
            protocol = self._handshakes.fallback()
            self._transport.set_protocol(protocol)
            protocol.connection_made(self._transport)
            protocol.data_received(data)
            return
        refusal = engine.open_at_once(request, welcome, ahead)
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
        self._handshakes.waiting.discard(self)
        self._handshakes.engine.wheel.drop(self)

    def _refuse(self, reply: Reply) -> None:
        status = int(reply["status"].split()[0])
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply["headers"]]
        lines += [f"Content-Length: {len(reply['response'])}", "Connection: close", "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1") + reply["response"])
        self._transport.close()
