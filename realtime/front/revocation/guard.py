"""The guard of the door: the gateway's side of revocations and of rules that need facts from elsewhere."""

from typing import Protocol

from common.auth.tokens import Verified
from common.observations import Observation


class Guard(Protocol):
    """The questions of the gateway to identity."""

    async def admit(self, verified: Verified) -> None:
        """Has the token been taken back?

        Raises:
            Unauthenticated: it has.
            Unavailable: it cannot be told just now.
        """
        ...

    def observed(self, seen: Observation) -> None:
        """Somebody of the staff has read what is personal. Does not wait."""
        ...


class NoGuard:
    """Lets everybody in whose token is good: where there is no identity service."""

    async def admit(self, verified: Verified) -> None:
        """Nothing is ever taken back."""

    def observed(self, seen: Observation) -> None:
        """Nobody keeps a record."""
