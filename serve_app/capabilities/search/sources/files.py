"""Files, by their names: one's own, and those of messages that one sees."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from actors.files.commands import KnowFile
from actors.files.events import FileChanged
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.errors import NotFound
from serve_app.capabilities.files.sight import FileSight, VisibleFile
from serve_app.capabilities.search.port import Among, Delete, Key
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
            "room": list(dict.fromkeys(place.room for place in record.places)),
            "file_type": types_of(record.type),
            "status": [record.state],
        }
        return (Entry(key, last.seq, record.created, title=known.name, filters=filters),)


def types_of(type_: str) -> list[str]:
    """A type, and its family."""
    return [type_, type_.partition("/")[0]]


class FileSource:
    """The files that somebody may read."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, sight: FileSight) -> None:
        self._sight = sight

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        own, rooms = (Among("owner", frozenset({reader.by.user})),), await reader.rooms()
        return [own, (Among("room", rooms),)] if rooms else [own]

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        seen = await asyncio.gather(*(self._seen(id_, reader) for id_ in ids))
        return {id_: _opened(one) for id_, one in zip(ids, seen, strict=True) if one is not None}

    async def _seen(self, file_id: str, reader: Reader) -> VisibleFile | None:
        try:
            return await self._sight.of(file_id, reader.by, reader.trace)
        except NotFound:
            return None


def _opened(seen: VisibleFile) -> Opened:
    record = seen.record
    return Opened(
        type=TYPE,
        id=record.id,
        title=seen.name,
        at=record.created,
        user_id=seen.owner,
        link=f"/files/{record.id}",
        values={"file_type": types_of(record.type), "status": [record.state]},
    )
