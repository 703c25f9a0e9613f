"""What somebody may find in rooms. The rooms say so; what they said is kept for as long as nothing has moved that could
change it: the membership (left, come again, seen from another moment on), and the profile of the room (searched, or not
any more). Both are read anew for every question, and both are written before whoever changed them is answered."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.ports import EntityClient
from actors.rooms.conversation.commands import MaySearch
from actors.rooms.messages.views import SEARCHING
from actors.rooms.room.sight import Sight
from common.errors import NotFound, PermissionDenied
from common.lib.cache import BoundedCache
from serve_app.capabilities.search.sources.entry import Reader
from store.ports.views import Views

_MOST: Final = 100_000
Epoch = tuple[int, int]
"""Of one person in one room: versions of the membership, and of the profile (0: as it began)."""


@dataclass(frozen=True, slots=True)
class _Kept:
    epoch: Epoch
    sight: Sight | None


class RoomPermits:
    """One a process."""

    def __init__(self, entities: EntityClient, views: Views) -> None:
        self._entities, self._views = entities, views
        self._kept: BoundedCache[tuple[str, str], _Kept] = BoundedCache(_MOST)

    async def of(self, rooms: Collection[str], reader: Reader) -> Mapping[str, Sight]:
        """How the reader sees those of these rooms in which they may search. Raises Unavailable."""
        new = [room for room in dict.fromkeys(rooms) if room not in reader.sights]
        if new:
            reader.sights |= await self._sights(new, reader)
        return {room: sight for room in rooms if (sight := reader.sights[room]) is not None}

    async def _sights(self, rooms: Sequence[str], reader: Reader) -> dict[str, Sight | None]:
        user, epochs = reader.by.user, await self._epochs(rooms, reader)
        found: dict[str, Sight | None] = dict.fromkeys(rooms)
        asked = []
        for room, epoch in epochs.items():
            kept = self._kept.get((user, room))
            if kept is not None and kept.epoch == epoch:
                found[room] = kept.sight
            else:
                asked.append(room)
        told = await asyncio.gather(*(self._ask(room, reader) for room in asked))
        for room, sight in zip(asked, told, strict=True):
            found[room] = sight
            self._kept.put((user, room), _Kept(epochs[room], sight))
        return found

    async def _epochs(self, rooms: Sequence[str], reader: Reader) -> Mapping[str, Epoch]:
        """Of the rooms that they are in, as it is by now."""
        members, profiles = await asyncio.gather(reader.memberships(), self._views.get(SEARCHING, rooms))
        moved = {room: view.version for room, view in profiles.items()}
        return {room: (members[room], moved.get(room, 0)) for room in rooms if room in members}

    async def _ask(self, room: str, reader: Reader) -> Sight | None:
        try:
            told = await self._entities.ask(f"room:{room}", MaySearch(), by=reader.by, trace=reader.trace)
        except (NotFound, PermissionDenied):
            return None
        return told.sight if told.searched else None
