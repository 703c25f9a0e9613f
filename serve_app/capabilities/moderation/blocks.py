"""Blocks: in force, at every door, as soon as they are acknowledged."""

import asyncio
from collections.abc import Collection
from typing import Final

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.moderation.shield.commands import Block, ListBlocks, Unblock
from actors.moderation.shield.replies import BlockList
from actors.moderation.views import BLOCKS, block_id
from actors.rooms.conversation.commands import Bar
from actors.rooms.messages.views import MEMBERSHIPS
from common.errors import FailedPrecondition
from serve_app.capabilities.identity.care.service import CareReader
from store.ports.views import ViewQuery, Views

_MOST_ROOMS: Final = 2000
_AT_ONCE: Final = 50


class BlockReader:
    """Who has blocked whom, from the read model: every process has one."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def unreachable(self, user: str, others: Collection[str]) -> Collection[str]:
        """See `common.reach.Unreachable`."""
        return {other for pair in await self.between(user, others) for other in pair if other != user}

    async def between(self, user: str, others: Collection[str]) -> list[tuple[str, str]]:
        """Who of these has blocked the user, and whom of these the user has: pairs of who and whom."""
        pairs = {block_id(*pair): pair for other in others for pair in ((user, other), (other, user))}
        found = await self._views.get(BLOCKS, list(pairs)) if pairs else {}
        return [pairs[name] for name, one in found.items() if one.fields["active"]]


class Blocks:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views, care: CareReader) -> None:
        self._entities, self._views, self._care = entities, views, care

    async def block(self, user: str, *, by: Principal, trace: str) -> BlockList:
        """From when this returns, neither reaches the other.

        Raises:
            FailedPrecondition: reason `in_care`: a therapist ends care instead.
            InvalidArgument: nobody blocks themselves.
        """
        if await self._cares(by.user, user):
            raise FailedPrecondition("You care for this person. End the care instead.", details={"reason": "in_care"})
        found = await self._entities.ask(f"shield:{by.user}", Block(user), by=by, trace=trace)
        await self._bar(by.user, user, barred=True, trace=trace)
        return found

    async def unblock(self, user: str, *, by: Principal, trace: str) -> BlockList:
        """They may reach each other again."""
        found = await self._entities.ask(f"shield:{by.user}", Unblock(user), by=by, trace=trace)
        await self._bar(by.user, user, barred=False, trace=trace)
        return found

    async def list(self, by: Principal, trace: str) -> BlockList:
        """Whom the caller has blocked."""
        return await self._entities.ask(f"shield:{by.user}", ListBlocks(), by=by, trace=trace)

    async def _cares(self, therapist: str, client: str) -> bool:
        found = await self._care.of(therapist)
        return any(
            one.therapist == therapist and one.client == client and one.state in ("active", "paused") for one in found
        )

    async def _bar(self, user: str, other: str, *, barred: bool, trace: str) -> None:
        """Every room that both are in hears of it before this returns."""
        mine, theirs = await asyncio.gather(self._rooms_of(user), self._rooms_of(other))
        shared = sorted(mine & theirs)
        command = Bar(user, other, barred)
        for first in range(0, len(shared), _AT_ONCE):
            some = shared[first : first + _AT_ONCE]
            await asyncio.gather(
                *(self._entities.ask(f"room:{room}", command, by=SYSTEM, trace=trace) for room in some)
            )

    async def _rooms_of(self, user: str) -> set[str]:
        query = ViewQuery(
            collection=MEMBERSHIPS, equal={"user": user, "left": False}, order_by="room", limit=_MOST_ROOMS
        )
        return {str(one.fields["room"]) for one in await self._views.find(query)}
