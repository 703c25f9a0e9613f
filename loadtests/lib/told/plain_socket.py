"""A Socket.IO client of a few lines over aiohttp, for benchmarks that read the packets themselves."""

import asyncio
from abc import ABC, abstractmethod
from typing import Final

import aiohttp
import msgspec

_PATIENCE_S: Final = 30.0


class PlainSocket(ABC):
    """One socket with a token. It answers pings and says who it is; all else is `heard`."""

    def __init__(self, session: aiohttp.ClientSession, port: int, token: str) -> None:
        self._session, self._port, self._token = session, port, token
        self.ready = asyncio.Event()  # set by whoever knows that it may begin
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and wait until it is ready."""
        url = f"ws://127.0.0.1:{self._port}/socket.io/?EIO=4&transport=websocket"
        self.socket = await self._session.ws_connect(url, max_msg_size=0)
        self._reading = asyncio.create_task(self._read())
        async with asyncio.timeout(_PATIENCE_S):
            await self.ready.wait()

    async def close(self) -> None:
        """Hang up."""
        await self.socket.close()
        assert self._reading is not None
        await self._reading

    @abstractmethod
    def heard(self, packet: str) -> None:
        """An event or an ack, as it came."""

    @abstractmethod
    async def connected(self) -> None:
        """The server has accepted the token."""

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            packet: str = message.data
            if packet == "2":
                await self.socket.send_str("3")
            elif packet.startswith("0"):
                await self.socket.send_str("40" + msgspec.json.encode({"token": self._token}).decode())
            elif packet.startswith("40"):
                await self.connected()
            else:
                self.heard(packet)
