"""Sockets at which a worksheet is open: over Socket.IO, over y-websocket's protocol; and what is measured of them."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec
from typing_extensions import override

from actors.worksheets.yjs.messages import update_message

_ACK: Final = re.compile(r"^4(?:3|6\d+-)(\d+)\[")
_HEARD: Final = '451-["worksheet_sync",'
_UPDATE: Final = b"\0\2"


class Pen(ABC):
    """A socket at which one worksheet is open. `heard`: what is called for each update of somebody else."""

    def __init__(self, session: aiohttp.ClientSession, url: str, heard: Callable[[], None]) -> None:
        self._session, self._url, self._heard = session, url, heard
        self._ready = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and wait until the worksheet is open."""
        self._socket = await self._session.ws_connect(self._url, max_msg_size=0)
        self._reading = asyncio.create_task(self._read())
        async with asyncio.timeout(30):
            await self._ready.wait()

    @abstractmethod
    async def write(self, update: bytes, due_ns: int) -> None:
        """Send one update."""

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        assert self._reading is not None
        await self._reading

    @abstractmethod
    async def _read(self) -> None:
        """Take what comes, until the socket is closed."""


class Times:
    """What is measured of one round."""

    def __init__(self) -> None:
        self.ack_ms: list[float] = []
        self.heard_ms: list[float] = []
        self.refused = 0


class EventPen(Pen):
    """Over Socket.IO, with binary attachments."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        port: int,
        token: str,
        assignment: str,
        times: Times,
        heard: Callable[[], None],
    ) -> None:
        super().__init__(session, f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", heard)
        self._token, self._assignment, self._times = token, assignment, times
        self._sent: dict[int, int] = {}
        self._number = 0

    @override
    async def write(self, update: bytes, due_ns: int) -> None:
        self._number += 1
        self._sent[self._number] = due_ns
        held = {"assignment_id": self._assignment, "attempt": 1, "message": {"_placeholder": True, "num": 0}}
        packet = msgspec.json.encode(["worksheet_sync", held]).decode()
        await self._socket.send_str(f"451-{self._number}{packet}")
        await self._socket.send_bytes(update_message(update))

    @override
    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            packet: str = message.data
            if packet.startswith(_HEARD):
                self._heard()
            elif (found := _ACK.match(packet)) is not None:
                self._acked(int(found[1]), '"ok":true' in packet)
            elif packet == "2":
                await self._socket.send_str("3")
            elif packet.startswith("0"):
                await self._socket.send_str("40" + msgspec.json.encode({"token": self._token}).decode())
            elif packet.startswith("40"):
                joining = msgspec.json.encode(["join_worksheet", {"assignment_id": self._assignment}]).decode()
                await self._socket.send_str("420" + joining)

    def _acked(self, number: int, good: bool) -> None:
        self._times.refused += not good
        if number == 0:
            self._ready.set()
        else:
            self._times.ack_ms.append((time.perf_counter_ns() - self._sent.pop(number)) / 1e6)


class YjsPen(Pen):
    """Over y-websocket's protocol. It is open with the first word of the server."""

    @override
    async def write(self, update: bytes, due_ns: int) -> None:
        await self._socket.send_bytes(update_message(update))

    @override
    async def _read(self) -> None:
        async for message in self._socket:
            self._ready.set()
            if message.type is aiohttp.WSMsgType.BINARY and message.data.startswith(_UPDATE):
                self._heard()
