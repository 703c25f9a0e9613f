"""The clock of a process: what it reads when it starts, and how it hears that the platform's time was moved."""

from collections.abc import Awaitable, Callable

from common.clock import MovableClock
from store.ports.platform_time import PlatformTime


class ProcessClock:
    """One a process, started before whatever goes by it."""

    def __init__(self, time: PlatformTime, *, settable: bool) -> None:
        self.clock = MovableClock()
        self._time = time
        self._settable = settable
        self._listeners: list[Callable[[], None]] = []
        self._stop: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> MovableClock:
        """Read how far ahead the platform is: it is never set back, whoever may move it today. Then follow, if anybody
        may.

        Raises:
            Unavailable: the database does not answer.
            TimeoutError: it does not tell of changes.
        """
        self.clock.move(await self._time.ahead_ms())
        if self._settable:
            self._stop = await self._time.follow(self._moved)
        return self.clock

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call this whenever the platform's time has jumped."""
        self._listeners.append(listener)

    async def advance(self, by_ms: int, *, deed: str = "") -> int:
        """Move it for everybody; once, if the move has a name. How far ahead it is then."""
        ahead_ms = await self._time.advance(by_ms, deed=deed)
        self._moved(ahead_ms)
        return ahead_ms

    async def stop(self) -> None:
        """Idempotent."""
        if self._stop is not None:
            await self._stop()
            self._stop = None

    def _moved(self, ahead_ms: int) -> None:
        if self.clock.move(ahead_ms):
            for listener in self._listeners:
                listener()
