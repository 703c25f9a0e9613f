"""Appointments in mails, for the calendar of who reads them (RFC 5545, RFC 5546, RFC 6047). Pure."""

from datetime import UTC, datetime
from functools import cache
from typing import Final

from icalendar import Calendar, Event, vCalAddress, vRecur, vText

from actors.calendars.ical.vtimezones import vtimezone
from actors.notifications.activities import CalendarInvitation
from serve_app.capabilities.email.catalogues import zone_of

_PRODUCT: Final = "-//Carewire//Invitations//EN"
_EVENT: Final = b"BEGIN:VEVENT\r\n"


def ics(invitation: CalendarInvitation, *, organizer: str, attendee: str, made_at_ms: int) -> bytes:
    """The appointment as its own calendar object: one UID, one method. Who organizes it is the address that mails come
    from, so answers disturb nobody."""
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", invitation.method)
    calendar.add_component(_event(invitation, organizer, attendee, made_at_ms))
    head, event, rest = calendar.to_ical().partition(_EVENT)
    return bytes(head + _zone(invitation.tz) + event + rest)


@cache
def _zone(name: str) -> bytes:
    """The zone as text: writing it out takes longer than all the rest. b"": UTC needs none."""
    return b"" if zone_of(name) is UTC else bytes(vtimezone(name).to_ical())


def _event(invitation: CalendarInvitation, organizer: str, attendee: str, made_at_ms: int) -> Event:
    event, zone, cancelled = Event(), zone_of(invitation.tz), invitation.method == "CANCEL"
    event.add("uid", invitation.uid)
    event.add("sequence", invitation.sequence)
    event.add("dtstamp", datetime.fromtimestamp(made_at_ms / 1000, UTC))
    event.add("dtstart", datetime.fromtimestamp(invitation.start_ms / 1000, zone))
    event.add("dtend", datetime.fromtimestamp(invitation.end_ms / 1000, zone))
    event.add("summary", invitation.summary)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    if invitation.description:
        event.add("description", invitation.description)
    if invitation.url:
        event.add("url", invitation.url)
    if invitation.rrule:
        event.add("rrule", vRecur.from_ical(invitation.rrule))
    event.add("organizer", _organizer(invitation.organizer, organizer))
    event.add("attendee", _attendee(attendee))
    return event


def _organizer(name: str, address: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{address}")
    if name:
        found.params["CN"] = vText(name)
    return found


def _attendee(address: str) -> vCalAddress:
    """Whoever booked comes: nobody is asked again."""
    found = vCalAddress(f"mailto:{address}")
    found.params["ROLE"] = vText("REQ-PARTICIPANT")
    found.params["PARTSTAT"] = vText("ACCEPTED")
    found.params["RSVP"] = vText("FALSE")
    return found
