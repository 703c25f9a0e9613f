"""Everything that is stored of a person, as one JSON document (GDPR, articles 15 and 20), streamed.

What others said stays theirs: of a room, the export holds what the person wrote, and who was there.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, Protocol, TypeVar

import msgspec

from actors.inboxes.commands import ReadInbox
from actors.kernel.contract.entity import Command, Principal
from actors.rooms.room.commands import LARGEST_PAGE, History
from common.clock import Clock, to_rfc3339
from serve_app.capabilities.calendars.personal import PersonalCalendar
from serve_app.capabilities.identity.care import CareReader
from serve_app.capabilities.identity.care_routes import care_of
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import session_of, user_of
from serve_app.capabilities.oversight.routes import entry_of
from serve_app.capabilities.rooms.ports import RoomsReader

R = TypeVar("R")
_to_json: Final = msgspec.json.encode


class Inboxes(Protocol):
    """The caller's side of the shards."""

    async def ask(self, entity: str, command: Command[R], *, by: Principal, trace: str = "") -> R: ...


class Export:
    """One a replica of the API. Section by section, so that none of it need fit into memory."""

    def __init__(
        self,
        parts: Parts,
        care: CareReader,
        rooms: RoomsReader,
        inboxes: Inboxes,
        calendar: PersonalCalendar,
        clock: Clock,
    ) -> None:
        self._parts = parts
        self._care = care
        self._rooms = rooms
        self._inboxes = inboxes
        self._calendar = calendar
        self._clock = clock

    async def of(self, who: Principal, trace: str) -> AsyncIterator[bytes]:
        """The document in pieces. Raises CarewireError while the first is made, or breaks off."""
        account = await self._account(who)
        yield b'{"user_id":' + _to_json(who.user) + b',"exported_at":' + _to_json(to_rfc3339(self._clock.now_ms()))
        yield b',"account":' + _to_json(account)
        yield b',"sessions":' + _to_json(
            [session_of(one, "").model_dump() for one in await self._parts.sessions.of(who.user)]
        )
        yield b',"care":' + _to_json([care_of(one).model_dump() for one in await self._care.of(who.user, limit=10_000)])
        yield b',"waitlist":' + _to_json(await self._calendar.waitlist(who.user))
        yield b',"feed_tokens":' + _to_json(await self._calendar.feed_tokens(who.user))
        sections = {
            "rooms": self._messages(who, trace),
            "bookings": self._calendar.bookings(who.user),
            "inbox": self._inbox(who, trace),
            "audit": self._audit(who),
        }
        for name, rows in sections.items():
            yield b"," + _to_json(name) + b":["
            first = True
            async for row in rows:
                yield (b"" if first else b",") + _to_json(row)
                first = False
            yield b"]"
        yield b"}"

    async def _account(self, who: Principal) -> dict[str, Any] | None:
        account = await self._parts.accounts.get(who.user)
        if account is None:
            return None
        return user_of(account, await self._parts.accounts.person(account)).model_dump()

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

    async def _audit(self, who: Principal) -> AsyncIterator[object]:
        below: int | None = None
        while found := await self._parts.audit.page(subject=who.user, below=below, limit=LARGEST_PAGE):
            for link in found:
                yield entry_of(link).model_dump()
            below = found[-1].number
