"""What worksheets hold of one person: handed out, or ended when they are erased. What was written is sealed under the
client's key, a worksheet under its owner's."""

from collections.abc import AsyncIterator

import msgspec

from actors.kernel.contract.entity import Principal
from actors.worksheets.assignment.commands import ListClarifications, ListFeedback
from actors.worksheets.assignment.shown import ShownSubmission
from actors.worksheets.document.commands import GetDraft
from serve_app.capabilities.capability import Section
from serve_app.capabilities.worksheets.requests import ListWorksheets
from serve_app.capabilities.worksheets.sheets import Sheets
from serve_app.capabilities.worksheets.work import Work


class PersonalWork:
    """One a replica of the API."""

    def __init__(self, work: Work, sheets: Sheets) -> None:
        self._work, self._sheets = work, sheets

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "worksheets", self._made(who, trace)
        yield "assignments", self._given(who, trace)
        yield "submissions", self._handed_in(who, trace)

    async def erase(self, user: str) -> None:
        """See `Personal`."""
        await self._work.forget(user)

    async def _made(self, who: Principal, trace: str) -> AsyncIterator[object]:
        """Worksheets of their own."""
        asked = ListWorksheets(owner=who.user, limit=200)
        page = await self._sheets.page(asked, by=who, trace=trace)
        for one in page.worksheets:
            yield one

    async def _given(self, who: Principal, trace: str) -> AsyncIterator[object]:
        """Work of theirs: what it is, what is written by now, feedback that is not private, and questions."""
        async for assignment, client, _ in self._work.of(who.user):
            if client != who.user:
                continue
            one = await self._work.get(assignment, by=who, trace=trace)
            draft = await self._work.ask(assignment, GetDraft(), by=who, trace=trace)
            feedback = await self._work.ask(assignment, ListFeedback(), by=who, trace=trace)
            asked = await self._work.ask(assignment, ListClarifications(), by=who, trace=trace)
            yield {
                **msgspec.to_builtins(one),
                "draft": {"answers": draft.answers, "rows": draft.rows, "notes": draft.notes},
                "feedback": feedback.feedback,
                "clarifications": asked.clarifications,
            }

    async def _handed_in(self, who: Principal, trace: str) -> AsyncIterator[ShownSubmission]:
        async for one in self._work.handed_in(who.user, trace):
            yield one
