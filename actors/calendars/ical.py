"""iCalendar (RFC 5545): feeds of bookings, and external calendars as busy time. The library reads and writes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from actors.calendars import time
from actors.calendars.record import Record
from actors.calendars.recurrence import expand
from actors.calendars.time import Span
from config.errors import InvalidArgument

PRODUCT: Final = "-//Carewire//Calendars//EN"
MOST_SPANS: Final = 5000
_MOST_RECURRENCES: Final = 20_000  # of one event
_MOST_IN_ALL: Final = 200_000  # a second of CPU
_STATES: Final = {"confirmed": "CONFIRMED", "completed": "CONFIRMED", "no_show": "CONFIRMED", "cancelled": "CANCELLED"}


def feed(bookings: Iterable[tuple[Record, int]], name: str, now_ms: int) -> bytes:
    """A calendar of bookings (with their versions). It names nobody: ids stay inside, details are behind the login."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for record, version in bookings:
        if record.status != "expired":
            calendar.add_component(_event(record, version, now_ms))
    calendar.add_missing_timezones()
    found: bytes = calendar.to_ical()
    return found


def _event(record: Record, version: int, now_ms: int) -> Event:
    event, zone = Event(), ZoneInfo(record.tz or "UTC")
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


def busy_of(text: str, zone: ZoneInfo, start: int, end: int) -> list[Span]:
    """The busy time in [start, end) of an external calendar, recurrences expanded, merged.

    Cancelled and transparent events are free. A time without a zone, and a whole day, are the calendar's own.

    Raises:
        InvalidArgument: it is no iCalendar, or has too much in it.
    """
    try:
        calendar = Calendar.from_ical(text)
        events: list[Any] = list(calendar.walk("VEVENT"))
        moved = {(str(one.get("uid")), _ms(one["recurrence-id"].dt, zone)) for one in events if "recurrence-id" in one}
        spans: list[Span] = []
        left = _MOST_IN_ALL
        for event in events:
            if str(event.get("status", "")).upper() == "CANCELLED" or str(event.get("transp", "")) == "TRANSPARENT":
                continue
            starts, length = _recurrences(event, zone, end, moved)
            spans += [(one, one + length) for one in starts if one < end and start < one + length and length > 0]
            left -= len(starts)
            if left < 0 or len(spans) > MOST_SPANS:
                raise _too_much()
    except (ValueError, KeyError, AttributeError, TypeError, IndexError):
        raise InvalidArgument("This is not an iCalendar that can be read.", details={"field": "ics"}) from None
    return time.merged(spans)


def _too_much() -> InvalidArgument:
    why = f"At most {MOST_SPANS} times can be imported, from rules that recur {_MOST_IN_ALL} times since they began."
    return InvalidArgument(why, details={"field": "ics"})


def _recurrences(event: Any, zone: ZoneInfo, end: int, moved: set[tuple[str, int]]) -> tuple[list[int], int]:
    """When an event begins, before `end` if it recurs without one, and how long it takes."""
    begins = event["dtstart"].dt
    first = _ms(begins, zone)
    length = _length(event, begins, first, zone)
    uid = str(event.get("uid"))
    own = zone if not isinstance(begins, datetime) or begins.tzinfo is None else _zone_of(begins, zone)
    starts = [first]
    if "rrule" in event and "recurrence-id" not in event:
        gone = {_ms(one.dt, zone) for value in _listed(event, "exdate") for one in value.dts}
        horizon = timedelta(milliseconds=max(end - first, 0))
        rule = event["rrule"].to_ical().decode()
        if "UNTIL" not in rule and "COUNT" not in rule:
            rule += ";UNTIL=" + _utc(end).strftime("%Y%m%dT%H%M%SZ")
        starts = [
            one
            for one in expand(rule, first, own, most=_MOST_RECURRENCES, horizon=horizon)
            if one not in gone and (uid, one) not in moved
        ]
    starts += [_ms(one.dt, zone) for value in _listed(event, "rdate") for one in value.dts]
    return starts, length


def _length(event: Any, begins: date, first: int, zone: ZoneInfo) -> int:
    if "dtend" in event:
        return _ms(event["dtend"].dt, zone) - first
    if "duration" in event:
        return int(event["duration"].dt / timedelta(milliseconds=1))
    return 0 if isinstance(begins, datetime) else time.DAY_MS


def _listed(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _ms(moment: date, zone: ZoneInfo) -> int:
    if not isinstance(moment, datetime):
        return time.instant_of(zone, datetime(moment.year, moment.month, moment.day))
    if moment.tzinfo is None:
        return time.instant_of(zone, moment)
    return int(moment.timestamp() * 1000)


def _zone_of(moment: datetime, otherwise: ZoneInfo) -> ZoneInfo:
    return moment.tzinfo if isinstance(moment.tzinfo, ZoneInfo) else otherwise


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
