"""Work that recurs: each once, and after a stop only the newest."""

import msgspec

from actors.kernel.contract.entity import SYSTEM, Context
from actors.worksheets.assignment.commands import Assign
from actors.worksheets.series.commands import BeginAssignmentSeries, EndSeries, SessionTook, TimeCame
from actors.worksheets.series.entity import ARCHIVED, GIVEN, Assignments, sheet_key
from actors.worksheets.series.events import Occurred
from tests.unit.worksheets.lectern import START_MS, TESS, due

WEEK_MS = 7 * 86_400_000
TEMPLATE = Assign(worksheet="wks_1", worksheet_version=1, client="ada", therapist="tess", due=due("2025-11-22"))


class Series:
    """One by hand."""

    def __init__(self, **members: object) -> None:
        self.entity, self.made, self.sheet = Assignments("asr_1"), list[Occurred](), "published"
        begin = {"template": TEMPLATE, "first": "asg_1", "zone": "Europe/Berlin", "secret": b"given"}
        self.do(msgspec.convert(begin | members, BeginAssignmentSeries, strict=False), START_MS)

    def do(self, command: object, now_ms: int) -> None:
        by = TESS if isinstance(command, EndSeries) else SYSTEM
        parts = {GIVEN: b"given", sheet_key("wks_1"): self.sheet}
        decision = self.entity.decide(command, Context(by, now_ms, parts), 1)  # type: ignore[arg-type]
        for event in decision.events:
            self.entity.apply(event, 1, now_ms)  # type: ignore[arg-type]
            self.made += [event] if isinstance(event, Occurred) else []


def test_after_a_stop_of_weeks_only_the_newest_is_made_and_each_once() -> None:
    times = tuple(START_MS + n * WEEK_MS for n in range(1, 6))
    series = Series(times=times)
    series.do(TimeCame(times[0]), times[0])
    series.do(TimeCame(times[0]), times[0] + 5)
    series.do(TimeCame(times[1]), times[3] + 1)  # the shard was away for two weeks
    assert [one.command.due and one.command.due.date for one in series.made] == ["2025-11-29", "2025-12-20"]
    assert [event.secret for event in series.made] == [b"given", b"given"]
    series.do(EndSeries(), times[3] + 2)
    series.do(TimeCame(times[4]), times[4])
    assert len(series.made) == 2


def test_after_each_session_there_is_one_and_no_more_than_were_wanted() -> None:
    series = Series(each_session=True, most=3)
    for booking in ("bkg_1", "bkg_1", "bkg_2", "bkg_3"):
        series.do(SessionTook(booking), START_MS + 1000)
    assert len(series.made) == 2
    assert series.entity.series is not None
    assert series.entity.series.over


def test_nothing_is_made_of_a_worksheet_that_is_archived_by_then() -> None:
    series = Series(each_session=True)
    series.do(SessionTook("bkg_1"), START_MS + 1000)
    series.sheet = ARCHIVED
    series.do(SessionTook("bkg_2"), START_MS + 2000)
    assert len(series.made) == 1
    assert series.entity.series is not None
    assert series.entity.series.over
