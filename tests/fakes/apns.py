"""Apple's push service: its wire (HTTP/2 by `h2`, over TLS), its ledger, and what devices show of it."""

import asyncio
import json
import ssl
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import override

TEAM: Final = "TEAM123456"
KEY_ID: Final = "KEY1234567"
TOPIC: Final = "test.carewire.app"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
STRANGER: Final = ec.generate_private_key(ec.SECP256R1())
MOST_BYTES: Final = 4096


@dataclass(frozen=True)
class Taken:
    """A push that was accepted."""

    token: str
    headers: dict[str, str]
    payload: dict[str, Any]


@dataclass
class Apple:
    """`mishaps` are for the next requests, one each: a status with its reason and perhaps a timestamp or a pause
    ("410 Unregistered 1763631000000", "503 ServiceUnavailable 7"), "goaway" (not begun; the connection ends),
    "goaway_later" (taken; no more after it), "refused_stream", "reset", "silent", "cut", "lost_answer", "slow",
    "empty_data". `most_streams`: at once on a connection."""

    tls: ssl.SSLContext
    most_streams: int = 100
    taken: list[Taken] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    shown: dict[tuple[str, str], Taken] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    connections: int = 0
    at_once: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _lines: list["_Line"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.tls.set_alpn_protocols(["h2"])
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Line(self), "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.hang_up()
        self._lines.clear()
        await asyncio.sleep(0)

    def joined(self, line: "_Line") -> None:
        self.connections += 1
        self._lines.append(line)

    def verdict(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """What Apple says of a request before anything else happens."""
        token = headers.get("authorization", "").removeprefix("bearer ")
        self.tokens.add(token)
        try:
            claims = jwt.decode(token, KEY.public_key(), ["ES256"], options={"verify_iat": False})
        except jwt.InvalidTokenError:
            return 403, {"reason": "InvalidProviderToken"}
        if claims["iss"] != TEAM or jwt.get_unverified_header(token)["kid"] != KEY_ID:
            return 403, {"reason": "InvalidProviderToken"}
        if headers["apns-topic"].removesuffix(".voip") != TOPIC:
            return 400, {"reason": "TopicDisallowed"}
        if len(body) > MOST_BYTES:
            return 413, {"reason": "PayloadTooLarge"}
        if headers[":path"].endswith("0" * 64):
            return 400, {"reason": "BadDeviceToken"}
        return 200, {}

    def keep(self, headers: dict[str, str], body: bytes) -> None:
        taken = Taken(headers[":path"].rpartition("/")[2], headers, json.loads(body))
        self.taken.append(taken)
        self.shown[taken.token, headers["apns-collapse-id"]] = taken


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, apple: Apple) -> None:
        self._apple = apple
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._transport: asyncio.Transport | None = None
        self._requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._last = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._apple.joined(self)
        limits = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self._apple.most_streams}
        self._h2.local_settings = h2.settings.Settings(client=False, initial_values=limits)
        self._h2.initiate_connection()
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.hang_up()
            return
        for event in events:
            self._take(event)
        self._flush()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            assert event.stream_id is not None
            headers = {str(name): str(value) for name, value in event.headers or ()}
            self._requests[event.stream_id] = (headers, bytearray())
            self._apple.at_once = max(self._apple.at_once, len(self._requests))
        elif isinstance(event, h2.events.DataReceived):
            assert event.stream_id is not None
            if event.stream_id in self._requests:
                self._requests[event.stream_id][1].extend(event.data or b"")
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            assert event.stream_id is not None
            self._requested(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self._requests.pop(event.stream_id or 0, None)

    def _requested(self, stream: int) -> None:
        headers, body = self._requests[stream]
        status, told = self._apple.verdict(headers, bytes(body))
        if status != 200:
            self._answer(stream, status, told)
            return
        mishap, _, rest = (self._apple.mishaps.popleft() if self._apple.mishaps else "").partition(" ")
        if mishap.isdigit():
            reason, _, number = rest.partition(" ")
            pause = {"retry-after": number} if number and mishap in ("429", "503") else {}
            stamped = {"timestamp": int(number)} if number and not pause else {}
            self._answer(stream, int(mishap), {"reason": reason} | stamped, headers=pause)
            return
        if mishap == "goaway":
            self._h2.close_connection(last_stream_id=self._last)
            self._flush()
            asyncio.get_running_loop().call_later(0.01, self.hang_up)
            return
        if mishap in ("refused_stream", "reset"):
            codes = h2.errors.ErrorCodes
            self._h2.reset_stream(stream, codes.REFUSED_STREAM if mishap == "refused_stream" else codes.INTERNAL_ERROR)
            self._requests.pop(stream)
            return
        if mishap == "cut":
            self.hang_up()
            return
        self._last = stream
        self._apple.keep(headers, bytes(body))
        if mishap == "lost_answer":
            self.hang_up()
        elif mishap == "slow":
            asyncio.get_running_loop().call_later(0.05, self._late, stream, headers)
        elif mishap != "silent":
            self._answer(stream, 200, {}, headers={"apns-id": headers.get("apns-id", "")}, empty=mishap == "empty_data")
            if mishap == "goaway_later":
                self._h2.close_connection(last_stream_id=stream)

    def _late(self, stream: int, headers: dict[str, str]) -> None:
        if stream in self._requests:
            self._answer(stream, 200, {}, headers={"apns-id": headers["apns-id"]})
            self._flush()

    def _answer(
        self,
        stream: int,
        status: int,
        told: dict[str, Any],
        *,
        headers: dict[str, str] | None = None,
        empty: bool = False,
    ) -> None:
        self._requests.pop(stream, None)
        self._h2.send_headers(stream, [(":status", str(status)), *(headers or {}).items()])
        if empty:
            self._h2.send_data(stream, b"")
        self._h2.send_data(stream, json.dumps(told).encode() if told else b"", end_stream=True)

    def _flush(self) -> None:
        if self._transport is not None and (data := self._h2.data_to_send()):
            self._transport.write(data)
