"""Feeds: what we write, the library reads back, and so does our own import."""

from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars.booking.state import BookingDetails
from actors.calendars.ical.export import feed
from actors.calendars.ical.imports import busy_of
from common.timeline import DAY_MS, HOUR_MS, MINUTE_MS, merged, parse_instant

BERLIN = ZoneInfo("Europe/Berlin")
FROM, TO = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z")
STATUSES = ("held", "pending", "confirmed", "completed", "cancelled", "no_show", "expired")

records = st.builds(
    lambda number, minute, length, status, tz: BookingDetails(
        id=f"bkg_{number}",
        therapist="doc",
        client="ann",
        service="talk, listen; repeat",
        start=FROM + minute * MINUTE_MS,
        end=FROM + (minute + length) * MINUTE_MS,
        tz=tz,
        status=status,
        key="k",
        parties=(),
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
def test_a_feed_is_read_back_as_it_was_written(bookings: list[BookingDetails]) -> None:
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
    assert busy_of(text.decode(), BERLIN, FROM, TO + DAY_MS).spans == merged(busy)


def test_the_feeds_clock_is_that_of_the_calendar() -> None:
    at = parse_instant("2026-06-01T07:00:00Z")
    record = BookingDetails(
        id="bkg_1",
        therapist="doc",
        client="ann",
        service="",
        start=at,
        end=at + HOUR_MS,
        tz="Europe/Berlin",
        status="confirmed",
        key="k",
        parties=(),
    )
    text = feed([(record, 1)], "Carewire", FROM).decode()
    assert "DTSTART;TZID=Europe/Berlin:20260601T090000" in text
