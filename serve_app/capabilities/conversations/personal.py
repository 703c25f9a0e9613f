"""What is stored of people in conversations beside the messages: of whom they speak, what they said when they asked."""

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from actors.kernel.contract.entity import Command, Principal
from actors.rooms.conversation.commands import See
from actors.rooms.replies import ConversationView, RoomList
from actors.rooms.room.commands import LARGEST_PAGE
from serve_app.capabilities.capability import Section

R = TypeVar("R")


class RoomsOfPerson(Protocol):
    """What is read here of `actors.rooms.service.Rooms`."""

    async def rooms_of(self, by: Principal, *, cursor: str | None, limit: int, trace: str) -> RoomList: ...

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> R: ...


class PersonalConversations:
    """One a replica of the API."""

    def __init__(self, rooms: RoomsOfPerson) -> None:
        self._rooms = rooms

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "conversations", self._all(who, trace)

    async def erase(self, user: str) -> None:
        """Nothing is left to do: what was said is sealed under the person's key; care ends its conversations itself."""

    async def _all(self, who: Principal, trace: str) -> AsyncIterator[object]:
        cursor: str | None = None
        while True:
            page = await self._rooms.rooms_of(who, cursor=cursor, limit=LARGEST_PAGE, trace=trace)
            for line in page.rooms:
                if line.room.relation is not None:
                    seen: ConversationView = await self._rooms.ask(line.room.room_id, See(), by=who, trace=trace)
                    yield seen
            cursor = page.cursor
            if cursor is None:
                return
