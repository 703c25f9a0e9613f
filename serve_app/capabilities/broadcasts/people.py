"""Who is told: read when it is sent, page by page, in the order of their ids."""

from typing import Protocol

from actors.broadcasts.records import Audience


class RoleReader(Protocol):
    """Who has a role (`identity.accounts.roles.Roles`)."""

    async def page(self, role: str | None, *, after: str = "", limit: int) -> list[str]: ...

    async def count(self, role: str | None) -> int: ...


class AudiencePeople:
    """One a process."""

    def __init__(self, roles: RoleReader) -> None:
        self._roles = roles

    async def page(self, audience: Audience, *, after: str, limit: int) -> list[str]:
        """The first `limit` behind `after`. Raises Unavailable."""
        if audience.user_ids:
            return [user for user in sorted(set(audience.user_ids)) if user > after][:limit]
        return await self._roles.page(audience.role or None, after=after, limit=limit)

    async def count(self, audience: Audience) -> int:
        """How many they are by now. Raises Unavailable."""
        if audience.user_ids:
            return len(set(audience.user_ids))
        return await self._roles.count(audience.role or None)
