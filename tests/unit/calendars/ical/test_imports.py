"""What other people's programs write becomes busy time, event by event, at a cost that is bounded."""

import asyncio
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.calendars.contract.replies import LeftOut
from actors.calendars.ical.busy import MOST_SPANS
from actors.calendars.ical.imports import busy_of, reading
from actors.calendars.services.feeds.feeds import in_slices, told
from common.clock import to_rfc3339
from common.errors import InvalidArgument
from common.timeline import parse_instant

BERLIN, KOLKATA, NEW_YORK = map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "America/New_York"))
FROM, TO = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2027-01-01T00:00:00Z")
CONTROL = ("BEGIN:VEVENT", "UID:control", "DTSTART:20260101T120000Z", "DURATION:PT1M", "END:VEVENT")
OUTLOOK = (  # New York, under a name of its own
    "BEGIN:VTIMEZONE",
    "TZID:Customized Time Zone 1",
    "BEGIN:STANDARD",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:-0400",
    "TZOFFSETTO:-0500",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:-0500",
    "TZOFFSETTO:-0400",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", ""])


def event(*lines: str, uid: str = "1") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT")


def spans(*lines: str, zone: ZoneInfo = BERLIN) -> list[tuple[str, str]]:
    busy = busy_of(calendar(*lines), zone, FROM, TO)
    assert busy.left_out == []
    return [(to_rfc3339(low)[:16], to_rfc3339(high)[:16]) for low, high in busy.spans]


def starts(*lines: str, zone: ZoneInfo = BERLIN) -> list[str]:
    return [low[5:] for low, _ in spans(*lines, zone=zone)]


def left(*lines: str) -> list[tuple[int, str, str]]:
    """Beside an event that is always read."""
    busy = busy_of(calendar(*CONTROL, *lines), BERLIN, FROM, TO)
    assert parse_instant("2026-01-01T12:00:00Z") in [low for low, _ in busy.spans]
    return [(one.index, one.reason, one.uid) for one in busy.left_out]


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
    lines = (
        *event("DTSTART;VALUE=DATE:20260704"),
        *event("DTSTART:20260710T090000", "DTEND:20260710T100000"),
        *event("DTSTART:20260711T090000Z", "DTEND:20260711T100000Z", "STATUS:cancelled"),
        *event("DTSTART:20260712T090000Z", "DTEND:20260712T100000Z", "TRANSP:transparent"),
        *event("DTSTART:20300712T090000Z", "DTEND:20300712T100000Z", "RRULE:FREQ=YEARLY"),
    )
    assert spans(*lines) == [("2026-07-03T22:00", "2026-07-04T22:00"), ("2026-07-10T07:00", "2026-07-10T08:00")]
    busy = busy_of(calendar(*lines), BERLIN, FROM, TO)
    assert (busy.events, busy.free, busy.outside) == (5, 2, 1)


@pytest.mark.parametrize("since", ["20180101", "19600101", "16010101", "00040101"])
def test_an_event_that_has_recurred_for_years_is_still_seen(since: str) -> None:
    assert len(spans(*event(f"DTSTART:{since}T090000Z", "DURATION:PT30M", "RRULE:FREQ=DAILY"))) == 365


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("RRULE:FREQ=WEEKLY;UNTIL=20260303T235959Z",), ["03-04T09:00"]),  # DTSTART is the first, RFC 5545 3.8.5.3
        (("RRULE:FREQ=WEEKLY;COUNT=3;UNTIL=20260313T000000Z",), ["03-04T09:00", "03-11T09:00"]),
        (("RRULE:FREQ=WEEKLY;COUNT=2;UNTIL=20260413T000000Z",), ["03-04T09:00", "03-11T09:00"]),
        (("RRULE:FREQ=YEARLY;BYDAY=TH;BYWEEKNO=10,11;COUNT=3",), ["03-04T09:00", "03-05T09:00", "03-12T09:00"]),
        (("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=WE;BYSETPOS=1",), ["03-04T09:00"]),
        (("RRULE:FREQ=MONTHLY;BYDAY=+1WE;COUNT=2",), ["03-04T09:00", "04-01T09:00"]),
        (("RRULE:FREQ=WEEKLY; COUNT=2 ;",), ["03-04T09:00", "03-11T09:00"]),
        (("RRULE:FREQ=DAILY;BYHOUR=9,14;COUNT=3",), ["03-04T09:00", "03-04T14:00", "03-05T09:00"]),
        (
            ("RDATE;VALUE=PERIOD:20260310T090000Z/PT2H,20260311T090000Z/20260311T093000Z",),
            ["03-04T09:00", "03-10T09:00", "03-11T09:00"],
        ),
        (("RDATE;VALUE=DATE:20260310",), ["03-04T09:00", "03-10T09:00"]),
        (("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260305"), ["03-04T09:00", "03-06T09:00"]),
        (("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260305T090000Z,20260304T090000Z"), ["03-06T09:00"]),
        (("RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"), ["03-05T09:00", "03-07T09:00"]),
        (("RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=MONTHLY;COUNT=2"), ["03-04T09:00", "03-05T09:00", "04-04T09:00"]),
    ],
)
def test_what_real_programs_write_is_read(lines: Sequence[str], found: list[str]) -> None:
    assert starts(*event("DTSTART:20260304T090000Z", "DURATION:PT1H", *lines)) == found


def test_whole_days_recur_by_their_dates_however_these_are_written() -> None:
    daily = ("DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;COUNT=4")
    assert spans(*event(*daily, "EXDATE:20260330T000000Z")) == [
        ("2026-03-27T23:00", "2026-03-29T22:00"),  # 47 hours: clocks change
        ("2026-03-30T22:00", "2026-03-31T22:00"),
    ]
    same_day = event("DTSTART;VALUE=DATE:20260704", "DTEND;VALUE=DATE:20260704")
    assert spans(*same_day) == [("2026-07-03T22:00", "2026-07-04T22:00")]


def test_an_occurrence_that_is_replaced_by_its_date_is_gone_from_its_old_time() -> None:
    daily = event("DTSTART;TZID=Europe/Berlin:20260708T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    moved = event("RECURRENCE-ID;VALUE=DATE:20260709", "DTSTART:20260709T150000Z", "DURATION:PT1H")
    gone = event("RECURRENCE-ID;TZID=Europe/Berlin:20260710T090000", "DTSTART:20260710T070000Z", "STATUS:CANCELLED")
    assert starts(*daily, *moved, *gone) == ["07-08T07:00", "07-09T15:00"]


def test_an_occurrence_whose_replacement_cannot_be_read_stays_where_it_was() -> None:
    daily = event("DTSTART:20260708T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2")
    moved = event("RECURRENCE-ID:20260709T090000Z", "DTSTART;TZID=Nowhere:20260709T150000", "DURATION:PT1H")
    busy = busy_of(calendar(*daily, *moved), BERLIN, FROM, TO)
    assert (len(busy.spans), [one.reason for one in busy.left_out]) == (2, ["unknown_time_zone"])


def test_free_and_busy_lists_and_several_calendars_in_a_file_are_read() -> None:
    lists = (
        *("BEGIN:VFREEBUSY", "UID:f", "DTSTART:20260301T000000Z"),
        *("FREEBUSY;FBTYPE=BUSY:20260308T090000Z/20260308T100000Z,20260309T090000Z/PT30M",),
        *("FREEBUSY;FBTYPE=FREE:20260310T090000Z/PT1H", "FREEBUSY:20260311T090000Z/PT1H", "END:VFREEBUSY"),
    )
    assert starts(*lists) == ["03-08T09:00", "03-09T09:00", "03-11T09:00"]
    two = calendar(*event("DTSTART:20260304T090000Z", "DURATION:PT1H")) + calendar(*lists)
    assert len(busy_of(two, BERLIN, FROM, TO).spans) == 4


def test_alarms_within_an_event_are_not_the_event() -> None:
    alarm = ("BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT5M", "END:VALARM")
    assert spans(*event("DTSTART:20260304T090000Z", *alarm, "DURATION:PT1H")) == [
        ("2026-03-04T09:00", "2026-03-04T10:00")
    ]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("SUMMARY:nothing",), "no_start"),
        (("DTSTART:2026-03-04T09:00:00",), "bad_time"),
        (("DTSTART:20260230T090000Z",), "bad_time"),
        (("DTSTART:20260304T090000Z", "DTEND:20260303T090000Z"), "ends_before_start"),
        (("DTSTART:20260304T090000Z", "DURATION:an hour"), "bad_time"),
        (("DTSTART:20260304T090000Z", "RRULE:FREQ=OFTEN"), "bad_rule"),
        (("DTSTART:20260304T090000Z", "RRULE:FREQ=DAILY;UNTIL=then"), "bad_rule"),
        (("DTSTART:20260304T090000Z", "RRULE FREQ=DAILY"), "malformed"),
        (("DTSTART:20260304T090000Z", "BEGIN:VALARM"), "malformed"),
        (("DTSTART;TZID=Nowhere/Else:20260304T090000",), "unknown_time_zone"),
        (("DTSTART:20260304T090000Z", "EXDATE;TZID=My zone:20260304T090000"), "unknown_time_zone"),
        (("DTSTART:20260304T090000Z", "DURATION:PT1S", "RRULE:FREQ=MINUTELY;INTERVAL=2"), "too_many_times"),
        (("DTSTART:20260304T090000Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"), "rule_takes_too_long"),
        (("DTSTART:00040229T090000Z", "RRULE:FREQ=DAILY;BYMONTH=2;BYDAY=5MO;COUNT=9000"), "rule_takes_too_long"),
        (("DTSTART:20260304T090000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260303T090000Z"), "range_not_supported"),
    ],
)
def test_one_bad_event_is_left_out_and_named_and_the_others_are_read(lines: Sequence[str], reason: str) -> None:
    assert left(*event(*lines, uid="bad@x")) == [(1, reason, "bad@x")]


def test_an_event_without_an_end_and_tasks_are_named_too() -> None:
    assert left("BEGIN:VEVENT", "UID:open", "DTSTART:20260304T090000Z", *CONTROL) == [(1, "malformed", "open")]
    assert left("BEGIN:VTODO", "UID:task", "DUE:20260304T090000Z", "END:VTODO") == [(1, "not_busy_time", "task")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "BEGIN:VCALENDAR",
        calendar(*CONTROL).replace("END:VCALENDAR", ""),
        calendar(*CONTROL).replace("END:VCALENDAR", "") + calendar(*CONTROL),
        calendar("BEGIN:VEVENT", "END:VEVENT"),
        calendar("BEGIN:VTODO", "END:VTODO"),
        calendar("BEGIN:A\r\n" * 5000),
    ],
)
def test_what_is_no_calendar_or_cut_off_or_has_nothing_that_can_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        busy_of(text, BERLIN, FROM, TO)


def test_a_calendar_that_has_become_empty_is_told_so() -> None:
    assert msgspec.to_builtins(told(0, busy_of(calendar(), BERLIN, FROM, TO))) == {
        "imported": 0,
        "events": 0,
        "free": 0,
        "outside": 0,
        "left_out": [],
        "left_out_total": 0,
    }


def test_those_left_out_are_told_by_number_and_uid_and_no_more_than_a_hundred() -> None:
    bad = event("SUMMARY:Anna", uid="x" * 500) * 300
    answer = told(1, busy_of(calendar(*CONTROL, *bad), BERLIN, FROM, TO))
    assert (answer.left_out_total, len(answer.left_out)) == (300, 100)
    assert answer.left_out[0] == LeftOut(index=1, reason="no_start", uid="x" * 120)


def test_the_files_own_zone_is_kept_over_its_changes_of_clocks() -> None:
    weekly = event("DTSTART;TZID=Customized Time Zone 1:20260302T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert starts(*OUTLOOK, *weekly, zone=KOLKATA) == ["03-02T14:00", "03-09T13:00", "03-16T13:00"]


def test_a_definition_stands_above_what_its_name_means_elsewhere() -> None:
    """Summer time that begins on another day."""
    lines = "\n".join(OUTLOOK).replace("Customized Time Zone 1", "Eastern Standard Time").replace("2SU", "3SU")
    weekly = event("DTSTART;TZID=Eastern Standard Time:20260302T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert starts(*lines.split("\n"), *weekly) == ["03-02T14:00", "03-09T14:00", "03-16T13:00"]


def test_a_list_of_changes_that_ends_does_not_stand_above_a_zone_of_the_database() -> None:
    zone = (
        *("BEGIN:VTIMEZONE", "TZID:America/New_York", "BEGIN:STANDARD", "DTSTART:20251102T020000"),
        *("TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "END:STANDARD", "END:VTIMEZONE"),
    )
    weekly = event("DTSTART;TZID=America/New_York:20260302T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert starts(*zone, *weekly) == ["03-02T14:00", "03-09T13:00"]


@pytest.mark.parametrize("missing", ["TZOFFSETTO:-0500", "DTSTART:16010101T020000", "END:STANDARD"])
def test_a_definition_that_cannot_be_read_leaves_its_events_out(missing: str) -> None:
    zone = [one for one in OUTLOOK if one != missing]
    bad = event("DTSTART;TZID=Customized Time Zone 1:20260302T090000", "DURATION:PT1H")
    assert [reason for _, reason, _ in left(*zone, *bad)] == ["bad_time_zone"]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("US/Eastern", "America/New_York"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("SA Pacific Standard Time", "America/Bogota"),
        ("w. europe standard time", "Europe/Berlin"),
        ('"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"', "Europe/Berlin"),
        ('"(UTC-05:00) Eastern Time (US & Canada)"', "America/New_York"),
        ('"(UTC) Dublin, Edinburgh, Lisbon, London"', "Europe/London"),
    ],
)
def test_names_that_mean_one_zone_for_sure_are_known(name: str, known: str) -> None:
    for month in ("01", "07"):
        mine, plain = (
            starts(*event(f"DTSTART;TZID={one}:2026{month}05T090000", "DURATION:PT1H")) for one in (name, known)
        )
        assert mine == plain


@pytest.mark.parametrize(
    "name",
    ["Berlin", '"(UTC+05:00) Berlin, Rome"', '"(UTC+01:00) Berlin, London"', "CEST", "localtime", "Factory", "GMT+1"],
)
def test_names_that_mean_nothing_for_sure_are_refused(name: str) -> None:
    bad = event(f"DTSTART;TZID={name}:20260305T090000", "DURATION:PT1H")
    assert [reason for _, reason, _ in left(*bad)] == ["unknown_time_zone"]


HOSTILE = [
    event("DTSTART;VALUE=DATE:00040229", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"),
    event("DTSTART;VALUE=DATE:00040229", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=5"),
    event("DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    event("DTSTART:20260101T000000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY;INTERVAL=2"),
    event("DTSTART:16010101T000000", "DURATION:P999999W", "RRULE:FREQ=DAILY"),
    event("DTSTART:20260101T000000", "RDATE:" + ",".join(["20260101T000000"] * 100)),
    event("DTSTART:20260101T000000", *["RRULE:FREQ=DAILY;UNTIL=20260202T000000"] * 9),
    event("DTSTART:20260101T000000", "RRULE:FREQ=DAILY", "EXRULE:FREQ=DAILY", "EXDATE:20260105T000000"),
    ("BEGIN:VEVENT",),
    ("BEGIN:A", "END:B"),
]


def lines_of(text: str, steps: int, of_one: int) -> int:
    """How many lines of Python an import runs: CPU, as no machine and no neighbour changes it."""
    count = 0

    def trace(frame: FrameType, kind: str, _: Any) -> Any:
        nonlocal count
        if "calendars" not in frame.f_code.co_filename:
            return None
        count += kind == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        busy_of(text, BERLIN, FROM, TO, steps=steps, of_one=of_one)
    except InvalidArgument:
        pass
    finally:
        sys.settrace(before)
    return count


def file_of(kinds: Sequence[Sequence[str]], size: int) -> str:
    lines = [line for kind in kinds for line in kind]
    return calendar(*CONTROL, *(lines * (size // len("\r\n".join(lines)) + 1)))


@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_what_an_import_costs_does_not_depend_on_its_rules(kinds: list[tuple[str, ...]]) -> None:
    text, steps = file_of(kinds, 4000), 5000
    assert lines_of(text, steps, 1000) < 30 * (steps + len(text)) + 40 * len(text)


def test_without_the_bound_one_event_costs_as_much_as_it_likes() -> None:
    text = calendar(*CONTROL, *HOSTILE[1])
    assert lines_of(text, 10**9, 10**9) > 20 * lines_of(text, 5000, 1000)


def test_a_full_calendar_leaves_out_what_no_longer_fits() -> None:
    many = event("DTSTART:20260101T000000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=4000")
    other = event("DTSTART:20260101T010000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY;INTERVAL=2;COUNT=4000", uid="2")
    busy = busy_of(calendar(*many, *other), BERLIN, FROM, TO)
    assert (len(busy.spans), [(one.index, one.reason) for one in busy.left_out]) == (4000, [(1, "too_many_times")])
    assert len(busy.spans) <= MOST_SPANS


async def test_neighbours_go_on_during_an_import_and_it_can_be_cancelled() -> None:
    text = file_of([HOSTILE[1]], 64_000)
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(neighbour())
    busy = await in_slices(reading(text, BERLIN, FROM, TO))
    assert busy.left_out
    assert turns > 50
    beside.cancel()
    cut = asyncio.create_task(in_slices(reading(text, BERLIN, FROM, TO)))
    await asyncio.sleep(0)
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
