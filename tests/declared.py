"""What the capabilities declare, without a gateway: for tests that compare declarations."""

from typing import Any

from actors.calendars.services.assembly import calendar_services
from realtime.front.handlers import Handler, by_event
from serve_app.capabilities.calendars import watching
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.capabilities.calendars.watching import CalendarWatching
from serve_app.capabilities.rooms import listening
from serve_app.capabilities.rooms.listening import RoomListening
from serve_app.capabilities.rooms.operations import room_operations
from serve_app.capabilities.rooms.ports import RoomServices
from serve_app.edge.operation import Declared, Operation
from serve_app.edge.sockets import handlers_of

_ABSENT: Any = None  # what operations and handlers would need to be called


def operations() -> list[Operation[Any]]:
    """Every operation of rooms, inboxes, calendars and bookings."""
    rooms, calendars = RoomServices(_ABSENT, _ABSENT, _ABSENT), calendar_services(*[_ABSENT] * 4)
    return [*room_operations(rooms), *calendar_operations(calendars)]


def declared() -> list[Declared]:
    """Every declaration of what clients may ask for."""
    return [*operations(), *watching.EVENTS, *listening.EVENTS]


def declared_events() -> dict[str, Handler]:
    """The handler of each."""
    chat = RoomListening(_ABSENT, _ABSENT, _ABSENT)
    calendars = CalendarWatching(_ABSENT, _ABSENT, _ABSENT)
    return by_event([*chat.handlers(), *calendars.handlers(), *handlers_of(operations())])
