"""Rooms as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded, Shown
from actors.rooms.conversation.binding import Opening, opening_in
from actors.rooms.keeping import aging, holds, house
from actors.rooms.keeping import views as copies
from actors.rooms.marks import later, privacy
from actors.rooms.messages import chat_message, history, reads, views
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.more import MARGINAL
from actors.rooms.messages.queries import HistoryPage, PinnedAt, RoomStanding, ThreadOf, VersionsOf
from actors.rooms.messages.unread import WINDOW, UnreadStretch
from actors.rooms.room import membership, outcome
from actors.rooms.room.commands import Post, RoomCommand
from actors.rooms.room.entity import Room
from actors.rooms.room.events import AnyEvent, Created, Deleted, Edited, Pinned, Posted, Reacted, Rebound, Updated
from actors.rooms.room.membership import OPENING, opening_key
from actors.rooms.room.outcome import Part
from actors.rooms.room.sight import sight_of
from actors.rooms.room.state import Frozen
from actors.rooms.safety import testimony
from actors.rooms.safety.record import Screen
from config.settings import RoomSettings

_OF_MESSAGES: Final = (Edited, Deleted, Reacted, Pinned, *MARGINAL)
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Frozen).decode


class RoomKind(Kind[Room, RoomCommand, AnyEvent, Message | Opening]):
    """`room:<room id>`. Its parts are its messages, by seq (`"17"`), and counted stretches (`unread.Stretch`)."""

    name = "room"
    commands = RoomCommand
    events = AnyEvent
    indexes = (*views.INDEXES, *copies.INDEXES)

    def __init__(
        self,
        settings: RoomSettings,
        *,
        window: int = WINDOW,
        bounds: history.PageBounds = history.USUAL,
        screen: Screen | None = None,
    ) -> None:
        """`bounds`: of reads. `screen`: what holds a message, in rooms that hold."""
        self._screen = screen
        self._settings = settings
        self._window = window
        self._bounds = bounds

    @override
    def create(self, key: str) -> Room:
        room = Room.new(key, self._settings, self._window)
        room.screen = self._screen
        return room

    @override
    def snapshot(self, entity: Room) -> bytes:
        return _pack(entity.freeze())

    @override
    def restore(self, key: str, state: bytes) -> Room:
        room = self.create(key)
        room.thaw(_unpack(state))
        return room

    @override
    def admit(self, entity: Room, by: Principal) -> None:
        membership.require_member(entity, by.user)

    @override
    def missed(self, entity: Room, by: Principal, since: int | None) -> int | None:
        return None if since is None else max(since, sight_of(entity, by.user).above)

    @override
    def show(self, entity_id: str, recorded: Recorded[AnyEvent], part: Part) -> Shown | None:
        return outcome.show(entity_id, recorded, part)

    @override
    def is_primary(self, event: AnyEvent) -> bool:
        return type(event) is Posted

    @override
    def needs(self, entity: Room, command: RoomCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def is_passing(self, key: str) -> bool:
        return holds.is_key(key) or house.is_key(key) or later.is_key(key)

    @override
    def part_of(self, recorded: Recorded[AnyEvent]) -> str | None:
        event = recorded.event
        if type(event) is Posted:
            return str(recorded.seq)
        if isinstance(event, _OF_MESSAGES):
            return str(event.target)
        if isinstance(event, Created | Rebound | Updated) and (bound := event.profile.binding) is not None:
            return opening_key(bound) if bound.relation else None
        return None

    @override
    def fold(self, part: Part, recorded: Recorded[AnyEvent]) -> Part:
        event = recorded.event
        if isinstance(event, Created | Rebound | Updated):
            bound = event.profile.binding
            asked = isinstance(event, Created) or (bound is not None and bound.opening == recorded.seq)
            return opening_in(event.secret) if asked else part
        return chat_message.fold(None if isinstance(part, Opening) else part, recorded)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        parts: dict[str, Any] = await privacy.fetched(keys, library)
        parts |= await house.read(keys, library) | await later.read(keys, library)
        for key in [key for key in keys if key.startswith(OPENING)]:
            asked = await library.at(entity_id, (int(key.rpartition("/")[2]) or 1,))
            parts[key] = opening_in(asked[0].event.secret if asked else None)
        keys = [key for key in keys if key not in parts]
        if copies := [key for key in keys if testimony.is_key(key)]:
            parts |= await self._copies(entity_id, copies, library)
            keys = [key for key in keys if key not in parts]
        if kept := [key for key in keys if holds.is_key(key)]:
            parts |= await holds.read(entity_id, kept, library)
            keys = [key for key in keys if key not in parts]
        stretches = {key: stretch for key in keys if (stretch := UnreadStretch.of(key)) is not None}
        if seqs := [int(key) for key in keys if key not in stretches and key not in parts]:
            found = await history.messages_at(entity_id, seqs, library)
            parts |= {str(seq): message for seq, message in found.items()}
        for key, stretch in stretches.items():
            if (count := await history.tally(entity_id, stretch, library, self._bounds)) is not None:
                parts[key] = count
        return parts

    async def _copies(self, entity_id: str, keys: Sequence[str], library: Library) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in keys:
            seq = testimony.seq_of(key)
            message = (await history.messages_at(entity_id, [seq], library)).get(seq)
            found[key] = await testimony.read(entity_id, key, message, library)
        return found

    @override
    def effects(self, entity_id: str, recorded: Recorded[AnyEvent], part: Part) -> Effects | None:
        return outcome.effects(entity_id, recorded, part)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        match query:
            case HistoryPage():
                return await history.page(
                    query=query, entity_id=entity_id, version=version, library=library, bounds=self._bounds
                )
            case RoomStanding():
                return await history.standing(
                    query=query, entity_id=entity_id, version=version, library=library, bounds=self._bounds
                )
            case aging.DueAt():
                return await aging.read(query, entity_id, version, library)
            case PinnedAt() | ThreadOf() | VersionsOf():
                return await reads.answer(query, entity_id, library)
        return await super().read(query, entity_id, version, library)

    @override
    def gap(self, entity_id: str, first: int, last: int) -> Shown:
        payload = {"room_id": outcome.room_id_of(entity_id), "from": first, "to": last}
        return Shown("gap", msgspec.json.encode(payload))

    @override
    def repeated(self, command: RoomCommand, reply: bytes) -> bytes:
        """Only the answer to a `message` says that it is a duplicate; every other is the same again."""
        if not isinstance(command, Post):
            return reply
        return msgspec.json.encode(msgspec.structs.replace(answer_to(command, reply), duplicate=True))
