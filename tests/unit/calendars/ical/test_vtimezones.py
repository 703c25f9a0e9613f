"""The zones of a feed, read back with the library and compared with the tz database."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.rrule import rrulestr

from actors.calendars.ical.content_lines import WrittenTime, components
from actors.calendars.ical.foreign_zones import FileZones
from actors.calendars.ical.step_budget import Steps
from actors.calendars.ical.vtimezones import vtimezone
from common.timeline import DAY_MS, HOUR_MS, parse_instant

FROM, TO = parse_instant("1990-01-01T00:00:00Z"), parse_instant("2061-01-01T00:00:00Z")
ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Santiago",
    "America/Nuuk",
    "America/Caracas",
    "Asia/Kolkata",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "America/St_Johns",
)
REGULAR = ("Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Jerusalem")


def onsets(name: str) -> list[tuple[datetime, timedelta]]:
    """In UTC, with the offset that follows; the rules are expanded by dateutil."""
    zone: Any = icalendar.Timezone.from_ical(vtimezone(name).to_ical())
    found: set[tuple[datetime, timedelta]] = set()
    for part in zone.subcomponents:
        start, before = part["dtstart"].dt, part["tzoffsetfrom"].td
        shown = [start]
        if "rrule" in part:
            rule = part["rrule"].to_ical().decode()
            head, _, until = rule.partition("UNTIL=")
            last = datetime(2061, 1, 1)
            if until:
                last = datetime.strptime(until.partition(";")[0], "%Y%m%dT%H%M%SZ") + before
            parts = ";".join(one for one in rule.split(";") if not one.startswith("UNTIL="))
            assert head
            shown = list(rrulestr(parts, dtstart=start).between(start, last, inc=True))
        found |= {((one - before).replace(tzinfo=UTC), part["tzoffsetto"].td) for one in shown}
    return sorted(found)


@pytest.mark.parametrize("name", ZONES)
def test_a_feeds_zone_has_the_offsets_of_the_database_from_1990_to_2060(name: str) -> None:
    changes, zone = onsets(name), ZoneInfo(name)
    instants = [at for at, _ in changes]
    moments = [datetime(1990, 1, 1, tzinfo=UTC) + timedelta(days=5 * number) for number in range(71 * 73)]
    near = [at + timedelta(seconds=by) for at in instants for by in (-3600, -1, 0, 3600)]
    for moment in moments + [one for one in near if 1990 <= one.year <= 2060]:
        offset = changes[bisect_right(instants, moment) - 1][1]
        assert offset == moment.astimezone(zone).utcoffset(), moment


@pytest.mark.parametrize("name", ZONES)
def test_our_own_import_reads_it_alike(name: str) -> None:
    text = f"BEGIN:VCALENDAR\r\n{vtimezone(name).to_ical().decode().replace(name, 'Mine')}END:VCALENDAR\r\n"
    definitions = [one for one in components(text) if one is not None]
    wall = FileZones(ZoneInfo("UTC"), definitions, FROM, TO, Steps(10**6)).wall(
        WrittenTime(datetime(2026, 1, 1), "zoned", "Mine"), 1
    )
    zone = ZoneInfo(name)
    for at in range(FROM, TO, 9 * DAY_MS + HOUR_MS):
        shown = datetime.fromtimestamp(at // 1000, zone).replace(tzinfo=None)
        assert wall.shown(at) == shown
        assert wall.instant(shown) == int(shown.replace(tzinfo=zone, fold=0).timestamp() * 1000)


@pytest.mark.parametrize("name", REGULAR)
def test_a_regular_zone_is_written_by_rules_that_go_on_and_no_zone_by_lists_of_dates(name: str) -> None:
    text = vtimezone(name).to_ical().decode()
    open_ended = [one for one in text.split("\r\n") if one.startswith("RRULE") and "UNTIL" not in one]
    assert len(open_ended) == 2
    assert "RDATE" not in text
    assert {"BEGIN:STANDARD", "BEGIN:DAYLIGHT"} <= set(text.split("\r\n"))


def test_the_rules_are_those_that_outlook_writes_itself() -> None:
    text = vtimezone("America/New_York").to_ical().decode()
    assert "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3" in text
    assert "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10" in vtimezone("Europe/Berlin").to_ical().decode()
