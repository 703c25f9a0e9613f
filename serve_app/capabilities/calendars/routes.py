"""Every route of this capability, for the application to include."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from serve_app.capabilities.calendars.bookings import booking_routes, series_routes, waitlist_routes
from serve_app.capabilities.calendars.calendars import calendar_routes, feed_routes


def routers(services: CalendarServices) -> list[APIRouter]:
    """Feeds come first: `/api/bookings/feed.ics` is no booking."""
    return [
        feed_routes(services),
        calendar_routes(services),
        booking_routes(services),
        series_routes(services),
        waitlist_routes(services),
    ]
