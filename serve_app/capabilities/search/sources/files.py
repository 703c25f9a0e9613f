"""Files, by their names: one's own, and those of messages that one sees."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from actors.files.commands import KnowFile
from actors.files.events import FileChanged
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.errors import NotFound
from serve_app.capabilities.files.sight import FileSight, VisibleFile
from serve_app.capabilities.search.port import Among, Delete, Key
from serve_app.capabilities.search.sources.conversations import searched
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.follower.consumer import Turned

TYPE: Final = "files"


class FileFeeder:
    """What files are called, and where they stand. The file itself says so: its name is not in every event."""

    kinds = frozenset({"file"})

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        changes = [one for one in turned.recorded if one.seq and isinstance(one.event, FileChanged)]
        if not changes:
            return ()
        last, key = changes[-1], Key(TYPE, turned.entity.partition(":")[2])
        if last.event.record.state == "erased":
            return (Delete(key, last.seq),)
        try:
            known = await self._entities.ask(turned.entity, KnowFile(), by=SYSTEM)
        except NotFound:
            return (Delete(key, last.seq),)
        record = known.record
        if record.state == "erased" or not known.name:
            return (Delete(key, last.seq),)
        filters: Values = {
            "owner": [record.owner],
            "sender": [record.owner],
            "room": list(dict.fromkeys(place.room for place in record.places)),
            "file_type": types_of(record.type),
            "status": [record.state],
        }
        return (Entry(key, last.seq, record.created, title=known.name, filters=filters),)


def types_of(type_: str) -> list[str]:
    """A type, and its family."""
    return [type_, type_.partition("/")[0]]


class FileSource:
    """The files that somebody may read: their own, and those of messages that they see where they may search."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, sight: FileSight, entities: EntityClient) -> None:
        self._sight, self._entities = sight, entities

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        own, rooms = (Among("owner", frozenset({reader.by.user})),), await reader.rooms()
        return [own, (Among("room", rooms),)] if rooms else [own]

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        looked = await asyncio.gather(*(self._seen(id_, reader) for id_ in ids))
        seen = {id_: one for id_, one in zip(ids, looked, strict=True) if one is not None}
        places = await asyncio.gather(
            *(self._sight.rooms(one.record, reader.by, reader.trace) for one in seen.values())
        )
        open_to = await self._searched({room for rooms in places for room in rooms}, reader)
        opened: dict[str, Opened] = {}
        for (id_, one), rooms in zip(seen.items(), places, strict=True):
            there = [room for room in rooms if room in open_to]
            if one.owned or there:
                opened[id_] = _opened(one, there)
        return opened

    async def _seen(self, file_id: str, reader: Reader) -> VisibleFile | None:
        try:
            return await self._sight.of(file_id, reader.by, reader.trace)
        except NotFound:
            return None

    async def _searched(self, rooms: Collection[str], reader: Reader) -> set[str]:
        lines = await asyncio.gather(*(searched(self._entities, room, reader) for room in rooms))
        return {room for room, line in zip(rooms, lines, strict=True) if line is not None}


def _opened(seen: VisibleFile, rooms: Sequence[str]) -> Opened:
    record = seen.record
    return Opened(
        type=TYPE,
        id=record.id,
        title=seen.name,
        at=record.created,
        room_id=next(iter(rooms), None),
        user_id=seen.owner,
        link=f"/files/{record.id}",
        values={
            "room_id": rooms,
            "sender_id": [seen.owner],
            "file_type": types_of(record.type),
            "status": [record.state],
        },
    )
