"""Calendars and agendas as the kernel sees them."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.calendars.calendar import reservations
from actors.calendars.calendar.commands import NAME, CalendarCommand, Reserved, TimeFreed
from actors.calendars.calendar.entity import Calendar
from actors.calendars.calendar.events import BusyTimeImported, CalendarEvent, Configured, ReservationRefused
from actors.calendars.calendar.reservations import OutcomeQueried, TimeReleased, TimeReserved
from actors.calendars.calendar.state import CalendarState
from actors.kernel.contract.entity import Effects, Kind, Letter, Principal, Recorded, Shown
from common.clock import to_rfc3339
from store.ports.views import Index, View

SERVICES: Final = "calendar_services"
"""Read model: which calendars offer which service."""

_pack: Final = msgspec.msgpack.Encoder().encode


class CalendarKind(Kind[Calendar, CalendarCommand, CalendarEvent]):
    """`calendar:<id>`."""

    name = "calendar"
    commands = CalendarCommand
    events = CalendarEvent
    indexes = (Index(SERVICES, ("service", "offered", "calendar")),)

    @override
    def create(self, key: str) -> Calendar:
        return Calendar(key)

    @override
    def snapshot(self, entity: Calendar) -> bytes:
        schedule = entity.planner.schedule if entity.planner is not None else None
        return _pack(CalendarState(schedule, list(entity.occupancy.entries.values()), entity.waitlist))

    @override
    def restore(self, key: str, state: bytes) -> Calendar:
        kept = msgspec.msgpack.decode(state, type=CalendarState)
        calendar = Calendar(key)
        for entry in kept.entries:
            calendar.occupancy.put(entry)
        if kept.schedule is not None:
            calendar.set_up(kept.schedule)
        calendar.waitlist = kept.waitlist
        return calendar

    @override
    def admit(self, entity: Calendar, by: Principal) -> None:
        """Free or busy is for everybody: watchers never hear whose time it is."""

    @override
    def show(self, entity_id: str, recorded: Recorded[CalendarEvent], part: None) -> Shown | None:
        """`availability_changed`; with `reload`, everything may be different. None where nothing changes for others."""
        event = recorded.event
        changes = [
            {"start": to_rfc3339(low), "end": to_rfc3339(high), "state": state}
            for low, high, state in (event.changes if isinstance(event, TimeReserved | TimeReleased) else ())
        ]
        reload_all = isinstance(event, Configured | BusyTimeImported)
        if not changes and not reload_all:
            return None
        payload = {"therapist_id": _key(entity_id), "version": recorded.seq, "changes": changes}
        return Shown("availability_changed", msgspec.json.encode(payload | ({"reload": True} if reload_all else {})))

    @override
    def effects(self, entity_id: str, recorded: Recorded[CalendarEvent], part: None) -> Effects | None:
        event = recorded.event
        match event:
            case OutcomeQueried():
                return Effects(letters=[reservations.outcome_query(entity_id, event)])
            case Configured():
                return Effects(views=_offers(_key(entity_id), recorded.seq, event))
            case ReservationRefused():
                return Effects(letters=[Letter(event.owner, _pack(Reserved(event.key, _key(entity_id))))])
            case TimeReserved() if event.entry.owner.startswith("waitlist:"):
                entry = event.entry
                reserved = Reserved(entry.key, _key(entity_id), entry.start, entry.end)
                return Effects(letters=[Letter(entry.owner, _pack(reserved))])
            case TimeReleased() if event.waiting and event.changes:
                opened = [TimeFreed(_key(entity_id), low, high) for low, high, _ in event.changes]
                return Effects(letters=[Letter(NAME, _pack(one)) for one in opened])
        return None


def _offers(calendar: str, version: int, event: Configured) -> list[View]:
    is_therapist = event.schedule.kind == "therapist"  # a room is never an alternative to a person
    offered = [(one.service_id, is_therapist) for one in event.schedule.services] + [
        (one, False) for one in event.dropped
    ]
    return [
        View(
            SERVICES,
            f"{service}|{calendar}",
            version,
            {"service": service, "calendar": calendar, "offered": is_offered},
        )
        for service, is_offered in offered
    ]


def _key(entity_id: str) -> str:
    return entity_id.partition(":")[2]
