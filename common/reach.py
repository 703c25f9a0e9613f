"""Reach between people: asked before somebody's message, call, booking or look reaches another person.

The facts come from whoever keeps them, and are handed to each process by its composition root; until there is anybody,
everybody can reach everybody. What is told is the same for both sides and for every reason, so nobody learns why.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final

from common.errors import PermissionDenied

Unreachable = Callable[[str, Collection[str]], Awaitable[Collection[str]]]
"""Of these people, those whom a user cannot reach, or who cannot reach them. Asked for many at once."""

REASON: Final = "unreachable"


async def nobody(user: str, others: Collection[str]) -> Collection[str]:
    """Everybody can be reached."""
    del user, others
    return ()


class Reach:
    """One a process. Carewire itself ("") reaches everybody, and everybody themselves."""

    def __init__(self, unreachable: Unreachable = nobody) -> None:
        self._unreachable = unreachable

    async def among(self, user: str, others: Iterable[str]) -> frozenset[str]:
        """Of these people, those whom the user cannot reach.

        Raises:
            Unavailable: it cannot be told just now.
        """
        asked = set(others) - {user, ""}
        return frozenset(await self._unreachable(user, asked)) & asked if user and asked else frozenset()

    async def may_reach(self, user: str, *others: str) -> None:
        """May the user reach all of them?

        Raises:
            PermissionDenied: not one of them; the details' reason is `unreachable`, and nobody is named.
            Unavailable: it cannot be told just now.
        """
        if await self.among(user, others):
            raise PermissionDenied("This person cannot be reached.", details={"reason": REASON})
