"""The document of an assignment over the kernel: what is stored, what is thrown away, what is compacted."""

import asyncio
import random

import pytest
from pycrdt import Map, Text

from actors.kernel.contract.entity import Principal
from actors.worksheets.document.commands import Compact, Write
from actors.worksheets.document.part import Document
from common.errors import Unavailable
from tests.simulation.faults import Dice
from tests.simulation.loop import VirtualLoop, run
from tests.unit.worksheets.sheet import CLARA, THEO, SheetKind
from tests.unit.worksheets.writing.paper import ID, Desk, Hand


async def writing(desk: Desk, dice: Dice, hand: Hand, by: Principal, count: int) -> None:
    """Write so often, each again until it is stored."""
    for number in range(count):
        update = hand.text("text:plan", 0, f"{by.user}{number};")
        while True:
            try:
                await desk.ask(Write(attempt=1, update=update), by)
                break
            except Unavailable:
                await dice.pause()


async def two_write(seed: int) -> None:
    """The journal loses answers and refuses at random; checkpoints fall in between."""
    dice = Dice(random.Random(seed))
    async with Desk(SheetKind(compact_after=7), dice=dice) as desk:
        clara, theo = Hand(5000), Hand(6000)
        await asyncio.gather(writing(desk, dice, clara, CLARA, 25), writing(desk, dice, theo, THEO, 25))
        dice.rate = 0.0
        text = str((await desk.document()).get("text:plan", type=Text))
        wanted = [f"{user}{n}" for user in ("clara", "theo") for n in range(25)]
        assert sorted(text.split(";")[:-1]) == sorted(wanted)


@pytest.mark.parametrize("seed", range(6))
def test_turns_that_are_thrown_away_change_nobodys_document(seed: int) -> None:
    run(VirtualLoop(), two_write(seed))


def test_a_fold_that_is_thrown_away_is_not_seen_by_whoever_holds_the_part_before_it() -> None:
    before = Document.new().with_update(1, Hand(5000).put("mood", 1))
    thrown_away = before.with_update(2, Hand(6000).put("done", True))
    assert before.plain()[0] == {"mood": 1}
    assert thrown_away.plain()[0] == {"mood": 1, "done": True}
    after = before.with_update(2, Hand(7000).put("calm", 0.5))
    assert (after.plain()[0], before.plain()[0]) == ({"mood": 1, "calm": 0.5}, {"mood": 1})


def test_where_parts_just_share_their_log_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: a part that takes the shared log as it is."""
    monkeypatch.setattr(Document, "_current", lambda self: self._log)
    before = Document.new().with_update(1, Hand(5000).put("mood", 1))
    before.with_update(2, Hand(6000).put("done", True))
    assert before.plain()[0] == {"mood": 1, "done": True}


def test_a_checkpoint_takes_the_place_of_what_was_before_and_deleted_text_is_gone() -> None:
    async def scenario() -> None:
        async with Desk(SheetKind(compact_after=5)) as desk:
            hand = Hand(5000)
            for number in range(12):
                await desk.ask(Write(attempt=1, update=hand.text("text:plan", 0, f"{number} ")))
            # 5 updates and a checkpoint, twice, and two updates
            assert await desk.secrets() == [12, 13, 14]
            assert str((await desk.document()).get("text:plan", type=Text)) == "".join(
                f"{n} " for n in range(11, -1, -1)
            )
            await asyncio.sleep(400)  # five minutes after the last
            assert len(await desk.secrets()) == 1
            assert str((await desk.document()).get("text:plan", type=Text)).startswith("11 10")
            assert (await desk.refused(Compact(attempt=1))).code == "permission_denied"

    run(VirtualLoop(), scenario())


def test_an_idle_document_leaves_memory_and_comes_back_whole() -> None:
    async def scenario() -> None:
        kind = SheetKind()
        kind.parts_idle_s = 60.0
        async with Desk(kind) as desk:
            hand = Hand(5000)
            await desk.ask(Write(attempt=1, update=hand.put("mood", 3)))
            resident = desk.cluster.shards["rooms-0"]._residents._all[ID]
            assert resident.parts
            await asyncio.sleep(65)
            assert not resident.parts
            await desk.ask(Write(attempt=1, update=hand.put("mood", 4)))
            assert (await desk.document()).get("answers", type=Map).to_py() == {"mood": 4}

    run(VirtualLoop(), scenario())


def test_documents_together_weigh_no_more_than_their_budget() -> None:
    async def scenario() -> None:
        kind = SheetKind()
        kind.parts_bytes = 400_000
        async with Desk(kind) as desk:
            for number in range(30):
                update = Hand(5000).text("text:plan", 0, "x" * 10_000)
                await desk.region.submit(f"assignment:asg_{number}", Write(attempt=1, update=update), by=CLARA)
            residents = desk.cluster.shards["rooms-0"]._residents._all.values()
            parts = [part for one in residents for part in one.parts.values() if isinstance(part, Document)]
            weight = sum(part.weight for part in parts)
            assert 0 < weight <= 400_000

    run(VirtualLoop(), scenario())
