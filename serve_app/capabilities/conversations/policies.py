"""Which policy holds in new conversations."""

from typing import Protocol

from actors.rooms.conversation.policy import Policy, policy_for


class Policies(Protocol):
    """Whoever keeps them."""

    async def of(self, relation: str) -> tuple[Policy, int]:
        """The policy of conversations of this relation, and its version. Raises Unavailable."""
        ...


class ShippedPolicies:
    """Those that come with the program."""

    async def of(self, relation: str) -> tuple[Policy, int]:
        """See `Policies`."""
        return policy_for(relation)
