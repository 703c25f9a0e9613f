"""A WebSocket whose session another gateway has: bytes go both ways, as they come."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from typing_extensions import override

_BUFFER: Final = 64 * 1024  # bytes that may wait for one side before no more are read from the other
_FLUSH_S: Final = 5.0  # that a side has to take what is left, once the other has gone


class End(asyncio.Protocol):
    """One side. What is written before its connection is there waits for it."""

    __slots__ = ("_ended", "_gone", "_waiting", "other", "transport")

    def __init__(self, waiting: bytes, gone: Callable[[], None]) -> None:
        self.other: End = self
        self.transport: asyncio.Transport | None = None
        self._waiting = waiting
        self._gone = gone
        self._ended = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.transport.set_write_buffer_limits(high=_BUFFER)
        waiting, self._waiting = self._waiting, b""
        if waiting:
            self.transport.write(waiting)
        if self._ended:
            self.close()

    @override
    def data_received(self, data: bytes) -> None:
        self.other.write(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._gone()
        self.other.close()

    @override
    def pause_writing(self) -> None:
        transport = self.other.transport
        if transport is not None and transport.is_reading():
            transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        transport = self.other.transport
        if transport is not None and not transport.is_closing() and not transport.is_reading():
            transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Pass it on."""
        if self.transport is None:
            self._waiting += data
        else:
            self.transport.write(data)

    def close(self) -> None:
        """Close, after what was written before, if the peer takes it in time. Idempotent."""
        self._ended = True
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()
            asyncio.get_running_loop().call_later(_FLUSH_S, self._abort)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Tunnel:
    """Both sides. `gone` is called when either has closed."""

    def __init__(self, head: bytes, gone: Callable[["Tunnel"], None]) -> None:
        """`head`: what the client is told first."""
        self.client = End(head, lambda: gone(self))
        self.owner = End(b"", lambda: gone(self))
        self.client.other, self.owner.other = self.owner, self.client

    def close(self) -> None:
        """Close both."""
        self.client.close()
        self.owner.close()
