"""Desks as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Effects, Kind, Letter, Library, Principal, Recorded
from actors.worksheets.assignment.commands import CareIsOver, ClockStops, ZoneChanged
from actors.worksheets.desk import listing, trends
from actors.worksheets.desk.commands import DeskCommand, ListHanded, ListSheets, ListTrends, ListWork
from actors.worksheets.desk.entity import Desk, DeskQuery, DeskState
from actors.worksheets.desk.events import DeskEvent, Dropped, Moved, Rested, SessionHeld
from actors.worksheets.series.commands import EndSeries, SessionTook
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(DeskState).decode


class DeskKind(Kind[Desk, DeskCommand, DeskEvent]):
    """`desk:<user>`. Nobody listens to one."""

    name = "desk"
    commands = DeskCommand
    events = DeskEvent

    @override
    def create(self, key: str) -> Desk:
        return Desk(key)

    @override
    def snapshot(self, entity: Desk) -> bytes:
        return _pack(entity.kept)

    @override
    def restore(self, key: str, state: bytes) -> Desk:
        return Desk(key, _state(state))

    @override
    def admit(self, entity: Desk, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a desk.")

    @override
    def show(self, entity_id: str, recorded: Recorded[DeskEvent], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[DeskEvent], part: None) -> Effects | None:
        letters = _letters(recorded.event)
        return Effects(letters=letters) if letters else None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, DeskQuery):
            return await super().read(query, entity_id, version, library)
        match query.command:
            case ListSheets() as asked:
                return await listing.sheets(query.user, asked, library)
            case ListWork() as asked:
                return await listing.work(query.user, asked, library)
            case ListTrends() as asked:
                return await trends.trends(query.user, asked, library)
            case ListHanded() as asked:
                return await trends.handed(query.user, asked, library)


def _letters(event: DeskEvent) -> list[Letter]:
    """What is open hears of it."""
    match event:
        case Dropped():
            ended = [Letter(f"assignments:{one}", _pack(EndSeries())) for one in event.series]
            return [*(Letter(f"assignment:{one}", _pack(CareIsOver())) for one in event.assignments), *ended]
        case Rested():
            stops = _pack(ClockStops(why="care", stopped=event.stopped))
            return [Letter(f"assignment:{one}", stops) for one in event.assignments]
        case Moved():
            return [Letter(f"assignment:{one}", _pack(ZoneChanged(event.zone))) for one in event.assignments]
        case SessionHeld():
            took = _pack(SessionTook(event.booking))
            return [Letter(f"assignments:{one}", took) for one in event.series]
    return []
