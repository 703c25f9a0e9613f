"""Every operation of calendars, bookings, series and the waitlist. The rules are in `actors.calendars`."""

from collections.abc import Iterator
from typing import Any

from actors.calendars.services.assembly import CalendarServices
from serve_app.capabilities.calendars.bookings import bookings
from serve_app.capabilities.calendars.calendars import calendars
from serve_app.capabilities.calendars.feeds import feeds
from serve_app.capabilities.calendars.reminders import reminder_operations
from serve_app.capabilities.calendars.series import series
from serve_app.capabilities.calendars.waitlist import waitlist
from serve_app.edge.operation import Operation


def calendar_operations(services: CalendarServices) -> Iterator[Operation[Any]]:
    """Feeds come first: `/api/bookings/feed.ics` is no booking."""
    yield from feeds(services)
    yield from calendars(services)
    yield from bookings(services)
    yield from reminder_operations(services.bookings)
    yield from series(services)
    yield from waitlist(services)
