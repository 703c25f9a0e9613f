"""A bad network between one client and a UDP server: it loses, delays, reorders and throttles datagrams, by a seed."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from typing_extensions import override

Address = tuple[str, int]


@dataclass
class Weather:
    """Of one direction. May be changed while it is used."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0  # up to as much more, for each datagram anew: so they overtake each other
    bytes_a_second: float | None = None
    queue_s: float = 0.3  # what would wait for longer is lost
    passed: int = 0
    lost: int = 0


class _Side(asyncio.DatagramProtocol):
    def __init__(self, came: Callable[[bytes, Address], None]) -> None:
        self._came = came

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._came(data, addr)


class UdpProxy:
    """Listens on `port`; what comes there goes on from an address of its own, which `roam` changes."""

    def __init__(self, server: Address, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self._client: Address | None = None
        self._free_at = {"up": 0.0, "down": 0.0}
        self.up, self.down = Weather(), Weather()
        self.port = 0

    async def start(self) -> None:
        """Open both sides."""
        loop = asyncio.get_running_loop()
        self._inside, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_client), ("127.0.0.1", 0))
        self.port = self._inside.get_extra_info("sockname")[1]
        self._outside = await self._another_outside()

    async def _another_outside(self) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_server), ("127.0.0.1", 0))
        return transport

    async def roam(self) -> None:
        """Reach the server from another address from now on, as after a change of networks."""
        self._outside.close()
        self._outside = await self._another_outside()

    def send_rubbish(self, data: bytes) -> None:
        """Send `data` to the server from where the client's datagrams come."""
        self._outside.sendto(data, self._server)

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._later("up", self.up, data, lambda: self._outside.sendto(data, self._server))

    def _from_server(self, data: bytes, _address: Address) -> None:
        client = self._client
        if client is not None:
            self._later("down", self.down, data, lambda: self._inside.sendto(data, client))

    def _later(self, way: str, weather: Weather, data: bytes, send: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        wait = weather.delay_s + self._random.random() * weather.jitter_s
        if weather.bytes_a_second is not None:
            free_at = max(self._free_at[way], now)
            if free_at - now > weather.queue_s:
                weather.lost += 1
                return
            self._free_at[way] = free_at + len(data) / weather.bytes_a_second
            wait += self._free_at[way] - now
        if self._random.random() < weather.loss:
            weather.lost += 1
            return
        weather.passed += 1
        loop.call_at(now + wait, send)

    def close(self) -> None:
        """Close both sides."""
        self._inside.close()
        self._outside.close()


@asynccontextmanager
async def a_udp_proxy(server: Address, seed: int = 1) -> AsyncIterator[UdpProxy]:
    """In good weather, at first."""
    proxy = UdpProxy(server, seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
