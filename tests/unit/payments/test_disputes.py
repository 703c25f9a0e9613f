"""Disputes: evidence is drafted, told of in time, and sent once: by staff, or of itself before it is too late."""

from typing import Final

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.payments.activities import AnswerDispute as AskAnswer
from actors.payments.activities import decode_ask
from actors.payments.bill.commands import (
    BillView,
    DisputeView,
    DraftEvidence,
    Pay,
    ReadBill,
    ReadDispute,
    RespondToDispute,
)
from actors.payments.bill.letters import DisputeDue, Neutralize
from actors.payments.bill.rules.disputing import SENT_HOURS, TOLD_HOURS, deadlines
from actors.payments.bill.rules.evidence import drafted
from actors.payments.bill.state import BillRecord, DisputeRecord, Terms
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, Till, replace
from tests.unit.rooms.harness import run

HOUR_MS: Final = 3_600_000
DUE: Final = 1_900_000_000_000


def disputed() -> Till:
    """A bill of which the payer's bank has taken the money back."""
    till = Till()
    till.open(10_000, terms=TERMS)
    till.ask(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    ref = next(iter(till.provider.payments))
    till.provider.dispute(ref, "needs_response")
    payment = till.provider.payments[ref]
    due = tuple(replace(one, due_ms=DUE) for one in payment.disputes)
    till.provider.payments[ref] = replace(payment, disputes=due)
    till.webhook("stripe", ref)
    till.carry_out_all()
    return till


def the(till: Till) -> DisputeRecord:
    (found,) = till.record().disputes
    return found


def due(till: Till, hours: int, *, at_ms: int = DUE) -> None:
    """The timer."""
    till.do(BILL, DisputeDue(dispute=the(till).id, due=at_ms, hours=hours), SYSTEM)


def written(**evidence: str) -> bytes:
    return msgspec.msgpack.encode(evidence)


def test_what_was_written_stays_while_the_dispute_is_open_though_whom_it_is_for_is_erased() -> None:
    till = disputed()
    till.view(BILL, DraftEvidence(dispute=the(till).id, secret=written(uncategorized_text="Both were there.")), ROOT)
    run(till.stores.vault.erase("ada"))
    till.passivate(BILL)
    assert msgspec.convert(till.ask(BILL, ReadDispute(the(till).id), ROOT), DisputeView).written
    due(till, SENT_HOURS)
    (ask,) = [one for one in till.owed if one.key.split("|")[1] == "answer_dispute"]
    assert ask.owner == BILL.partition(":")[2]
    run(till.stores.vault.erase("bil_1"))
    till.passivate(BILL)
    assert not msgspec.convert(till.ask(BILL, ReadDispute(the(till).id), ROOT), DisputeView).written


def test_a_bill_of_whoever_is_erased_says_nothing_more_of_what_it_was_for() -> None:
    till = disputed()
    assert till.view(BILL, ReadBill(), ROOT).texts
    for _ in range(2):
        till.do(BILL, Neutralize(), SYSTEM)
    assert not till.view(BILL, ReadBill(), ROOT).texts
    with pytest.raises(PermissionDenied):
        till.ask(BILL, Neutralize(), ROOT)


def asked(till: Till) -> list[str]:
    """What is owed to the provider."""
    return [one.key.split("|")[1] for one in till.owed]


def test_staff_is_told_in_time_and_the_end_is_set_when_a_dispute_comes() -> None:
    till = disputed()
    timers = [(due_ms, msgspec.msgpack.decode(command)) for due_ms, command in till.timers]
    found = {command["hours"]: due_ms for due_ms, command in timers if command["type"] == "dispute_due"}
    assert found == {hours: DUE - hours * HOUR_MS for hours in (*TOLD_HOURS, SENT_HOURS)}


def test_deadlines_that_are_over_are_left_out() -> None:
    dispute = replace(the(disputed()), due=DUE)
    assert len(deadlines(dispute, DUE - 30 * HOUR_MS)) == 2
    assert deadlines(dispute, DUE) == []
    assert deadlines(replace(dispute, due=0), 0) == []


def test_the_draft_is_sent_of_itself_once() -> None:
    till = disputed()
    due(till, 24)
    assert asked(till) == []
    due(till, SENT_HOURS)
    due(till, SENT_HOURS)
    assert asked(till) == ["answer_dispute"]
    assert the(till).submitted


@pytest.mark.parametrize("how", ["staff said no", "answered before", "another deadline"])
def test_nothing_is_sent_of_itself_when(how: str) -> None:
    till = disputed()
    match how:
        case "staff said no":
            till.ask(BILL, DraftEvidence(dispute=the(till).id, automatic=False, secret=written()), ROOT)
        case "answered before":
            till.ask(BILL, RespondToDispute(dispute=the(till).id), ROOT)
            till.carry_out_all()
    due(till, SENT_HOURS, at_ms=DUE + (how == "another deadline"))
    assert asked(till) == []


def test_evidence_is_sent_once_and_what_is_none_never() -> None:
    till = disputed()
    dispute = the(till).id
    with pytest.raises(InvalidArgument):
        till.ask(BILL, DraftEvidence(dispute=dispute, secret=written(colour="red")), ROOT)
    with pytest.raises(InvalidArgument):
        till.ask(BILL, RespondToDispute(dispute=dispute, secret=written(uncategorized_text="x" * 150_001)), ROOT)
    with pytest.raises(NotFound):
        till.ask(BILL, RespondToDispute(dispute="dsp_1-9"), ROOT)
    till.ask(BILL, RespondToDispute(dispute=dispute, secret=written(uncategorized_text="They were there.")), ROOT)
    with pytest.raises(FailedPrecondition):
        till.ask(BILL, RespondToDispute(dispute=dispute), ROOT)
    with pytest.raises(FailedPrecondition):
        till.ask(BILL, DraftEvidence(dispute=dispute, secret=written()), ROOT)
    assert asked(till) == ["answer_dispute"]


def test_one_that_is_given_up_says_so_and_brings_no_evidence() -> None:
    till = disputed()
    till.ask(BILL, RespondToDispute(dispute=the(till).id, accept=True), ROOT)
    (activity,) = till.owed
    ask = decode_ask(activity.payload)
    assert isinstance(ask, AskAnswer)
    assert (ask.accept, ask.evidence) == (True, {})


def test_the_draft_says_what_the_bill_knows_and_names_nobody() -> None:
    record = BillRecord(
        id="bil_1",
        kind="booking",
        payer="ada",
        client="bea",
        beneficiary="tess",
        currency="EUR",
        created=0,
        updated=0,
        start=1_763_631_000_000,
        completed=1_763_634_600_000,
        terms=Terms(cancellation=((1440, 100), (0, 50))),
    )
    found = drafted(record)
    assert found["service_date"] == "2025-11-20"
    assert "1440 minutes before the start: 100 %" in found["cancellation_policy_disclosure"]
    assert "completed at 2025-11-20T10:30" in found["access_activity_log"]
    words = " ".join(found.values())
    assert not any(name in words for name in ("ada", "bea", "tess"))
    present = msgspec.msgpack.encode(
        {"overlap_s": 3000, "billed_minutes": 50, "intervals": [("09:30", "10:20")], "source": "meeting"}
    )
    assert "09:30 to 10:20 (50 minutes billed)" in drafted(replace(record, evidence=present))["access_activity_log"]


@pytest.mark.parametrize("accept", [True, False])
def test_one_that_has_changed_meanwhile_is_neither_answered_nor_given_up(accept: bool) -> None:
    till = disputed()
    before = msgspec.convert(till.ask(BILL, ReadBill(), ROOT), BillView).version
    till.ask(BILL, DraftEvidence(dispute=the(till).id, secret=written()), ROOT)
    with pytest.raises(FailedPrecondition) as refused:
        till.ask(BILL, RespondToDispute(dispute=the(till).id, accept=accept, versions=(before,)), ROOT)
    assert refused.value.details == {"reason": "version", "version": before + 1}
    assert asked(till) == []
    till.ask(BILL, RespondToDispute(dispute=the(till).id, accept=accept, versions=(before + 1,)), ROOT)
    assert asked(till) == ["answer_dispute"]
