"""Who may write in a document, under which numbers, how fast, and until when."""

import asyncio
from typing import Any

from actors.kernel.contract.entity import SYSTEM, Command
from actors.worksheets.document.commands import BroadcastAwareness, Catch, GetDraft, JoinDocument, Write
from actors.worksheets.document.judging import Bounds
from actors.worksheets.yjs.bytes import number_bytes
from actors.worksheets.yjs.update import state_vector_bytes
from common.errors import FailedPrecondition, NotFound, PayloadTooLarge, PermissionDenied, RateLimited
from tests.simulation.loop import VirtualLoop, run
from tests.unit.worksheets.sheet import MALLORY, THEO, Change, SheetKind
from tests.unit.worksheets.writing.paper import Desk, Hand, save


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


def test_nobody_writes_faster_than_one_gateway_lets_them_wherever_they_write() -> None:
    async def scenario() -> None:
        async with Desk(SheetKind(Bounds(updates_per_s=0.5))) as desk:
            await asyncio.sleep(10.1 - desk.clock.platform_ms() % 10_000 / 1000)
            hand = Hand(5000)
            for _ in range(6):  # of ten seconds, and of a burst of two
                await desk.ask(Write(attempt=1, update=hand.text("text:plan", 0, "x")))
            more = Write(attempt=1, update=hand.text("text:plan", 0, "y"))
            fast = await desk.refused(more)
            assert isinstance(fast, RateLimited)
            assert fast.retry_after_s is not None
            assert 9 < fast.retry_after_s < 10
            await desk.ask(Write(attempt=1, update=Hand(6000).text("text:plan", 0, "z")), THEO)
            await asyncio.sleep(fast.retry_after_s + 0.1)
            assert (await desk.ask(more)).seq > 7

    run(VirtualLoop(), scenario())
