"""Does a relay relay? Asked for a real allocation, with credentials like those that people get; it is given back at
once."""

import asyncio
import os
import ssl
from typing import Any, Final, Literal, NamedTuple

from typing_extensions import override

from actors.meetings.access.doors import TurnServers
from actors.meetings.access.ice import ice_servers
from serve_app.capabilities.meetings.relays import messages

State = Literal["ok", "unset", "down"]
_PATIENCE_S: Final = 1.0
_PORT: Final = 3478
_TLS_PORT: Final = 5349
_NOBODY: Final = "health"


class RelayDown(Exception):
    """It does not relay."""


class RelayAddress(NamedTuple):
    """Where a relay is, and how it is reached."""

    transport: Literal["udp", "tcp", "tls"]
    host: str
    port: int


def address_of(urls: tuple[str, ...]) -> RelayAddress | None:
    """The first that is reached over UDP, else the first of any kind; None: there is none."""
    found: list[RelayAddress] = []
    for url in urls:
        scheme, _, rest = url.partition(":")
        if scheme not in ("turn", "turns"):
            continue
        place, _, query = rest.partition("?")
        host, _, port = place.rpartition(":") if ":" in place and not place.endswith("]") else (place, "", "")
        over: Literal["udp", "tcp", "tls"] = "tls" if scheme == "turns" else "tcp" if "tcp" in query else "udp"
        found.append(RelayAddress(over, host.strip("[]"), int(port or (_TLS_PORT if over == "tls" else _PORT))))
    return next((each for each in found if each.transport == "udp"), found[0] if found else None)


async def allocate(turn: TurnServers, now_ms: int) -> None:
    """Raises RelayDown: it does not answer, or not with an allocation."""
    address = address_of(turn.urls)
    if address is None:
        raise RelayDown("no address of a relay")
    (server,) = ice_servers(turn, _NOBODY, now_ms)
    asking: _Datagram | _Stream = _Datagram() if address.transport == "udp" else _Stream()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asking.open(address)
            await _allocated(asking, server.username, server.credential)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
        raise RelayDown(type(error).__name__) from error
    finally:
        await asking.close()


async def _allocated(asking: "_Datagram | _Stream", username: str, password: str) -> None:
    wanted = [(messages.TRANSPORT, messages.UDP)]
    _, refused = await asking.ask(messages.ALLOCATE, wanted)
    realm, nonce = refused[messages.REALM], refused[messages.NONCE]
    key = messages.long_term_key(username, realm, password)
    who = [(messages.USERNAME, username.encode()), (messages.REALM, realm), (messages.NONCE, nonce)]
    kind, _ = await asking.ask(messages.ALLOCATE, [*wanted, *who], key)
    if kind != messages.ALLOCATE | messages.SUCCESS:
        raise ValueError("no allocation")
    await asking.ask(messages.REFRESH, [(messages.LIFETIME, b"\0\0\0\0"), *who], key)


class _Stream:
    """One question at a time, over TCP or TLS."""

    def __init__(self) -> None:
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, address: RelayAddress) -> None:
        """Raises OSError (of which errors of TLS are)."""
        secure = ssl.create_default_context() if address.transport == "tls" else None
        self._reader, self._writer = await asyncio.open_connection(address.host, address.port, ssl=secure)

    async def ask(
        self, kind: int, attributes: list[tuple[int, bytes]], key: bytes = b""
    ) -> tuple[int, dict[int, bytes]]:
        """Raises ValueError: what came is no answer; OSError, IncompleteReadError: it hung up."""
        assert self._writer is not None
        transaction = os.urandom(12)
        self._writer.write(messages.message(kind, transaction, attributes, key))
        head = await self._reader.readexactly(messages.HEAD_BYTES)
        return messages.parsed(head + await self._reader.readexactly(messages.body_bytes(head)), transaction)

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.transport.abort()


class _Datagram(asyncio.DatagramProtocol):
    """One question at a time, over UDP."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._closed = asyncio.Event()

    @override
    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self._answers.put_nowait(data)

    @override
    def error_received(self, exc: Exception) -> None:
        self._answers.put_nowait(b"")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    async def open(self, address: RelayAddress) -> None:
        """Raises OSError."""
        where = (address.host, address.port)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=where)

    async def ask(
        self, kind: int, attributes: list[tuple[int, bytes]], key: bytes = b""
    ) -> tuple[int, dict[int, bytes]]:
        """Raises ValueError: what came is no answer."""
        assert self._transport is not None
        transaction = os.urandom(12)
        self._transport.sendto(messages.message(kind, transaction, attributes, key))
        return messages.parsed(await self._answers.get(), transaction)

    async def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


async def state_of(turn: TurnServers, now_ms: int) -> State:
    """Is there a relay, and does it relay?"""
    if not turn.urls or not turn.secret:
        return "unset"
    try:
        await allocate(turn, now_ms)
    except RelayDown:
        return "down"
    return "ok"
