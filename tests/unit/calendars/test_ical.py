"""iCalendar both ways: what we write, the library reads back; what others write becomes busy time."""

from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars.ical import busy_of, feed
from actors.calendars.record import Record
from actors.calendars.time import DAY_MS, HOUR_MS, MINUTE_MS, merged, parse_instant
from config.clock import to_rfc3339
from config.errors import InvalidArgument

BERLIN = ZoneInfo("Europe/Berlin")
FROM, TO = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z")
STATUSES = ("held", "pending", "confirmed", "completed", "cancelled", "no_show", "expired")

records = st.builds(
    lambda number, minute, length, status, tz: Record(
        f"bkg_{number}",
        "doc",
        "ann",
        "talk, listen; repeat",
        FROM + minute * MINUTE_MS,
        FROM + (minute + length) * MINUTE_MS,
        tz,
        status,
        "k",
        (),
        created=FROM,
        updated=FROM,
    ),
    st.integers(0, 10**6),
    st.integers(0, 364 * 24 * 60),
    st.integers(1, 600),
    st.sampled_from(STATUSES),
    st.sampled_from(("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")),
)


@given(st.lists(records, max_size=8, unique_by=lambda one: one.id))
@settings(max_examples=40, deadline=None)
def test_a_feed_is_read_back_as_it_was_written(bookings: list[Record]) -> None:
    text = feed([(one, number + 1) for number, one in enumerate(bookings)], "Carewire", FROM)
    calendar = icalendar.Calendar.from_ical(text)
    read: dict[str, Any] = {str(one["uid"]): one for one in calendar.walk("VEVENT")}
    expected = [(number + 1, one) for number, one in enumerate(bookings) if one.status != "expired"]
    assert set(read) == {f"{one.id}@carewire" for _, one in expected}
    for version, one in expected:
        event = read[f"{one.id}@carewire"]
        assert int(event["dtstart"].dt.timestamp() * 1000) == one.start
        assert int(event["dtend"].dt.timestamp() * 1000) == one.end
        assert event["sequence"] == version
        assert (event["status"] == "CANCELLED") == (one.status == "cancelled")
        assert str(event["summary"]) == one.service
    zones = {one.tz for _, one in expected} - {"UTC"}
    assert {str(one["tzid"]) for one in calendar.walk("VTIMEZONE")} == zones
    busy = [(one.start, one.end) for _, one in expected if one.status != "cancelled"]
    assert busy_of(text.decode(), BERLIN, FROM, TO + DAY_MS) == merged(busy)


def spans(*lines: str) -> list[tuple[str, str]]:
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", ""])
    return [(to_rfc3339(low)[:16], to_rfc3339(high)[:16]) for low, high in busy_of(text, BERLIN, FROM, TO)]


def event(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")


def test_recurrences_are_expanded_on_the_wall_without_exceptions_and_with_what_was_moved() -> None:
    found = spans(
        *event(
            "DTSTART;TZID=Europe/Berlin:20260316T090000",
            "DTEND;TZID=Europe/Berlin:20260316T100000",
            "RRULE:FREQ=WEEKLY;WKST=SU;COUNT=4;BYDAY=MO",
            "EXDATE;TZID=Europe/Berlin:20260323T090000",
        ),
        *event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000",
            "DTSTART;TZID=Europe/Berlin:20260407T150000",
            "DURATION:PT30M",
        ),
    )
    assert found == [
        ("2026-03-16T08:00", "2026-03-16T09:00"),
        ("2026-03-30T07:00", "2026-03-30T08:00"),
        ("2026-04-07T13:00", "2026-04-07T13:30"),
    ]


def test_whole_days_and_times_without_a_zone_are_the_calendars_own_and_free_events_are_free() -> None:
    found = spans(
        *event("DTSTART;VALUE=DATE:20260704"),
        *event("DTSTART:20260710T090000", "DTEND:20260710T100000"),
        *event("DTSTART:20260711T090000Z", "DTEND:20260711T100000Z", "STATUS:CANCELLED"),
        *event("DTSTART:20260712T090000Z", "DTEND:20260712T100000Z", "TRANSP:TRANSPARENT"),
    )
    assert found == [("2026-07-03T22:00", "2026-07-04T22:00"), ("2026-07-10T07:00", "2026-07-10T08:00")]


def test_an_event_that_has_recurred_for_years_is_still_seen() -> None:
    found = spans(*event("DTSTART:20180101T090000Z", "DTEND:20180101T093000Z", "RRULE:FREQ=DAILY"))
    assert len(found) == 365


@pytest.mark.parametrize(
    "text", ["", "hello", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR"]
)
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        busy_of(text, BERLIN, FROM, TO)


def test_the_feeds_clock_is_that_of_the_calendar() -> None:
    at = parse_instant("2026-06-01T07:00:00Z")
    record = Record("bkg_1", "doc", "ann", "", at, at + HOUR_MS, "Europe/Berlin", "confirmed", "k", ())
    text = feed([(record, 1)], "Carewire", FROM).decode()
    assert "DTSTART;TZID=Europe/Berlin:20260601T090000" in text


def test_an_import_may_not_recur_for_ever_however_many_events_share_it() -> None:
    lines = [*event("DTSTART:19900101T090000Z", "DTEND:19900101T100000Z", "RRULE:FREQ=DAILY;COUNT=9000")] * 30
    with pytest.raises(InvalidArgument, match="At most"):
        spans(*lines)
