"""Whom to ask about activities: the shards that hold them, and what processes say of themselves."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from actors.kernel.contract.activities import ActivityRow


class ActivityShards(Protocol):
    """The shards that hold activities. Each method raises `Unavailable` when one of them does not answer."""

    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        """What waits, or is being tried, in all of them: the first `limit` ids above `after` are among these. Some of
        it has a document in the database as well."""
        ...

    async def retry_activity(self, mark: bytes) -> ActivityRow | None:
        """Try it now. None: nobody has it."""
        ...

    async def drop_activity(self, mark: bytes) -> ActivityRow | None:
        """It is over; the entity hears `dropped`. None: nobody has it."""
        ...


class ActivityFigures(Protocol):
    """What processes say of themselves."""

    async def of_shards(self) -> Sequence[Mapping[str, object]]: ...

    async def of_runners(self) -> Sequence[Mapping[str, object]]: ...
