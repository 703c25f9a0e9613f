"""The platform's time in memory."""

from collections.abc import Awaitable, Callable


class MemoryPlatformTime:
    """`PlatformTime` in a variable."""

    def __init__(self) -> None:
        self._ahead_ms = 0
        self._deeds: set[str] = set()
        self._followers: list[Callable[[int], None]] = []

    async def ahead_ms(self) -> int:
        return self._ahead_ms

    async def advance(self, by_ms: int, *, deed: str = "") -> int:
        if deed in self._deeds:
            return self._ahead_ms
        self._deeds |= {deed} - {""}
        self._ahead_ms += by_ms
        for tell in list(self._followers):
            tell(self._ahead_ms)
        return self._ahead_ms

    async def follow(self, tell: Callable[[int], None]) -> Callable[[], Awaitable[None]]:
        self._followers.append(tell)
        tell(self._ahead_ms)

        async def stop() -> None:
            if tell in self._followers:
                self._followers.remove(tell)

        return stop
