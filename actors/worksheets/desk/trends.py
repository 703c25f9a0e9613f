"""Scores of one person over time. What is compared is the same score; a trend says where versions differ in it."""

from collections.abc import AsyncIterator
from typing import Final

from actors.kernel.contract.entity import Library
from actors.worksheets.assignment.contents import ComparisonRule
from actors.worksheets.desk.commands import HandedPage, ListHanded, ListTrends, Point, Trend, Trends
from actors.worksheets.readmodels import SUBMISSIONS, HandedIn, handed_in, submission_shown
from actors.worksheets.schema.change import ChangeRule, change
from actors.worksheets.schema.scoring import Scored
from common.clock import to_rfc3339
from store.ports.views import View, ViewQuery

_PAGE: Final = 500
_MOST: Final = 5000
_Line = list[tuple[View, HandedIn, Scored, ComparisonRule]]


async def trends(user: str, asked: ListTrends, library: Library) -> Trends:
    """All scores, or those of this name."""
    lines: dict[tuple[str, str, str], _Line] = {}
    async for view, found in _all(user, library):
        for name, score in found.content.scores.items():
            if score is None or asked.score not in ("", name):
                continue
            instrument = str(view.fields["instrument"])
            key = (instrument, "" if instrument else str(view.fields["worksheet"]), name)
            judge = found.content.judges.get(name, ComparisonRule(mark=""))
            lines.setdefault(key, []).append((view, found, score, judge))
    return Trends(series=[_trend(key, line) for key, line in sorted(lines.items())])


async def handed(user: str, asked: ListHanded, library: Library) -> HandedPage:
    """What they handed in, page by page."""
    views = await _page(user, asked.after, asked.limit, library)
    opened = [(view, found) for view in views if (found := handed_in(view)) is not None]
    more = str(views[-1].fields["place"]) if len(views) == asked.limit else None
    return HandedPage(submissions=[submission_shown(view, found) for view, found in opened], next=more)


async def _all(user: str, library: Library) -> AsyncIterator[tuple[View, HandedIn]]:
    after: str | None = None
    for _ in range(_MOST // _PAGE):
        views = await _page(user, after, _PAGE, library)
        for view in views:
            if (found := handed_in(view)) is not None:
                yield view, found
        if len(views) < _PAGE:
            return
        after = str(views[-1].fields["place"])


async def _page(user: str, after: str | None, limit: int, library: Library) -> list[View]:
    query = ViewQuery(collection=SUBMISSIONS, equal={"client": user}, order_by="place", above=after, limit=limit)
    return await library.views(query)


def _trend(key: tuple[str, str, str], line: _Line) -> Trend:
    instrument, worksheet, name = key
    seen: dict[str, list[float]] = {}
    points = [
        _point(view=view, found=found, score=score, judge=judge, before=seen.setdefault(judge.mark, []))
        for view, found, score, judge in line
    ]
    return Trend(
        instrument=instrument or None,
        worksheet_id=worksheet or None,
        score=name,
        points=points,
        comparable=len(seen) == 1,
    )


def _point(view: View, found: HandedIn, score: Scored, judge: ComparisonRule, before: list[float]) -> Point:
    rule = ChangeRule(higher_is=judge.higher_is, least=judge.least, cutoff=judge.cutoff)
    made = change(before, score.value, rule)
    before.append(score.value)
    return Point(
        submission_id=str(view.fields["submission"]),
        at=to_rfc3339(found.facts.at),
        value=score.value,
        band=score.band,
        version=submission_shown(view, found).worksheet_version,
        delta_previous=made.delta_previous,
        delta_first=made.delta_first,
        reliable=made.reliable,
        crossed_cutoff=made.crossed_cutoff,
    )
