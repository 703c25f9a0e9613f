"""Drafts of clients without Yjs: edits of the same document, refused as updates are."""

from typing import Any

import pytest

from actors.worksheets.document.commands import GetDraft, JoinDocument, Write
from common.errors import CarewireError, Conflict, InvalidArgument, PayloadTooLarge, PermissionDenied
from tests.simulation.loop import VirtualLoop, run
from tests.unit.worksheets.sheet import THEO, SheetKind
from tests.unit.worksheets.writing.paper import Desk, Hand, save


def test_plain_drafts_are_the_smallest_edits_of_the_same_document() -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            first = await desk.ask(save(answers={"mood": 4, "plan": "one 😀 two", "list": ["a"]}))
            assert (first.seq, first.merged, first.answers) == (1, [], None)
            hand = Hand(6000)
            hand.doc.apply_update((await desk.ask(JoinDocument(), THEO)).sync)
            await desk.ask(Write(attempt=1, update=hand.text("text:plan", 4, "and ")), THEO)
            merged = await desk.ask(save(base=1, answers={"plan": "one 😀 two three", "mood": 5}))
            assert merged.merged == ["plan"]
            assert merged.answers == {"mood": 5, "plan": "one and 😀 two three", "list": ["a"]}
            again = await desk.ask(save(base=merged.seq, answers={"mood": 5}))
            assert (again.seq, again.answers) == (merged.seq, None)  # nothing was new
            await desk.ask(save(unset=["mood", "plan"], rows={"diary.a1": 0}, answers={"diary.a1.what": "x"}))
            draft = await desk.ask(GetDraft())
            assert draft.answers == {"list": ["a"], "diary.a1.what": "x"}
            assert draft.rows == {"diary.a1": 0}
            assert "advice" not in draft.writable

    run(VirtualLoop(), scenario())


def test_a_base_from_before_the_last_compaction_is_a_conflict_with_what_is_there() -> None:
    async def scenario() -> None:
        async with Desk(SheetKind(compact_after=2)) as desk:
            for mood in (1, 2, 3):
                await desk.ask(save(answers={"mood": mood}))
            conflict = await desk.refused(save(base=1, answers={"mood": 4}))
            assert isinstance(conflict, Conflict)
            assert conflict.details is not None
            assert conflict.details["answers"] == {"mood": 3}

    run(VirtualLoop(), scenario())


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        ({"answers": {"mood": 11}}, InvalidArgument),
        ({"answers": {"nobody": 1}}, InvalidArgument),
        ({"answers": {"plan": 3}}, InvalidArgument),
        ({"unset": ["nobody"]}, InvalidArgument),
        ({"rows": {"mood.a": 1}}, InvalidArgument),
        ({"answers": {"advice": "x"}}, PermissionDenied),
        ({"notes": {"mood": "x"}}, PermissionDenied),
        ({"answers": {"plan": "x" * 30_000}}, PayloadTooLarge),
        ({"answers": {"name": "x" * 21}}, InvalidArgument),
        ({"answers": {"name": "x" * 30_000}}, PayloadTooLarge),
    ],
)
def test_plain_drafts_are_refused_as_updates_are(plain: dict[str, Any], error: type[CarewireError]) -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            assert isinstance(await desk.refused(save(**plain)), error)
            assert (await desk.ask(GetDraft())).answers == {}

    run(VirtualLoop(), scenario())
