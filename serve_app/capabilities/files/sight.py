"""Who may read a file: its owner, and whoever sees a message that it stands in. Judged at each request, by the room as
it is at that moment, so a right ends with a membership, with a message, with a file."""

import asyncio
from dataclasses import dataclass
from typing import Final

from actors.files.commands import KnowFile, KnownFile
from actors.files.records import FileRecord, Place, ShownFile, shown
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.replies import Witnessed
from actors.rooms.room.commands import Witness
from common.clock import Clock
from common.errors import CarewireError, NotFound, PermissionDenied

_ARRIVING_MS: Final = 5_000
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class VisibleFile:
    """A file as somebody may see it. `blurred`: of its picture they get a blurred one. `owner`: as whom they see its
    owner."""

    record: FileRecord
    name: str
    blurred: bool
    owner: str
    owned: bool = False

    def shown(self) -> ShownFile:
        """As an answer."""
        return shown(self.record, self.name, blurred=self.blurred, owner=self.owner)


class FileSight:
    """One a process."""

    def __init__(self, entities: EntityClient, clock: Clock) -> None:
        self._entities, self._clock = entities, clock

    async def of(self, file_id: str, by: Principal, trace: str = "") -> VisibleFile:
        """The file, for whoever may see it. A file that was put into a message a moment ago may not have heard of it
        yet: it is asked again for a while.

        Raises:
            NotFound: there is none, or none for them.
            Unavailable: a room does not answer.
        """
        known = await self._known(file_id, trace)
        for pause_s in (*_PAUSES_S, None):
            if (seen := await self._seen(known, by, trace)) is not None:
                return seen
            arriving = known.expected and self._clock.platform_ms() - known.expected < _ARRIVING_MS
            if pause_s is None or not arriving or known.record.state != "ready":
                break
            await asyncio.sleep(pause_s)
            known = await self._known(file_id, trace)
        raise _absent(file_id)

    async def _known(self, file_id: str, trace: str) -> KnownFile:
        known = await self._entities.ask(entity_of(file_id), KnowFile(), by=SYSTEM, trace=trace)
        if known.record.state == "erased":
            raise _absent(file_id)
        return known

    async def _seen(self, known: KnownFile, by: Principal, trace: str) -> VisibleFile | None:
        record = known.record
        if by.user == record.owner:
            return VisibleFile(record, known.name, False, record.owner, owned=True)
        if record.state != "ready":
            return None
        found: VisibleFile | None = None
        for place in reversed(record.places):
            witnessed = await self._witnessed(place, by, trace)
            if witnessed is None or record.id not in witnessed.files:
                continue
            blurred = witnessed.blurred and record.picture is not None and by.user not in record.accepted
            found = VisibleFile(record, known.name, blurred, witnessed.shown_as)
            if not blurred:
                break
        return found

    async def _witnessed(self, place: Place, by: Principal, trace: str) -> Witnessed | None:
        try:
            return await self._entities.ask(f"room:{place.room}", Witness(place.message), by=by, trace=trace)
        except (NotFound, PermissionDenied):
            return None


def entity_of(file_id: str) -> str:
    """The entity of a file."""
    return f"file:{file_id}"


def _absent(file_id: str) -> CarewireError:
    return NotFound("There is no such file.", file=file_id)
