"""How far the platform's time is ahead of the wall's: one number for the whole installation."""

from collections.abc import Awaitable, Callable
from typing import Protocol


class PlatformTime(Protocol):
    """The number, in milliseconds. Raises `Unavailable` when the database does not answer in time."""

    async def ahead_ms(self) -> int:
        """As it is now; 0 until somebody moved it."""

    async def advance(self, by_ms: int, *, deed: str = "") -> int:
        """Move the platform's time forward. How far ahead it is then; a majority has it. `deed` names this move: one of
        the last 1000 that are named is not made again, whoever repeats it."""

    async def follow(self, tell: Callable[[int], None]) -> Callable[[], Awaitable[None]]:
        """`tell` how far ahead it is, now and whenever it has been moved; `tell` may hear a number twice. What is
        returned ends that."""
