"""Rooms for those who serve clients (the gateway, the REST API): ids, and what takes more than one entity.

Stateless, and it decides nothing: every rule is the entities'.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import UnsetType
from msgspec.structs import replace

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.rooms.conversation.commands import AboutWhom
from actors.rooms.conversation.words import MISSING, words_of
from actors.rooms.messages.views import MEMBERSHIPS
from actors.rooms.pairs import ClaimPair, Release, pair_id
from actors.rooms.replies import LastActivity, PostedMessage, RoomList
from actors.rooms.room.commands import DEFAULT_PAGE, LARGEST_PAGE, Create, Edit, Glance, Peek, Post, Update
from actors.rooms.room.rules import invalid
from actors.rooms.safety.commands import HeldFate
from common.clock import Clock
from common.errors import AlreadyExists, Conflict, FailedPrecondition, NotFound, PermissionDenied
from common.ids import is_id, new_id
from store.ports.views import ViewQuery

MOST_LISTED: Final = 2000  # rooms of one user that a list can order
_PAGE: Final = 500
_ATTEMPTS: Final = 3
_HELD: Final = b'"held_id"'


R = TypeVar("R")


class Names(Protocol):
    """The names of people, so that no alias equals one."""

    async def words_of(self, user: str) -> Sequence[str]:
        """Words that name this person."""
        ...


class IdsOnly:
    """Nobody knows more of people than their ids."""

    async def words_of(self, user: str) -> Sequence[str]:
        """See `Names`."""
        return words_of(user, "", "")


IDS_ONLY: Final = IdsOnly()


def _any(_: LastActivity) -> bool:
    return True


def entity_of(room_id: str) -> str:
    """The entity and topic of a room.

    Raises:
        InvalidArgument: no room can have this id.
    """
    if not is_id(room_id):
        raise invalid("Not a room id.", "room_id")
    return f"room:{room_id}"


def command_id_of(command: Command[Any], by: Principal) -> str | None:
    """The id of the user's action in its room: for a message, who sent it and their `client_id` for it."""
    if isinstance(command, Post) and command.client_id is not None:
        return f"post\n{by.user}\n{command.client_id}"  # neither of the two can hold a line feed
    return None


class Rooms:
    """One a process. `region` reaches the shards of rooms, pairs and inboxes."""

    def __init__(self, region: EntityClient, views: ViewFinder, clock: Clock, names: Names = IDS_ONLY) -> None:
        """`names`: how people are called who must not be named."""
        self._region = region
        self._names = names
        self._views = views
        self._clock = clock

    async def submit(
        self, room_id: str, command: Command[Any], *, by: Principal, listen: bool = False, trace: str = ""
    ) -> Reply:
        """One command to one room. A `Post` with a `client_id` may be repeated: it is one message.

        Raises:
            CarewireError: the room refused, or nobody answered in time.
        """
        command_id = command_id_of(command, by)
        entity = entity_of(room_id)
        reply = await self._answered(entity, command, by=by, command_id=command_id, listen=listen, trace=trace)
        if command_id is not None and _HELD in reply.data and isinstance(command, Post):
            return await self._of_held(entity, command, reply)
        return reply

    async def _answered(
        self, entity: str, command: Command[Any], *, by: Principal, command_id: str | None, listen: bool, trace: str
    ) -> Reply:
        """With the words that nobody may say, where the room asks for them."""
        try:
            return await self._region.submit(entity, command, by=by, command_id=command_id, listen=listen, trace=trace)
        except FailedPrecondition as refused:
            if refused.details is None or refused.details.get("reason") != MISSING:
                raise
        command = await self._with_words(entity, command, trace)
        return await self._region.submit(entity, command, by=by, command_id=command_id, listen=listen, trace=trace)

    async def _of_held(self, entity: str, command: Post, reply: Reply) -> Reply:
        """The answer to a message that was held: as what it was posted, if it was meanwhile."""
        first = answer_to(command, reply.data)
        if not first.duplicate or isinstance(first.held_id, UnsetType):
            return reply
        fate = await self._region.ask(entity, HeldFate(held=first.held_id), by=SYSTEM)
        if fate.state != "released":
            return reply
        now = PostedMessage(id=fate.message_id, seq=fate.seq, sent_at=fate.sent_at, duplicate=True)
        return replace(reply, data=msgspec.json.encode(now))

    async def _with_words(self, entity: str, command: Command[Any], trace: str) -> Command[Any]:
        """The command with the words that must not be said where one speaks of a client."""
        assert isinstance(command, Post | Edit | Update)
        return msgspec.structs.replace(command, words=await self._words(entity, trace))

    async def unsayable(self, room_id: str, trace: str) -> tuple[str, ...] | None:
        """The words that must not be said there when the time of a message has come; None: one speaks of nobody."""
        return await self._words(entity_of(room_id), trace) or None

    async def _words(self, entity: str, trace: str) -> tuple[str, ...]:
        client = (await self._region.ask(entity, AboutWhom(), by=SYSTEM, trace=trace)).client_id
        return tuple(await self._names.words_of(client)) if client else ()

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str = "") -> R:
        """`submit`, with the answer decoded to the type that the command names."""
        return answer_to(command, (await self.submit(room_id, command, by=by, trace=trace)).data)

    async def create(self, room_id: str | None, command: Create, *, by: Principal, trace: str = "") -> Reply:
        """Create a room, or find the one that is there. The data of the reply is a `CreatedRoom`.

        Raises:
            CarewireError: as `submit`; AlreadyExists when a direct room is to begin under the id of another room.
        """
        room_id = new_id("room", self._clock.platform_ms()) if room_id is None else room_id
        if command.kind == "direct" and len(pair := {*command.members, by.user}) == 2 and all(map(is_id, pair)):
            return await self._create_direct(pair=pair_id(pair), room_id=room_id, command=command, by=by, trace=trace)
        return await self.submit(room_id, command, by=by, trace=trace)

    async def _create_direct(self, pair: str, room_id: str, command: Create, by: Principal, trace: str) -> Reply:
        """Ask the pair which room is theirs, then create or find that one.

        The pair may name a room that turns out to be another one: a room id that the two do not own was claimed. Then
        the claim is given up, and whoever did not ask for that id tries again with their own.
        """
        entity_of(room_id)
        for _ in range(_ATTEMPTS):
            agreed = (await self._region.ask(pair, ClaimPair(room_id), by=SYSTEM, trace=trace)).room_id
            try:
                return await self.submit(agreed, command, by=by, trace=trace)
            except (AlreadyExists, PermissionDenied):
                await self._region.submit(pair, Release(agreed), by=SYSTEM, trace=trace)
                if agreed == room_id:
                    raise
        raise Conflict("Somebody else is creating this room right now. Please try again.")

    async def rooms_of(
        self,
        by: Principal,
        *,
        cursor: str | None = None,
        limit: int = DEFAULT_PAGE,
        trace: str = "",
        wanted: Callable[[LastActivity], bool] = _any,
    ) -> RoomList:
        """The rooms of this user, those last spoken in first; of these, those that are `wanted`.

        The cursor names the last line of the page before, so a room in which somebody speaks meanwhile moves to the
        top and is not told twice.

        Raises:
            CarewireError: a malformed cursor or limit; or nobody answered in time.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise invalid(f"limit is 1 to {LARGEST_PAGE}.", "limit")
        below = None if cursor is None else _decode_cursor(cursor)
        rooms = await self.memberships(by.user)
        peeks = await self._ask_each(rooms, Peek(), by, trace)
        ordered = sorted(
            (
                (peek.active_at, room)
                for room, peek in zip(rooms, peeks, strict=True)
                if peek is not None and wanted(peek)
            ),
            reverse=True,
        )
        waiting = [one for one in ordered if below is None or one < below]
        page = waiting[:limit]
        lines = await self._ask_each([room for _, room in page], Glance(), by, trace)
        return RoomList(
            rooms=[line for line in lines if line is not None],
            cursor=_encode_cursor(*page[-1]) if len(waiting) > limit else None,
        )

    async def _ask_each(
        self, rooms: Sequence[str], command: Command[R], by: Principal, trace: str
    ) -> Sequence[R | None]:
        """The answer of each room, or None where the membership ended meanwhile."""

        async def answer_of(room: str) -> R | None:
            try:
                return await self.ask(room, command, by=by, trace=trace)
            except (NotFound, PermissionDenied):
                return None

        return await asyncio.gather(*map(answer_of, rooms))

    async def memberships(self, user: str) -> Sequence[str]:
        """The rooms that this user is in. Raises Unavailable."""
        return list(await self.joined(user))

    async def joined(self, user: str) -> Mapping[str, int]:
        """The rooms that this user is in, each with the version of their membership: whoever comes again has another.
        Raises Unavailable."""
        rooms: dict[str, int] = {}
        last: str | None = None
        while len(rooms) < MOST_LISTED:
            found = await self._views.find(
                ViewQuery(
                    collection=MEMBERSHIPS,
                    equal={"user": user, "left": False},
                    order_by="room",
                    above=last,
                    limit=_PAGE,
                )
            )
            rooms |= {str(view.fields["room"]): view.version for view in found}
            if len(found) < _PAGE:
                break
            last = str(found[-1].fields["room"])
        return rooms


def _encode_cursor(active_at: int, room_id: str) -> str:
    return base64.urlsafe_b64encode(f"{active_at} {room_id}".encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> tuple[int, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        active_at, room_id = text.split(" ")
        return int(active_at), room_id
    except (ValueError, binascii.Error):
        raise invalid("This cursor is not one that was given out.", "cursor") from None
