"""Sockets at which one worksheet is open, by protocol."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final, Protocol

import aiohttp
import msgspec
from typing_extensions import override

from actors.worksheets.yjs.bytes import block_bytes
from actors.worksheets.yjs.messages import update_message
from loadtests.lib.told.plain_socket import PlainSocket

_ACK: Final = re.compile(r"^4(?:3|6\d+-)(\d+)\[")
_HEARD: Final = '451-["worksheet_sync",'
_UPDATE: Final = b"\0\2"
_TOKEN: Final = b"\2\0" + block_bytes(b"any")  # of Hocuspocus, which asks nobody here


class Pen(Protocol):
    """A socket at which one worksheet is open."""

    async def open(self) -> None: ...
    async def write(self, update: bytes, due_ns: int) -> None: ...
    async def close(self) -> None: ...


class Times:
    """What is measured of one round."""

    def __init__(self) -> None:
        self.ack_ms: list[float] = []
        self.heard_ms: list[float] = []
        self.refused = 0


class EventPen(PlainSocket):
    """Over Socket.IO, with binary attachments. `updated`: what is called for each update of somebody else."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        port: int,
        token: str,
        assignment: str,
        times: Times,
        updated: Callable[[], None],
    ) -> None:
        super().__init__(session, port, token)
        self._assignment, self._times, self._updated = assignment, times, updated
        self._sent: dict[int, int] = {}
        self._number = 0
        self.joined_ms = 0.0  # how long it took to join

    async def write(self, update: bytes, due_ns: int) -> None:
        """Send one update."""
        self._number += 1
        self._sent[self._number] = due_ns
        held = {"assignment_id": self._assignment, "attempt": 1, "message": {"_placeholder": True, "num": 0}}
        packet = msgspec.json.encode(["worksheet_sync", held]).decode()
        await self.socket.send_str(f"451-{self._number}{packet}")
        await self.socket.send_bytes(update_message(update))

    @override
    async def connected(self) -> None:
        joining = msgspec.json.encode(["join_worksheet", {"assignment_id": self._assignment}]).decode()
        self._sent[0] = time.perf_counter_ns()
        await self.socket.send_str("420" + joining)

    @override
    def heard(self, packet: str) -> None:
        if packet.startswith(_HEARD):
            self._updated()
        elif (ack := _ACK.match(packet)) is not None:
            self._acked(int(ack[1]), '"ok":true' in packet)

    def _acked(self, number: int, good: bool) -> None:
        self._times.refused += not good
        if number == 0:
            self.joined_ms = (time.perf_counter_ns() - self._sent.pop(0)) / 1e6
            self.ready.set()
        else:
            self._times.ack_ms.append((time.perf_counter_ns() - self._sent.pop(number)) / 1e6)


class YjsPen:
    """Over y-websocket's protocol; with `document`, over Hocuspocus's, which names it in every message."""

    def __init__(self, session: aiohttp.ClientSession, url: str, heard: Callable[[], None], document: str = "") -> None:
        self._session, self._url, self._heard = session, url, heard
        self._named = block_bytes(document.encode()) if document else b""
        self._update = self._named + _UPDATE
        self._ready = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and wait for the first word of the server."""
        self._socket = await self._session.ws_connect(self._url, max_msg_size=0)
        self._reading = asyncio.create_task(self._read())
        if self._named:
            await self._socket.send_bytes(self._named + _TOKEN)
        async with asyncio.timeout(30):
            await self._ready.wait()

    async def write(self, update: bytes, due_ns: int) -> None:
        """Send one update."""
        await self._socket.send_bytes(self._named + update_message(update))

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        assert self._reading is not None
        await self._reading

    async def _read(self) -> None:
        async for message in self._socket:
            self._ready.set()
            if message.type is aiohttp.WSMsgType.BINARY and message.data.startswith(self._update):
                self._heard()
