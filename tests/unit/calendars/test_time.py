"""Wall clocks against an independent reading: an instant is open if the wall shows an open time at it."""

from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.calendars.calendar.occupancy import Occupancy, TimeEntry
from actors.calendars.calendar.planner import Planner
from actors.calendars.hours.openings import OpeningHours
from actors.calendars.hours.schedule import Holidays, Override, Schedule, Service, Stretch, check
from common import timeline
from common.errors import InvalidArgument

ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("posix", "right")))
zones = st.sampled_from(ZONES)
days = st.integers(min_value=-5000, max_value=30_000)  # 1956 to 2052
CHANGES = [  # spring and autumn; half an hour; a day that never was; a zone that gave summer time up; at midnight
    ("Europe/Berlin", datetime(2026, 3, 29)),
    ("Europe/Berlin", datetime(2026, 10, 25)),
    ("Australia/Lord_Howe", datetime(2026, 4, 5)),
    ("Australia/Lord_Howe", datetime(2026, 10, 4)),
    ("Pacific/Apia", datetime(2011, 12, 30)),
    ("America/Sao_Paulo", datetime(2018, 11, 4)),
    ("Africa/Casablanca", datetime(2026, 3, 22)),
]


def minutes_of_a_day(zone: ZoneInfo, day: int) -> list[tuple[int, datetime]]:
    """Every minute whose wall shows this date, found by looking at all instants around it."""
    begins = (day - 1) * timeline.DAY_MS
    found = []
    for number in range(3 * 24 * 60):
        at = begins + number * timeline.MINUTE_MS
        wall = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).replace(tzinfo=None)
        if wall.date() == timeline.date_of(day):
            found.append((at, wall))
    return found


@given(zones, days, st.integers(0, 23 * 60), st.integers(1, 12 * 60))
@settings(max_examples=40, deadline=None)
def test_hours_hold_exactly_the_minutes_at_which_the_wall_shows_them(
    name: str, day: int, begins: int, long: int
) -> None:
    check_hours(name, day, begins, min(begins + long, 24 * 60))


def test_hours_are_exact_on_the_days_on_which_clocks_change() -> None:
    for name, moment in CHANGES:
        day = (moment - datetime(1970, 1, 1)).days
        for begins, ends in ((0, 24 * 60), (90, 150), (120, 180), (150, 165), (60, 300)):
            check_hours(name, day, begins, ends)


def check_hours(name: str, day: int, begins: int, ends: int) -> None:
    zone = ZoneInfo(name)
    spans = timeline.wall_spans(timeline.segments(zone, day), day, begins, ends)
    for at, wall in minutes_of_a_day(zone, day):
        if at % timeline.MINUTE_MS == 0 and wall.second == 0:
            shown = wall.hour * 60 + wall.minute
            assert (begins <= shown < ends) == any(low <= at < high for low, high in spans), (name, wall)
    assert spans == sorted(spans)


@given(zones, st.integers(min_value=-400_000_000, max_value=2_500_000_000))
@settings(max_examples=200, deadline=None)
def test_an_instant_has_one_wall_time_and_a_wall_time_one_instant(name: str, second: int) -> None:
    zone = ZoneInfo(name)
    wall = timeline.wall_of(zone, second * 1000)
    assert wall == datetime.fromtimestamp(second, zone).replace(tzinfo=None)
    back = timeline.instant_of(zone, wall)
    assert back <= second * 1000
    assert timeline.wall_of(zone, back) == wall


def test_a_time_that_never_is_counts_with_the_offset_before_the_jump_and_a_repeated_one_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert timeline.instant_of(berlin, datetime(2026, 3, 29, 2, 30)) == timeline.parse_instant("2026-03-29T01:30:00Z")
    assert timeline.instant_of(berlin, datetime(2026, 10, 25, 2, 30)) == timeline.parse_instant("2026-10-25T00:30:00Z")


@given(zones, days, st.integers(0, 600), st.integers(30, 600), st.sampled_from((10, 15, 20, 30, 45, 60)))
@example("Europe/Berlin", 20541, 60, 240, 30)  # 2026-03-29
@example("Europe/Berlin", 20751, 60, 240, 30)  # 2026-10-25
@settings(max_examples=60, deadline=None)
def test_free_times_are_open_lie_on_the_grid_of_the_wall_and_none_is_missing(
    name: str, day: int, begins: int, long: int, grid: int
) -> None:
    ends = begins + long
    hours = ((f"{begins // 60:02}:{begins % 60:02}", f"{ends // 60:02}:{ends % 60:02}"),)
    date = timeline.date_of(day).isoformat()
    schedule = Schedule(
        tz=name,
        weekly={},
        slot_minutes=grid,
        services=(Service(service_id="s", duration_minutes=30),),
        overrides=(Override(date, hours),),
    )
    planner = Planner("c", schedule, Occupancy(ZoneInfo(name)))
    low, high = (day - 2) * timeline.DAY_MS, (day + 3) * timeline.DAY_MS
    found = {start for start, _, _ in planner.slots(planner.schedule.services[0], low, high, now_ms=low)}
    zone = ZoneInfo(name)
    inside = {at for at, wall in minutes_of_a_day(zone, day) if begins <= wall.hour * 60 + wall.minute < ends}
    opened = datetime.min
    for at, wall in minutes_of_a_day(zone, day):
        if at in inside and at - timeline.MINUTE_MS not in inside:
            opened = wall  # a stretch of hours begins, and its grid with it
        on_grid = at in inside and (wall - opened).total_seconds() % (grid * 60) == 0
        whole = all(at + number * timeline.MINUTE_MS in inside for number in range(30))
        assert (at in found) == (on_grid and whole), (name, wall)


def starts_of(
    schedule: Schedule, since: str, until: str, minutes: int, occupancy: Occupancy | None = None
) -> list[str]:
    """When one can begin, as hours and minutes UTC: what is free, and (the same) what nothing stands against."""
    planner, service = (
        Planner("c", schedule, occupancy or Occupancy()),
        Service(service_id="s", duration_minutes=minutes),
    )
    low, high = timeline.parse_instant(since), timeline.parse_instant(until)
    found = [start for start, _, _ in planner.slots(service, low, high, now_ms=0)]
    last = high - minutes * timeline.MINUTE_MS + 1
    sound = [
        at for at in range(low, last, 5 * timeline.MINUTE_MS) if not planner.why_not(service, at, now_ms=0, client="")
    ]
    assert found == sound
    return [f"{datetime.fromtimestamp(one / 1000, UTC):%H:%M}" for one in found]


WEDNESDAY = ("2027-03-03T00:00:00Z", "2027-03-04T00:00:00Z")


@pytest.mark.parametrize(
    ("hours", "minutes", "expected"),
    [
        ((("09:00", "12:00"),), 50, ["09:00", "09:50", "10:40"]),
        ((("09:15", "10:15"),), 60, ["09:15"]),
        ((("07:30", "10:00"),), 60, ["07:30", "08:30"]),
        ((("09:20", "10:00"),), 30, ["09:20"]),
        ((("09:00", "10:00"), ("13:10", "14:30")), 40, ["09:00", "13:10", "13:50"]),
        ((("09:00", "10:00"), ("10:00", "11:00")), 40, ["09:00", "09:40", "10:20"]),
        ((("09:05", "11:00"),), 55, ["09:05", "10:00"]),
    ],
)
def test_each_stretch_of_hours_begins_its_own_grid(
    hours: tuple[tuple[str, str], ...], minutes: int, expected: list[str]
) -> None:
    schedule = Schedule(tz="UTC", weekly={"wed": hours}, slot_minutes=minutes)
    assert starts_of(schedule, *WEDNESDAY, minutes) == expected
    berlin = Schedule(tz="Europe/Berlin", weekly={"wed": hours}, slot_minutes=minutes)
    hour_earlier = [f"{int(one[:2]) - 1:02}{one[2:]}" for one in expected]
    assert starts_of(berlin, *WEDNESDAY, minutes) == hour_earlier


def test_a_one_off_opening_has_its_own_grid_and_one_that_prolongs_the_hours_goes_on_with_theirs() -> None:
    later = Stretch("2027-03-03T14:20:00Z", "2027-03-03T16:00:00Z", kind="opening")
    longer = Stretch("2027-03-03T10:30:00Z", "2027-03-03T12:00:00Z", kind="opening")
    schedule = Schedule(tz="UTC", weekly={"wed": (("09:10", "11:00"),)}, slot_minutes=50, openings=(later, longer))
    assert starts_of(schedule, *WEDNESDAY, 50) == ["09:10", "10:00", "10:50", "14:20", "15:10"]


def test_a_blackout_leaves_a_gap_and_shifts_nothing() -> None:
    gone = Stretch("2027-03-03T09:20:00Z", "2027-03-03T10:10:00Z")
    schedule = Schedule(tz="UTC", weekly={"wed": (("09:00", "13:00"),)}, slot_minutes=50, blackouts=(gone,))
    assert starts_of(schedule, *WEDNESDAY, 50) == ["10:40", "11:30"]


def test_a_grid_passes_midnight_with_its_hours() -> None:
    night = Schedule(
        tz="UTC",
        weekly={"tue": (("22:30", "24:00"),), "wed": (("00:00", "02:40"), ("09:00", "10:00"))},
        slot_minutes=60,
    )
    assert starts_of(night, "2027-03-02T12:00:00Z", WEDNESDAY[1], 60) == ["22:30", "23:30", "00:30", "01:30", "09:00"]
    always = Schedule(tz="UTC", weekly=dict.fromkeys(timeline.WEEKDAYS, (("00:00", "24:00"),)), slot_minutes=7 * 60)
    assert starts_of(always, *WEDNESDAY, 7 * 60) == ["00:00", "07:00", "14:00"]


def test_why_no_time_is_free_is_told_by_the_grid_of_the_hours_without_gap_or_overlap() -> None:
    schedule = Schedule(tz="UTC", weekly={"wed": (("09:15", "11:00"),)}, slot_minutes=50)
    planner = Planner("c", schedule, Occupancy())
    low, high = timeline.parse_instant(WEDNESDAY[0]), timeline.parse_instant(WEDNESDAY[1])
    told = planner.refused(Service(service_id="s", duration_minutes=50), low, high, now_ms=0, client="")
    spans = [(f"{datetime.fromtimestamp(one.start / 1000, UTC):%H:%M}", one.end - one.start) for one in told]
    hour = timeline.HOUR_MS
    assert spans == [("00:00", 9.25 * hour), ("10:55", 13 * hour + hour // 12)]


def test_a_group_that_has_begun_before_the_hours_changed_can_be_joined() -> None:
    schedule = Schedule(
        tz="UTC",
        weekly={"wed": (("09:00", "12:00"),)},
        slot_minutes=50,
        services=(Service(service_id="g", duration_minutes=50, capacity=2),),
    )
    occupancy = Occupancy()
    planner, start = Planner("c", schedule, occupancy), timeline.parse_instant("2027-03-03T09:10:00Z")
    group = schedule.services[0]
    assert [one.code for one in planner.why_not(group, start, now_ms=0, client="")] == ["off_grid"]
    plan = planner.plan(group, start)
    occupancy.put(
        TimeEntry(key="k", booking="b", owner="o", start=plan.start, end=plan.end, session=plan.session, service="g")
    )
    assert planner.why_not(group, start, now_ms=0, client="") == []
    assert (plan.start, plan.end, 1) in planner.slots(group, start, plan.end, now_ms=0)


def test_layers_stand_in_their_order_and_say_why() -> None:
    schedule = Schedule(
        tz="Europe/Berlin",
        weekly={"mon": (("09:00", "17:00"),), "thu": (("09:00", "17:00"),), "fri": (("09:00", "17:00"),)},
        overrides=(Override("2026-12-25", (("10:00", "12:00"),)), Override("2026-11-23")),
        blackouts=(Stretch("2026-11-26T10:00:00+01:00", "2026-11-26T11:00:00+01:00", kind="maintenance"),),
        openings=(Stretch("2026-11-28T09:00:00+01:00", "2026-11-28T10:00:00+01:00", kind="opening"),),
        holidays=Holidays("DE", "BE"),
    )
    openings = OpeningHours(schedule)

    def why(start: str, hours: float = 1) -> list[str]:
        begins = timeline.parse_instant(start)
        return openings.why_not(begins, begins + int(hours * timeline.HOUR_MS))

    assert why("2026-11-27T09:00:00+01:00") == []
    assert why("2026-11-27T16:30:00+01:00") == ["closed"]
    assert why("2026-11-23T10:00:00+01:00") == ["override"]
    assert why("2026-12-25T10:00:00+01:00") == []  # a holiday, but this date has hours of its own
    assert why("2027-01-01T10:00:00+01:00") == ["holiday"]
    assert why("2026-11-26T10:30:00+01:00") == ["maintenance"]
    assert why("2026-11-26T08:30:00+01:00", 2) == ["closed", "maintenance"]
    assert why("2026-11-28T09:00:00+01:00") == []  # a Saturday that is open once


def test_a_slot_may_pass_midnight_when_both_days_are_open() -> None:
    schedule = Schedule(tz="UTC", weekly={"mon": (("20:00", "24:00"),), "tue": (("00:00", "02:00"),)})
    begins = timeline.parse_instant("2026-11-23T23:30:00Z")
    assert OpeningHours(schedule).contains(begins, begins + timeline.HOUR_MS)
    planner = Planner("c", schedule, Occupancy())
    long = Service(service_id="s", duration_minutes=120)
    starts = [one[0] for one in planner.slots(long, begins, begins + 3 * timeline.HOUR_MS, now_ms=0)]
    assert starts == [begins, begins + timeline.HOUR_MS // 2]


@pytest.mark.parametrize(
    "name",
    ["right/Europe/Berlin", "posix/Europe/Berlin", "localtime", "posixrules", "Factory", "europe/berlin", "", "../UTC"],
)
def test_a_zone_that_depends_on_the_machine_is_none(name: str) -> None:
    with pytest.raises(InvalidArgument):
        timeline.zone_of(name)
    with pytest.raises(InvalidArgument):
        check(Schedule(tz=name), "c")


@pytest.mark.parametrize("name", ["Europe/Berlin", "Asia/Calcutta", "US/Eastern", "UTC", "Etc/GMT+5"])
def test_what_browsers_say_is_a_zone(name: str) -> None:
    assert timeline.zone_of(name).key == name


def test_zones_are_those_of_the_package_whatever_the_machine_has(tmp_path: Path) -> None:
    (tmp_path / "Mine").write_bytes(resources.files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes())
    reset_tzpath([tmp_path])
    try:
        with pytest.raises(InvalidArgument):
            timeline.zone_of("Mine")
        assert timeline.zone_of("Europe/Berlin").key == "Europe/Berlin"
    finally:
        reset_tzpath()


@pytest.mark.parametrize(
    ("kept", "means"), [("right/Europe/Berlin", "Europe/Berlin"), ("posix/UTC", "UTC"), ("Gone/Zone", "UTC")]
)
def test_a_calendar_that_an_earlier_release_took_can_still_be_read(kept: str, means: str) -> None:
    assert timeline.kept_zone(kept).key == means
    assert OpeningHours(Schedule(tz=kept)).zone.key == means
