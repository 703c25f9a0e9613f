"""The events of the capabilities as they are declared, without a gateway: for tests that compare declarations."""

from typing import Any

from actors.calendars.services.assembly import calendar_services
from realtime.front.handlers import Handler, by_event
from serve_app.capabilities.calendars.booking_events import booking_handlers
from serve_app.capabilities.calendars.calendar_events import CalendarEvents
from serve_app.capabilities.rooms.events import Chat


def declared_events() -> dict[str, Handler]:
    """Every event of rooms, inboxes, calendars and bookings. What handlers would need to be called is not there."""
    absent: Any = None
    services = calendar_services(absent, absent, absent, absent)
    chat, calendars = Chat(*[absent] * 5), CalendarEvents(services, absent, absent)
    return by_event([*chat.handlers(), *calendars.handlers(), *booking_handlers(services)])
