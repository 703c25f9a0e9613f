"""Does a relay relay? Asked for a real allocation, with credentials like those that people get; it is given back at
once."""

import asyncio
import os
from typing import Any, Final, Literal

from typing_extensions import override

from actors.meetings.access.doors import TurnServers
from actors.meetings.access.ice import ice_servers
from serve_app.capabilities.meetings.relays import messages

State = Literal["ok", "unset", "down"]
_PATIENCE_S: Final = 1.0
_PORT: Final = 3478
_NOBODY: Final = "health"


class RelayDown(Exception):
    """It does not relay."""


def address_of(urls: tuple[str, ...]) -> tuple[str, int] | None:
    """The first that is reached over UDP; None: there is none."""
    for url in urls:
        scheme, _, rest = url.partition(":")
        place, _, query = rest.partition("?")
        if scheme == "turn" and "tcp" not in query:
            host, _, port = place.rpartition(":") if ":" in place and not place.endswith("]") else (place, "", "")
            return host.strip("[]"), int(port or _PORT)
    return None


async def allocate(turn: TurnServers, now_ms: int) -> None:
    """Raises RelayDown: it does not answer, or not with an allocation."""
    address = address_of(turn.urls)
    if address is None:
        raise RelayDown("no address over UDP")
    (server,) = ice_servers(turn, _NOBODY, now_ms)
    asking = _Asking()
    try:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: asking, remote_addr=address)
        async with asyncio.timeout(_PATIENCE_S):
            await _allocated(asking, server.username, server.credential)
    except (OSError, TimeoutError, ValueError) as error:
        raise RelayDown(type(error).__name__) from error
    finally:
        await asking.close()


async def _allocated(asking: "_Asking", username: str, password: str) -> None:
    wanted = [(messages.TRANSPORT, messages.UDP)]
    _, refused = await asking.ask(messages.ALLOCATE, wanted)
    realm, nonce = refused[messages.REALM], refused[messages.NONCE]
    key = messages.long_term_key(username, realm, password)
    who = [(messages.USERNAME, username.encode()), (messages.REALM, realm), (messages.NONCE, nonce)]
    kind, _ = await asking.ask(messages.ALLOCATE, [*wanted, *who], key)
    if kind != messages.ALLOCATE | messages.SUCCESS:
        raise ValueError("no allocation")
    await asking.ask(messages.REFRESH, [(messages.LIFETIME, b"\0\0\0\0"), *who], key)


class _Asking(asyncio.DatagramProtocol):
    """One question at a time."""

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
