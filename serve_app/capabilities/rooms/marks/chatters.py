"""What people keep to themselves in chats: kept once, and told to each room of theirs."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.outgoing.commands import ChoosePrivacy, GetPrivacy
from actors.outgoing.replies import ChatPrivacy
from actors.rooms.marks.commands import SetQuiet
from common.errors import NotFound, PermissionDenied

_AT_ONCE: Final = 50


class RoomsOf(Protocol):
    """Who is in which rooms (`actors.rooms.service.Rooms`)."""

    async def memberships(self, user: str) -> Sequence[str]: ...


class ChatPrivacies:
    """One a process."""

    def __init__(self, entities: EntityClient, rooms: RoomsOf) -> None:
        self._entities, self._rooms = entities, rooms

    async def get(self, *, by: Principal) -> ChatPrivacy:
        """What the caller chose."""
        return await self._entities.ask(f"outgoing:{by.user}", GetPrivacy(), by=by)

    async def set(self, *, receipts: bool | None, typing: bool | None, by: Principal, trace: str) -> ChatPrivacy:
        """Choose, and tell every room before it is answered. Whoever becomes a member somewhere meanwhile is looked up
        there. Raises Unavailable: it may have been told to some only; a repeat tells the others."""
        chosen = await self._entities.ask(f"outgoing:{by.user}", ChoosePrivacy(receipts, typing), by=by, trace=trace)
        command, limit = SetQuiet(receipts=chosen.receipts, typing=chosen.typing), asyncio.Semaphore(_AT_ONCE)

        async def tell(room: str) -> None:
            async with limit:
                try:
                    await self._entities.submit(f"room:{room}", command, by=by, trace=trace)
                except (NotFound, PermissionDenied):
                    return  # they left it meanwhile

        await asyncio.gather(*map(tell, await self._rooms.memberships(by.user)))
        return chosen
