"""The parts of a request for a new session that are looked at; and the plain one for a WebSocket, parsed. What is
accepted here is a subset of what aiohttp accepts."""

import asyncio
import re
from collections.abc import Mapping
from typing import Final, Protocol

from multidict import CIMultiDict

from realtime.websocket.handshake import HandshakeRequest, wants_websocket

_LARGEST_HEAD: Final = 8192
_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([!-~](?:[ \t!-~]*[!-~])?+)?[ \t]*")
_PAIR: Final = "[A-Za-z0-9_]++=[A-Za-z0-9_.~-]*+"
_QUERY: Final = re.compile(f"{_PAIR}(?:&{_PAIR})*+&?")  # possessive throughout: nothing is tried twice
_OTHERS: Final = ("content-length", "transfer-encoding", "expect")  # a body, or somebody who waits to send one


class OpeningRequest(HandshakeRequest, Protocol):
    """As much of a request as is looked at before a session is opened: aiohttp's requests are such, and
    `UpgradeRequest`."""

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of its address."""
        ...

    @property
    def remote(self) -> str | None:
        """The peer's address."""
        ...


class UpgradeRequest:
    """An `OpeningRequest` for a WebSocket, which aiohttp has not seen."""

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
