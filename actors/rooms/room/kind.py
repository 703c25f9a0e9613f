"""Rooms as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Effects, Kind, Library, Principal, Recorded, Shown
from actors.rooms.messages import chat_message, history, views
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.queries import Page, Standing
from actors.rooms.messages.unread import WINDOW, Stretch
from actors.rooms.room import membership, outcome
from actors.rooms.room.commands import Post, RoomCommand
from actors.rooms.room.entity import Room
from actors.rooms.room.events import AnyEvent, Deleted, Edited, Posted, Reacted
from actors.rooms.room.state import Frozen
from config.settings import RoomSettings

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Frozen).decode


class RoomKind(Kind[Room, RoomCommand, AnyEvent]):
    """`room:<room id>`. Its parts are its messages, by seq (`"17"`), and counted stretches (`unread.Stretch`)."""

    name = "room"
    commands = RoomCommand
    events = AnyEvent
    indexes = views.INDEXES

    def __init__(self, settings: RoomSettings, *, window: int = WINDOW, bounds: history.Bounds = history.USUAL) -> None:
        """`bounds`: of reads."""
        self._settings = settings
        self._window = window
        self._bounds = bounds

    @override
    def create(self, key: str) -> Room:
        return Room.new(key, self._settings, self._window)

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
    def show(self, entity_id: str, recorded: Recorded[AnyEvent], part: Message | None) -> Shown | None:
        return outcome.show(entity_id, recorded, part)

    @override
    def is_primary(self, event: AnyEvent) -> bool:
        return type(event) is Posted

    @override
    def needs(self, entity: Room, command: RoomCommand) -> Sequence[str]:
        return entity.needs(command)

    @override
    def part_of(self, recorded: Recorded[AnyEvent]) -> str | None:
        event = recorded.event
        if type(event) is Posted:
            return str(recorded.seq)
        return str(event.target) if isinstance(event, Edited | Deleted | Reacted) else None

    @override
    def fold(self, part: Message | None, recorded: Recorded[AnyEvent]) -> Message | None:
        return chat_message.fold(part, recorded)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        stretches = {key: stretch for key in keys if (stretch := Stretch.of(key)) is not None}
        parts: dict[str, Any] = {}
        if seqs := [int(key) for key in keys if key not in stretches]:
            found = await history.messages_at(entity_id, seqs, library)
            parts |= {str(seq): message for seq, message in found.items()}
        for key, stretch in stretches.items():
            if (count := await history.tally(entity_id, stretch, library, self._bounds)) is not None:
                parts[key] = count
        return parts

    @override
    def effects(self, entity_id: str, recorded: Recorded[AnyEvent], part: Message | None) -> Effects | None:
        return outcome.effects(entity_id, recorded, part)

    @override
    async def read(self, query: Any, entity_id: str, version: int, library: Library) -> object:
        match query:
            case Page():
                return await history.page(query, entity_id, version, library, self._bounds)
            case Standing():
                return await history.standing(query, entity_id, version, library, self._bounds)
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
