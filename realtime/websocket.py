"""The WebSocket that python-engineio is given: without compression, and with a TCP connection that can be cut.

Compression costs a deflate of every frame for every receiver, and the memory of two contexts a connection.
"""

from typing import Any

from aiohttp import web
from engineio.async_drivers import aiohttp as driver


class WebSocket(driver.WebSocket):  # type: ignore[misc] # python-engineio has no types
    """One WebSocket. `handler` is a method of python-engineio's socket, which outlives it."""

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request: web.Request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=self.server.max_http_buffer_size, compress=False)
        await self._sock.prepare(request)
        self.environ = environ
        self.handler.__self__.carewire_transport = request.transport
        await self.handler(self)
        return self._sock


def cut(socket: Any) -> None:
    """Drop the TCP connection of a WebSocket, with what it has not sent. A polling socket has none of its own."""
    transport = getattr(socket, "carewire_transport", None)
    if transport is not None:
        transport.abort()
