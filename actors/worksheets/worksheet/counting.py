"""Figures of a worksheet, read from what was handed in: numbers are opened, counted, and forgotten."""

from collections.abc import AsyncIterator
from typing import Final

from actors.kernel.contract.entity import Library
from actors.worksheets.readmodels import ASSIGNMENTS, EVERYBODY, SUBMISSIONS, handed_in
from actors.worksheets.schema.fields import Schema
from actors.worksheets.worksheet.commands import GetFigures
from actors.worksheets.worksheet.figures import AnsweredField, Figures, figures, of_month
from common.clock import to_rfc3339
from store.ports.views import Scalar, View, ViewQuery

_PAGE: Final = 500
_MOST: Final = 50_000


async def figures_of(entity_id: str, asked: GetFigures, schema: Schema, library: Library) -> Figures:
    """Of all that was handed in of this worksheet."""
    worksheet = entity_id.partition(":")[2]
    answered = [one async for one in _answered(worksheet, asked, library)]
    assigned = [one async for one in _assigned(worksheet, asked, library)]
    return figures(schema, answered, assigned, least=asked.least, months=asked.months)


async def _answered(worksheet: str, asked: GetFigures, library: Library) -> AsyncIterator[AnsweredField]:
    async for view in _views(SUBMISSIONS, worksheet, asked, library):
        found = handed_in(view)
        if found is not None:
            at = to_rfc3339(found.facts.at)
            yield AnsweredField(
                person=str(view.fields["client"]),
                at=found.facts.at,
                late=found.facts.late,
                minutes=None if found.facts.source else found.facts.minutes,
                month=of_month(at),
                answers=found.content.answers,
                scores=found.content.scores,
            )


async def _assigned(worksheet: str, asked: GetFigures, library: Library) -> AsyncIterator[tuple[str, str]]:
    async for view in _views(ASSIGNMENTS, worksheet, asked, library):
        at = view.fields["at"]
        yield str(view.fields["client"]), of_month(to_rfc3339(at if isinstance(at, int) else 0))


async def _views(collection: str, worksheet: str, asked: GetFigures, library: Library) -> AsyncIterator[View]:
    """Those within its bounds, in the order of time."""
    equal: dict[str, Scalar] = {"worksheet": worksheet}
    equal |= {"therapist": asked.therapist} if asked.therapist else {}
    equal |= {"worksheet_version": asked.version} if asked.version else {}
    equal |= {"user": EVERYBODY} if collection == ASSIGNMENTS else {}
    after: str | None = f"{asked.since:015d}" if asked.since else None
    until = f"{asked.until:015d}" if asked.until else None
    for _ in range(_MOST // _PAGE):
        query = ViewQuery(collection=collection, equal=equal, order_by="place", above=after, below=until, limit=_PAGE)
        page = await library.views(query)
        for view in page:
            yield view
        if len(page) < _PAGE:
            return
        after = str(page[-1].fields["place"])
