"""The document of an assignment over the kernel: what is stored, what is thrown away, what is compacted."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from pycrdt import Doc, Map, Text

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import SYSTEM, Command, Principal
from actors.worksheets.document.commands import (
    BroadcastAwareness,
    Catch,
    Compact,
    GetDraft,
    JoinDocument,
    Plain,
    SaveDraft,
    Write,
)
from actors.worksheets.document.judging import Bounds
from actors.worksheets.document.part import Document
from actors.worksheets.yjs.bytes import number_bytes
from actors.worksheets.yjs.update import state_vector_bytes
from common.errors import (
    CarewireError,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    Unavailable,
)
from config.settings import KernelSettings
from store.memory import memory_stores
from store.ports.stores import Stores
from tests.simulation.faults import Dice, FaultyJournal
from tests.simulation.loop import VirtualClock, VirtualLoop, run
from tests.unit.worksheets.sheet import CLARA, MALLORY, THEO, Change, SheetKind

ID = "assignment:asg_1"


class Desk:
    """A cluster with one region, whose journal is as sound as `dice` say."""

    def __init__(self, kind: SheetKind | None = None, *, dice: Dice | None = None) -> None:
        loop: Any = asyncio.get_running_loop()
        clock = VirtualClock(loop)
        self.sound = memory_stores(clock, [])
        journal: Any = self.sound.journal if dice is None else FaultyJournal(self.sound.journal, dice)
        self.stores: Stores = replace(self.sound, journal=journal)
        settings = KernelSettings(snapshot_every=20)
        self.cluster = LocalCluster(self.stores, [kind or SheetKind()], settings=settings, clock=clock, shards=1)
        self.region: Region

    async def __aenter__(self) -> "Desk":
        await self.cluster.start()
        self.region = await self.cluster.region("desk", lambda _: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.region.close()
        await self.cluster.stop()

    async def ask(self, command: Command[Any], by: Principal = CLARA) -> Any:
        reply = await self.region.submit(ID, command, by=by)
        return answer_to(command, reply.data)

    async def refused(self, command: Command[Any], by: Principal = CLARA) -> CarewireError:
        with pytest.raises(CarewireError) as refused:
            await self.ask(command, by)
        return refused.value

    async def document(self) -> "Doc[Any]":
        doc: Doc[Any] = Doc()
        doc.apply_update((await self.ask(JoinDocument())).sync)
        return doc

    async def secrets(self) -> list[int]:
        """Numbers of the events that still have one."""
        turns = await self.sound.journal.turns(ID, after=0, limit=10_000)
        found = []
        for turn in turns:
            for offset, blob in enumerate(turn.events):
                if msgspec.msgpack.decode(blob)[2] is not None:
                    found.append(turn.first_seq + offset)
        return found


class Hand:
    """Somebody's own document."""

    def __init__(self, number: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=number)

    def text(self, root: str, at: int, text: str) -> bytes:
        before = self.doc.get_state()
        self.doc.get(root, type=Text).insert(at, text)
        return self.doc.get_update(before)

    def put(self, key: str, value: Any) -> bytes:
        before = self.doc.get_state()
        self.doc.get("answers", type=Map)[key] = value
        return self.doc.get_update(before)


def save(base: int | None = None, **plain: Any) -> SaveDraft:
    return SaveDraft(secret=msgspec.msgpack.encode(Plain(**plain)), base=base)


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
    ],
)
def test_plain_drafts_are_refused_as_updates_are(plain: dict[str, Any], error: type[CarewireError]) -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            assert isinstance(await desk.refused(save(**plain)), error)
            assert (await desk.ask(GetDraft())).answers == {}

    run(VirtualLoop(), scenario())


def test_writer_numbers_are_peoples_own() -> None:
    async def scenario() -> None:
        async with Desk(SheetKind(Bounds(client_numbers=3))) as desk:
            await desk.ask(Write(attempt=1, update=Hand(5000).put("done", True)))
            stolen = Hand(5000)
            stolen.doc.apply_update((await desk.ask(JoinDocument(), THEO)).sync)
            for update in (stolen.put("done", False), Hand(7).put("done", False)):
                refused = await desk.refused(Write(attempt=1, update=update), THEO)
                assert refused.details == {"reason": "client_number"}
            told = BroadcastAwareness(attempt=1, states=b"\1\1\0", numbers=(5000,))
            assert (await desk.refused(told, THEO)).details == {"reason": "client_number"}
            for number in (5001, 5002):
                await desk.ask(Write(attempt=1, update=Hand(number).text("text:plan", 0, "x")))
            full = await desk.refused(Write(attempt=1, update=Hand(5003).text("text:plan", 0, "x")))
            assert isinstance(full, PayloadTooLarge)

    run(VirtualLoop(), scenario())


def test_an_attempt_that_is_over_takes_nothing_and_the_next_begins_with_what_was_written() -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            old = Hand(5000)
            await desk.ask(Write(attempt=1, update=old.text("text:plan", 0, "kept 😀")))
            await desk.ask(Change(status="submitted"), SYSTEM)
            over = await desk.refused(Write(attempt=1, update=old.put("mood", 1)))
            assert isinstance(over, FailedPrecondition)
            assert over.details is not None
            assert over.details["reason"] == "submitted"
            await desk.ask(Change(status="reopened", again=True), SYSTEM)
            assert (await desk.refused(Write(attempt=1, update=old.put("mood", 1)))).code == "failed_precondition"
            late = await desk.refused(Write(attempt=2, update=old.doc.get_update()))
            assert late.details == {"reason": "client_number"}  # an old document that comes back is not poured in
            draft = await desk.ask(GetDraft())
            assert (draft.attempt, draft.answers) == (2, {"plan": "kept 😀"})
            assert len(await desk.secrets()) == 1

    run(VirtualLoop(), scenario())


def test_strangers_find_nothing_and_what_is_not_shared_is_not_read() -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            asked: list[Command[Any]] = [
                JoinDocument(),
                Catch(attempt=1, state_vector=b"\0"),
                Write(attempt=1, update=Hand(9000).put("mood", 1)),
                BroadcastAwareness(attempt=1, states=b"\1\1\0"),
                GetDraft(),
                save(answers={"mood": 1}),
            ]
            for command in asked:
                assert isinstance(await desk.refused(command, MALLORY), NotFound)
            await desk.ask(Change(collaboration=False), SYSTEM)
            for command in asked:
                assert isinstance(await desk.refused(command, THEO), PermissionDenied)
            assert (await desk.ask(JoinDocument())).attempt == 1

    run(VirtualLoop(), scenario())


def test_only_what_is_lacking_is_sent() -> None:
    async def scenario() -> None:
        async with Desk() as desk:
            hand = Hand(5000)
            await desk.ask(Write(attempt=1, update=hand.text("text:plan", 0, "a" * 500)))
            await desk.ask(Write(attempt=1, update=hand.text("text:plan", 0, "b")))
            assert len((await desk.ask(JoinDocument())).sync) > 500
            lacked = await desk.ask(Catch(attempt=1, state_vector=state_vector_bytes({5000: 500})))
            assert len(lacked.sync) < 50
            assert (await desk.refused(JoinDocument(state_vector=b"\xff"))).details == {"field": "state_vector"}

    run(VirtualLoop(), scenario())


def test_a_value_that_lost_is_no_deletion_of_whoever_reads_both() -> None:
    """Two devices set one key at the same time: the document of the therapist, who may not, deletes the loser."""

    async def scenario() -> None:
        async with Desk() as desk:
            one, two, theo = Hand(5000), Hand(5001), Hand(6000)
            updates = [one.put("mood", 1), two.put("mood", 2)]
            for update in updates:
                await desk.ask(Write(attempt=1, update=update))
                theo.doc.apply_update(update)
            whole = theo.doc.get_update()
            assert (await desk.ask(Write(attempt=1, update=whole), THEO)).seq == 2
            both = number_bytes(2) + b"".join(number_bytes(number) + b"\1\0\1" for number in (5001, 5000))
            refused = await desk.refused(Write(attempt=1, update=b"\0" + both), THEO)
            assert refused.details == {"roots": ["answers/mood"]}  # one of them won

    run(VirtualLoop(), scenario())
