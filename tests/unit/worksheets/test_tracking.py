"""How far somebody is, is told at most once in two seconds, and what was last is never left untold."""

import json
from typing import Any

from actors.kernel.contract.entity import SYSTEM, Decision
from actors.worksheets.assignment.commands import TellProgress, TrackProgress
from tests.unit.worksheets.lectern import ADA, Lectern


def tracked(sheet: Lectern, seconds: int = 1) -> list[Any]:
    return told(sheet.do(TrackProgress(field="mood", seconds=seconds), ADA))


def told(decision: Decision) -> list[Any]:
    return [json.loads(one.payload)["progress"]["seconds"] for one in decision.signals]


def test_who_reports_every_second_is_heard_every_two() -> None:
    sheet = Lectern()
    sheet.assign(sharing="times")
    heard = []
    for _ in range(10):
        heard += tracked(sheet)
        for due_ms, _, command in [one for one in sheet.timers if one[0] <= sheet.now_ms + 1000]:
            sheet.now_ms, before = due_ms, sheet.now_ms
            heard += told(sheet.do(command, SYSTEM))
            sheet.timers.clear()
            sheet.now_ms = before
        sheet.now_ms += 1000
    assert heard == [1, 2, 4, 6, 8, 10]


def test_when_it_was_is_told_where_times_are_shared_and_nowhere_else() -> None:
    seen = {}
    for sharing in ("times", "completion"):
        sheet = Lectern()
        sheet.assign(sharing=sharing)
        (told_,) = sheet.do(TrackProgress(field="mood"), ADA).signals
        seen[sharing] = {"last_at", "seconds"} & json.loads(told_.payload)["progress"].keys()
    assert seen == {"times": {"last_at", "seconds"}, "completion": set()}


def test_what_was_too_soon_is_told_once() -> None:
    sheet = Lectern()
    sheet.assign(sharing="times")
    assert tracked(sheet) == [1]
    sheet.now_ms += 500
    assert tracked(sheet) == []
    assert tracked(sheet) == []
    sheet.now_ms += 1500
    assert told(sheet.do(TellProgress(), SYSTEM)) == [3]
    assert told(sheet.do(TellProgress(), SYSTEM)) == []


def test_nothing_is_told_once_it_was_handed_in() -> None:
    sheet = Lectern()
    sheet.assign(sharing="times")
    sheet.save(mood=1)
    tracked(sheet)
    tracked(sheet)
    sheet.submit()
    assert told(sheet.do(TellProgress(), SYSTEM)) == []
