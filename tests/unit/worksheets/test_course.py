"""When work is due, and what follows: by the wall, over changes of clocks, with clocks that stand, and never for a time
that does not count any more."""

import contextlib
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.worksheets.assignment.commands import (
    AskClarification,
    CancelAssignment,
    ClockStops,
    Extend,
    Reopen,
    ResolveClarification,
    ZoneChanged,
)
from actors.worksheets.assignment.contents import EventWords, pack
from actors.worksheets.assignment.events import AssignmentChanged, AssignmentReminded, Submitted
from actors.worksheets.assignment.state import AssignmentSettings
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from tests.unit.worksheets.lectern import ADA, START_MS, TESS, Lectern, due

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("day", "clock", "zone", "instant"),
    [
        ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"),  # skipped: as before the jump
        ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),  # twice: the first
        ("2026-03-29", "01:30", "Europe/London", "2026-03-29T01:30:00.000Z"),
        ("2026-10-25", "01:30", "Europe/London", "2026-10-25T00:30:00.000Z"),
        ("2026-03-29", "03:30", "Europe/Athens", "2026-03-29T01:30:00.000Z"),
        ("2026-10-25", "03:30", "Europe/Athens", "2026-10-25T00:30:00.000Z"),
        ("2026-03-28", "23:30", "America/Nuuk", "2026-03-29T01:30:00.000Z"),
        ("2026-10-24", "23:30", "America/Nuuk", "2026-10-25T00:30:00.000Z"),
        ("2026-03-08", "02:30", "America/New_York", "2026-03-08T07:30:00.000Z"),
        ("2026-11-01", "01:30", "America/New_York", "2026-11-01T05:30:00.000Z"),
        ("2026-03-08", "02:15", "America/St_Johns", "2026-03-08T05:45:00.000Z"),
        ("2026-11-01", "01:15", "America/St_Johns", "2026-11-01T03:45:00.000Z"),
        ("2026-09-06", "00:30", "America/Santiago", "2026-09-06T04:30:00.000Z"),
        ("2026-04-04", "23:30", "America/Santiago", "2026-04-05T02:30:00.000Z"),
        ("2026-10-04", "02:30", "Australia/Sydney", "2026-10-03T16:30:00.000Z"),
        ("2026-04-05", "02:30", "Australia/Sydney", "2026-04-04T15:30:00.000Z"),
        ("2026-10-04", "02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"),
        ("2026-04-05", "01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"),
        ("2026-09-27", "02:30", "Pacific/Auckland", "2026-09-26T14:30:00.000Z"),
        ("2026-04-05", "02:30", "Pacific/Auckland", "2026-04-04T13:30:00.000Z"),
        ("2026-06-01", "23:59", "Asia/Kathmandu", "2026-06-01T18:14:00.000Z"),  # none at all
    ],
)
def test_it_is_due_when_the_wall_shows_it(day: str, clock: str, zone: str, instant: str) -> None:
    sheet = Lectern()
    sheet.assign(due=due(day, clock, zone, zone))
    assert sheet.record.due is not None
    assert to_rfc3339(sheet.record.due.at) == instant


def test_it_moves_with_the_client_and_a_zone_that_was_named_does_not() -> None:
    for asked, moves in (("client", True), ("Europe/Berlin", False)):
        sheet = Lectern()
        sheet.assign(due=due("2025-11-21", asked=asked))
        before = sheet.record.due
        sheet.do(ZoneChanged("America/New_York"), SYSTEM)
        assert before is not None
        assert sheet.record.due is not None
        assert (sheet.record.due.at - before.at) == (6 * 3_600_000 if moves else 0)


def test_it_is_overdue_once_and_reminded_of_before() -> None:
    sheet = Lectern()
    sheet.assign(due=due("2025-11-21"), remind=(60, 10))
    sheet.later(2 * DAY_S)
    assert [one.minutes for one in sheet.told(AssignmentReminded)] == [60, 10]
    assert [one.change for one in sheet.told(AssignmentChanged)] == ["overdue"]
    sheet.do(Extend(due=due("2025-11-30")), TESS)
    assert not sheet.record.overdue


@pytest.mark.parametrize("seed", range(40))
def test_nobody_is_reminded_for_a_time_that_does_not_count_any_more(seed: int) -> None:
    """Whatever was done, a reminder comes only while the work is open, and before the time that is in force."""
    chance, sheet = random.Random(seed), Lectern()
    sheet.assign(due=due("2025-11-22"), remind=(60, 600))
    deeds: list[Any] = [
        lambda: sheet.save(mood=3),
        sheet.submit,
        lambda: sheet.do(Reopen(), TESS),
        lambda: sheet.do(Extend(due=due(f"2025-11-{chance.randint(21, 28)}")), TESS),
        lambda: sheet.do(CancelAssignment(), TESS) if chance.random() < 0.2 else None,
        lambda: sheet.do(ClockStops(why="care", stopped=chance.random() < 0.5), SYSTEM),
        lambda: sheet.do(ZoneChanged(chance.choice(("Asia/Tokyo", "America/New_York"))), SYSTEM),
    ]
    seen = 0
    for _ in range(30):
        with contextlib.suppress(FailedPrecondition):
            chance.choice(deeds)()
        sheet.later(chance.random() * DAY_S / 2)
        for event in sheet.told(AssignmentReminded)[seen:]:
            record = event.record
            assert record.working
            assert not record.stops
            assert record.due is not None
        seen = len(sheet.told(AssignmentReminded))
    assert sum(isinstance(one, Submitted) for one in sheet.events) == len(sheet.record.submissions)


def test_a_question_stops_the_clock_where_the_house_has_it_so() -> None:
    for stops in (True, False):
        sheet = Lectern(AssignmentSettings(clarification_stops=stops))
        sheet.assign(due=due("2025-11-21"))
        assert sheet.record.due is not None
        before = sheet.record.due.at
        sheet.do(AskClarification(key="k", secret=pack(EventWords(text="Why?"))), ADA)
        assert (sheet.record.stops == ("clarification",)) is stops
        sheet.later(3 * DAY_S)
        assert sheet.record.overdue is not stops
        (name,) = sheet.entity.kept.clarifications
        sheet.do(ResolveClarification(clarification=name), ADA)
        assert sheet.record.due.at - before == (int(3 * DAY_S * 1000) if stops else 0)


def test_what_is_late_is_flagged_taken_or_refused() -> None:
    for late, flagged in (("accept", False), ("flag", True)):
        sheet = Lectern()
        sheet.assign(due=due("2025-11-20"), late=late, grace=60)
        sheet.save(mood=1)
        sheet.later(DAY_S)
        sheet.submit()
        assert sheet.record.submissions[0].late is flagged
    sheet = Lectern()
    sheet.assign(due=due("2025-11-20"), late="refuse", grace=60)
    sheet.save(mood=1)
    sheet.later(DAY_S)
    with pytest.raises(FailedPrecondition) as refused:
        sheet.submit()
    assert (refused.value.details or {})["reason"] == "late"
    assert sheet.record.submissions == ()


def test_no_sequence_of_deeds_changes_what_was_handed_in() -> None:
    sheet = Lectern()
    sheet.assign()
    sheet.save(mood=1, story="One")
    sheet.submit()
    first = sheet.told(Submitted)[0].secret
    sheet.do(Reopen(blank=True), TESS)
    with pytest.raises(FailedPrecondition):
        sheet.submit()  # nothing of the first is in the second
    sheet.save(mood=2)
    sheet.submit()
    assert [one.version for one in sheet.record.submissions] == [1, 2]
    assert sheet.told(Submitted)[0].secret == first
    assert datetime.fromtimestamp(START_MS / 1000, UTC).year == 2025
