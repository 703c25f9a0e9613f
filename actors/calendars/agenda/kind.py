"""Agendas as the kernel sees them."""

import msgspec
from typing_extensions import override

from actors.calendars.agenda.commands import AgendaCommand
from actors.calendars.agenda.entity import Agenda
from actors.calendars.agenda.events import AgendaEvent
from actors.calendars.calendar import reservations
from actors.calendars.calendar.kind import _pack
from actors.calendars.calendar.occupancy import TimeEntry
from actors.calendars.calendar.reservations import OutcomeQueried
from actors.kernel.contract.entity import Effects, Kind, Principal, Recorded, Shown
from common.errors import PermissionDenied


class AgendaKind(Kind[Agenda, AgendaCommand, AgendaEvent]):
    """`client:<user id>`."""

    name = "client"
    commands = AgendaCommand
    events = AgendaEvent

    @override
    def create(self, key: str) -> Agenda:
        return Agenda(key)

    @override
    def snapshot(self, entity: Agenda) -> bytes:
        return _pack(list(entity.occupancy.entries.values()))

    @override
    def restore(self, key: str, state: bytes) -> Agenda:
        agenda = Agenda(key)
        for entry in msgspec.msgpack.decode(state, type=list[TimeEntry]):
            agenda.occupancy.put(entry)
        return agenda

    @override
    def admit(self, entity: Agenda, by: Principal) -> None:
        """Raises PermissionDenied: nobody listens to an agenda; what concerns a client is in their inbox."""
        raise PermissionDenied("Agendas cannot be listened to.")

    @override
    def show(self, entity_id: str, recorded: Recorded[AgendaEvent], part: None) -> Shown | None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[AgendaEvent], part: None) -> Effects | None:
        event = recorded.event
        return (
            Effects(letters=[reservations.outcome_query(entity_id, event)])
            if isinstance(event, OutcomeQueried)
            else None
        )
