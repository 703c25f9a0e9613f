"""Rooms, by their titles. What the server cannot read, and what its owner keeps out of search, is only counted."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from actors.kernel.contract.ports import EntityClient
from actors.rooms.conversation.commands import See
from actors.rooms.replies import RoomLine
from actors.rooms.room.commands import Glance
from actors.rooms.room.events import Created, Profile, Rebound, Updated
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.wire import RoomMember
from common.errors import NotFound, PermissionDenied
from common.timeline import parse_instant
from serve_app.capabilities.search.port import Among, Delete, Key
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.follower.consumer import Turned

TYPE: Final = "conversations"
OF_CARE: Final = "client_therapist"
EXCLUDED: Final = "excluded"
"""The type of what stands in the index for a room that is not searched."""


class RoomFeeder:
    """Titles and relations of rooms."""

    kinds = frozenset({"room"})

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        room_id, found = room_id_of(turned.entity), []
        for recorded in turned.recorded:
            if isinstance(event := recorded.event, Created | Updated | Rebound):
                found += _fed(room_id, recorded.seq, event.profile)
        return found


def is_searched(profile: Profile) -> bool:
    """May its members search in it?"""
    return profile.searchable and not (profile.binding is not None and profile.binding.e2ee)


def _fed(room_id: str, version: int, profile: Profile) -> list[Fed]:
    shown, hidden = Key(TYPE, room_id), Key(EXCLUDED, room_id)
    if not is_searched(profile):
        mark = Entry(hidden, version, profile.created_at, filters={"room": [room_id]})
        return [Delete(shown, version), mark]
    bound = profile.binding
    filters: Values = {"room": [room_id], "status": ["open" if bound is None else bound.state]}
    if bound is not None and bound.relation:
        filters["relation"] = [bound.relation]
    if bound is not None and bound.therapist:
        filters["therapist"] = [bound.therapist]
        filters["client"] = sorted(bound.parties - {bound.therapist})
    return [Entry(shown, version, profile.created_at, title=profile.title, filters=filters), Delete(hidden, version)]


class RoomSource:
    """The rooms that somebody is in."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        rooms = await reader.rooms()
        return [(Among("room", rooms),)] if rooms else []

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        found = await asyncio.gather(*(self._opened(room, reader) for room in ids))
        return {id_: one for id_, one in zip(ids, found, strict=True) if one is not None}

    async def _opened(self, room_id: str, reader: Reader) -> Opened | None:
        line = await searched(self._entities, room_id, reader)
        if line is None:
            return None
        of_care = line.room.relation == OF_CARE
        return _opened(line, await self._members(room_id, reader) if of_care else ())

    async def _members(self, room_id: str, reader: Reader) -> Sequence[RoomMember]:
        try:
            view = await self._entities.ask(f"room:{room_id}", See(), by=reader.by, trace=reader.trace)
        except (NotFound, PermissionDenied):  # they have left since
            return ()
        return view.members


async def searched(entities: EntityClient, room_id: str, reader: Reader) -> RoomLine | None:
    """The room, if the reader is in it and may search in it at this moment. Raises Unavailable."""
    try:
        line = await entities.ask(f"room:{room_id}", Glance(), by=reader.by, trace=reader.trace)
    except (NotFound, PermissionDenied):
        return None
    return line if line.room.searchable and not line.room.e2ee else None


def _opened(line: RoomLine, members: Sequence[RoomMember]) -> Opened:
    """`members`: of a conversation of somebody with their therapist."""
    room = line.room
    relation = {"relation": [room.relation]} if room.relation else {}
    pair = {"therapist_id": "owner", "client_id": "member"}
    parties = {name: [one.user_id for one in members if one.role == role] for name, role in pair.items()}
    return Opened(
        type=TYPE,
        id=room.room_id,
        title=room.title,
        at=parse_instant(room.created_at),
        room_id=room.room_id,
        link=f"/rooms/{room.room_id}",
        values={"room_id": [room.room_id], "status": [room.state], **relation, **parties},
    )
