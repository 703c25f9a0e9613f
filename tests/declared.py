"""What the capabilities declare, without a gateway: for tests that compare declarations."""

from typing import Any

from actors.calendars.services.assembly import calendar_services
from realtime.front.handlers import Handler, by_event
from serve_app.capabilities.calendars import watching
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.capabilities.calendars.watching import CalendarWatching
from serve_app.capabilities.rooms.events import Chat
from serve_app.edge.operation import Declared
from serve_app.edge.sockets import handlers_of

_ABSENT: Any = None  # what operations and handlers would need to be called


def declared_events() -> dict[str, Handler]:
    """Every event of rooms, inboxes, calendars and bookings."""
    services = calendar_services(_ABSENT, _ABSENT, _ABSENT, _ABSENT)
    chat, calendars = Chat(*[_ABSENT] * 5), CalendarWatching(services, _ABSENT, _ABSENT)
    return by_event([*chat.handlers(), *calendars.handlers(), *handlers_of(calendar_operations(services))])


def declared() -> list[Declared]:
    """Every declaration of what clients may ask for."""
    services = calendar_services(_ABSENT, _ABSENT, _ABSENT, _ABSENT)
    return [*calendar_operations(services), *watching.EVENTS]
