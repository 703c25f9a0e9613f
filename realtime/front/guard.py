"""Who may still come in: the gateway's side of revocations and of rules that need facts from elsewhere."""

from collections.abc import Collection
from typing import Protocol

from common.observations import Observation
from common.tokens import Verified


class Guard(Protocol):
    """What the gateway asks of identity."""

    async def admit(self, verified: Verified) -> None:
        """Has the token been taken back?

        Raises:
            Unauthenticated: it has.
            Unavailable: it cannot be told just now.
        """
        ...

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        """May this user begin a direct room with these? Raises PermissionDenied."""
        ...

    def observed(self, seen: Observation) -> None:
        """Somebody of the staff has read what is personal. Does not wait."""
        ...


class NoGuard:
    """Lets everybody in whose token is good: where there is no identity service."""

    async def admit(self, verified: Verified) -> None:
        """Nothing is ever taken back."""

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        """Everybody may."""

    def observed(self, seen: Observation) -> None:
        """Nobody keeps a record."""
