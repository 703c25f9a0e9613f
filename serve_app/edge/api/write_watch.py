"""Whether a client takes what is written to it, or is cut."""

import asyncio
from typing import Final

LEAST_BYTES_PER_S: Final = 1024


class WriteWatch:
    """Looks at a connection now and then, for as long as anything waits to be sent. Whoever takes less than
    `LEAST_BYTES_PER_S` of it for `timeout_s` is cut."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = 0

    def watch(self, transport: asyncio.Transport) -> None:
        """Watch this connection until all is sent. Idempotent."""
        if self._timer is None:
            self._unsent = transport.get_write_buffer_size()
            self._timer = self._loop.call_later(self._timeout_s, self._look, transport)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.Transport) -> None:
        self._timer = None
        taken = self._unsent - transport.get_write_buffer_size()
        if taken < min(self._unsent, self._timeout_s * LEAST_BYTES_PER_S):
            transport.abort()
        elif transport.get_write_buffer_size():
            self.watch(transport)
