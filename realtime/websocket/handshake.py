"""The beginning of a WebSocket: the answer to the request, and taking the connection over from aiohttp.

aiohttp keeps two tasks, a parser and the request for as long as a WebSocket lives. Once ours is open none of that is
needed, so its request handler is told that the connection is over, and the transport gets our protocol instead.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from typing import Any, Final, NamedTuple, Protocol

from aiohttp import web
from multidict import MultiMapping
from typing_extensions import override

from realtime.websocket.connection import WebSocket

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_OFFER: Final = re.compile(
    r"permessage-deflate((?:\s*;\s*(?:client_max_window_bits(?:=\"?\d+\"?)?|"
    r"(?:server|client)_no_context_takeover|server_max_window_bits=\"?15\"?))*)\s*"
)
_DEFLATE: Final = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


class HandshakeError(ValueError):
    """This is not a request for a WebSocket that can be granted."""


class HandshakeRequest(Protocol):
    """As much of a request as a WebSocket is granted by. aiohttp's requests are such."""

    @property
    def method(self) -> str:
        """The verb, in capitals."""
        ...

    @property
    def headers(self) -> MultiMapping[str]:
        """By name, in whatever case."""
        ...


class UpgradeGrant(NamedTuple):
    """The grant of a WebSocket."""

    head: bytes
    """Of the response."""
    deflate: bool
    """Messages may be compressed (permessage-deflate, RFC 7692)."""


def wants_websocket(request: HandshakeRequest) -> bool:
    """Whether the request asks for the connection to become a WebSocket."""
    headers = request.headers
    return (
        headers.get("Upgrade", "").strip().lower() == "websocket" and "upgrade" in headers.get("Connection", "").lower()
    )


def takes_deflate(offers: str) -> bool:
    """Whether one of the extensions offered is compression as we speak it."""
    return any(_OFFER.fullmatch(offer.strip()) for offer in offers.split(","))


def grant(request: HandshakeRequest, *, deflate: bool) -> UpgradeGrant:
    """The grant of the request, with compression if it is offered and `deflate`.

    Raises:
        HandshakeError: the request is not a valid one.
    """
    key = request.headers.get("Sec-WebSocket-Key", "")
    try:
        valid = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        valid = False
    if not valid or request.method != "GET":
        raise HandshakeError("The WebSocket handshake is not valid.")
    if request.headers.get("Sec-WebSocket-Version") != "13":
        raise HandshakeError("Only version 13 of WebSocket is spoken here.")
    deflate = deflate and takes_deflate(",".join(request.headers.getall("Sec-WebSocket-Extensions", ())))
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
    extensions = f"Sec-WebSocket-Extensions: {_DEFLATE}\r\n" if deflate else ""
    head = (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
    )
    return UpgradeGrant(head.encode(), deflate)


class Switched(web.StreamResponse):
    """The response that the handler returns to aiohttp: there is nothing left to send."""

    def __init__(self) -> None:
        super().__init__(status=101)

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: the head has been written."""

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: the connection goes on, elsewhere."""


class _Ahead:
    """Takes from aiohttp what the client sent before it had the answer."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        pass


def taken_over(request: web.BaseRequest, protocol: asyncio.Protocol) -> bytes:
    """Give the connection to `protocol`. What the client sent before it had an answer.

    Raises:
        ConnectionResetError: the client has gone.
    """
    handler: Any = request.protocol
    transport = handler.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("The client has gone.")
    ahead = _Ahead()
    handler.set_parser(ahead)
    transport.set_protocol(protocol)
    handler.transport = None  # so that what follows does not close it
    handler.connection_lost(None)
    protocol.connection_made(transport)
    return ahead.data


def switch(request: web.BaseRequest, websocket: WebSocket, granted: UpgradeGrant) -> web.StreamResponse:
    """Write the head and what `websocket` has pending, in one piece, and give the connection to it.

    Raises:
        ConnectionResetError: the client has gone.
    """
    websocket.deflate = granted.deflate
    websocket.pending.insert(0, granted.head)
    ahead = taken_over(request, websocket)
    websocket.flush()
    if ahead:
        websocket.data_received(ahead)
    return Switched()


def begin(transport: asyncio.Transport, websocket: WebSocket, granted: UpgradeGrant, ahead: bytes) -> None:
    """`switch`, of a connection that aiohttp has nothing to do with. `ahead`: what the client sent before it had an
    answer."""
    websocket.deflate = granted.deflate
    websocket.pending.insert(0, granted.head)
    transport.set_protocol(websocket)
    websocket.connection_made(transport)
    websocket.flush()
    if ahead:
        websocket.data_received(ahead)


def tunnelled(request: web.BaseRequest, tunnel: asyncio.Protocol) -> web.StreamResponse:
    """Give the connection to `tunnel`, which hears of its end even if the client has gone already."""
    try:
        ahead = taken_over(request, tunnel)
    except ConnectionResetError:
        tunnel.connection_lost(None)
        raise
    if ahead:
        tunnel.data_received(ahead)
    return Switched()
