"""A WebSocket that speaks Socket.IO by hand, so that a test may say what no client library would."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

PATIENCE_S = 30.0


class RawSocket:
    """`async with RawSocket(url, auth) as socket:`; `frames` are the text frames that came, pings aside."""

    def __init__(self, url: str, auth: Any = None) -> None:
        self._url = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._auth = auth
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.frames: list[str] = []
        self._events: defaultdict[str, list[Any]] = defaultdict(list)
        self.closed = False

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(
            self._url, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=1.0)
        )
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda: bool(self.frames), "no open packet")
        await self.send("40" + ("" if self._auth is None else json.dumps(self._auth)))
        await self.until(lambda: any(frame[:2] in ("40", "44") for frame in self.frames), "no answer to CONNECT")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._reader is not None
        assert self._socket is not None
        assert self._http is not None
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()
        await self._http.close()

    async def send(self, frame: str | bytes) -> None:
        """Send one frame."""
        assert self._socket is not None
        if isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)

    async def ack(self, ack_id: int) -> Any:
        """The argument of the ack with this id, once it is there."""
        prefix = f"43{ack_id}["
        await self.until(lambda: any(frame.startswith(prefix) for frame in self.frames), f"no ack {ack_id}")
        frame = next(frame for frame in self.frames if frame.startswith(prefix))
        return json.loads(frame[len(prefix) - 1 :])[0]

    async def call(self, ack_id: int, event: str, payload: Any) -> Any:
        """Emit and wait for the ack."""
        await self.send(f"42{ack_id}{json.dumps([event, payload])}")
        return await self.ack(ack_id)

    def events(self, name: str) -> list[Any]:
        """The payloads of this event so far."""
        return self._events[name]

    async def until(self, met: Callable[[], bool], missing: str) -> None:
        """Wait for the condition; `missing` says what was not there."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not met():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{missing}; closed: {self.closed}; got {self.frames[-5:]}") from None

    def stop_reading(self) -> None:
        """Read nothing any more, pings included; the connection stays open."""
        assert self._reader is not None
        self._reader.cancel()

    async def _read(self) -> None:
        assert self._socket is not None
        async for message in self._socket:
            if message.data == "2":
                await self._socket.send_str("3")
            elif isinstance(message.data, str):
                self.frames.append(message.data)
                if message.data.startswith("42["):
                    packet = json.loads(message.data[2:])
                    self._events[packet[0]].append(packet[1])
            self._news.set()
        self.closed = True
        self._news.set()
