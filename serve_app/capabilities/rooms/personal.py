"""What rooms and the inbox hold of one person. What others said stays theirs: of a room, the export holds what the
person wrote, and who was there."""

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

import msgspec

from actors.inboxes.commands import ReadInbox
from actors.kernel.contract.entity import Command, Principal
from actors.rooms.room.commands import LARGEST_PAGE, History
from serve_app.capabilities.capability import Section
from serve_app.capabilities.rooms.later.service import ScheduledMessages
from serve_app.capabilities.rooms.marks.chatters import ChatPrivacies
from serve_app.capabilities.rooms.ports import RoomsReader

R = TypeVar("R")


class Inboxes(Protocol):
    """The caller's side of the shards."""

    async def ask(self, entity: str, command: Command[R], *, by: Principal, trace: str = "") -> R: ...


class PersonalRooms:
    """One a replica of the API."""

    def __init__(
        self, rooms: RoomsReader, inboxes: Inboxes, scheduled: ScheduledMessages, privacies: ChatPrivacies
    ) -> None:
        self._rooms, self._inboxes = rooms, inboxes
        self._scheduled, self._privacies = scheduled, privacies

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "rooms", self._messages(who, trace)
        yield "inbox", self._inbox(who, trace)
        yield "scheduled_messages", msgspec.to_builtins(await self._scheduled.list(by=who))
        yield "chat_privacy", msgspec.to_builtins(await self._privacies.get(by=who))

    async def erase(self, user: str) -> None:
        """What was to be said later is not said. Nothing else is left to do: messages and what the inbox holds are
        sealed under the person's key, and others need their places."""
        await self._scheduled.forget(user)

    async def _messages(self, who: Principal, trace: str) -> AsyncIterator[object]:
        cursor: str | None = None
        while True:
            page = await self._rooms.rooms_of(who, cursor=cursor, limit=LARGEST_PAGE, trace=trace)
            for line in page.rooms:
                written = [message async for message in self._own(line.room.room_id, who, trace)]
                yield {"room": line.room, "messages": written}
            cursor = page.cursor
            if cursor is None:
                return

    async def _own(self, room_id: str, who: Principal, trace: str) -> AsyncIterator[object]:
        after = 0
        while True:
            command = History(before=None, after=after, limit=LARGEST_PAGE)
            page = await self._rooms.ask(room_id, command, by=who, trace=trace)
            for message in page.messages:
                if message.sender_id == who.user:
                    yield message
            if not page.has_more or not page.messages:
                return
            after = page.messages[-1].seq

    async def _inbox(self, who: Principal, trace: str) -> AsyncIterator[object]:
        after = 0
        while True:
            page = await self._inboxes.ask(f"user:{who.user}", ReadInbox(after, LARGEST_PAGE), by=who, trace=trace)
            for event in page.events:
                yield event
            if not page.has_more or not page.events:
                return
            after = msgspec.json.decode(page.events[-1].data)["inbox_seq"]
