"""iCalendar (RFC 5545): feeds of bookings. What others write is read by `imports`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event

from actors.calendars.booking.state import BookingDetails
from actors.calendars.ical.vtimezones import vtimezone
from common import timeline

PRODUCT: Final = "-//Carewire//Calendars//EN"
_STATES: Final = {"confirmed": "CONFIRMED", "completed": "CONFIRMED", "no_show": "CONFIRMED", "cancelled": "CANCELLED"}


def feed(bookings: Iterable[tuple[BookingDetails, int]], name: str, now_ms: int) -> bytes:
    """A calendar of bookings (with their versions). It names nobody: ids stay inside, details are behind the login."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    shown = [booking for booking in bookings if booking[0].status != "expired"]
    for name in sorted({record.tz for record, _ in shown} - {"", "UTC"}):
        calendar.add_component(vtimezone(name))
    for record, version in shown:
        calendar.add_component(_event(record, version, now_ms))
    found: bytes = calendar.to_ical()
    return found


def _event(record: BookingDetails, version: int, now_ms: int) -> Event:
    event, zone = Event(), timeline.kept_zone(record.tz or "UTC")
    event.add("uid", f"{record.id}@carewire")
    event.add("sequence", version)
    event.add("dtstamp", _utc(record.updated or now_ms))
    event.add("dtstart", _utc(record.start).astimezone(zone))
    event.add("dtend", _utc(record.end).astimezone(zone))
    event.add("summary", record.service or "Appointment")
    event.add("status", _STATES.get(record.status, "TENTATIVE"))
    event.add("created", _utc(record.created))
    event.add("last-modified", _utc(record.updated))
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT" if record.status == "cancelled" else "OPAQUE")
    return event


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
