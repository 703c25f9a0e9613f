"""Any life of a payment, any order in which it is heard of: at rest the bill says what its provider says, and the
ledger is the provider's balance. Without its guards it would not: each has a twin that shows so."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.payments.activities import PaymentSeen
from actors.payments.bill.commands import CancelPayment, Pay, RefundBill, VoidBill
from actors.payments.bill.rules import observing
from common.errors import CarewireError
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, Till

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.booleans()),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("void"), st.none()),
        st.tuples(st.just("refund"), st.integers(1, 12_000)),
        st.tuples(st.just("carry_out"), st.integers(1, 3)),
        st.tuples(st.just("succeed"), st.none()),
        st.tuples(st.just("by_hand"), st.integers(1, 3_000)),
        st.tuples(st.just("dispute"), st.sampled_from(("needs_response", "won", "lost"))),
        st.tuples(st.just("webhook"), st.integers(1, 2)),
        st.tuples(st.just("decline"), st.booleans()),
        st.tuples(st.just("passivate"), st.booleans()),
    ),
    max_size=14,
)


def live(till: Till, step: str, value: Any) -> None:
    """One thing that happens. What is refused changes nothing."""
    provider = till.provider
    ref = next(reversed(provider.payments), "")
    match step:
        case "pay":
            till.ask(BILL, Pay(provider="stripe", method="pm_1" if value else ""), ADA)
        case "cancel":
            till.ask(BILL, CancelPayment("pay_1-1"), ADA)
        case "void":
            till.ask(BILL, VoidBill(), ROOT)
        case "refund":
            till.ask(BILL, RefundBill(amount=value), ROOT)
        case "carry_out" if till.owed:
            till.carry_out(times=value)
        case "succeed" if ref and provider.payments[ref].status.startswith("requires_"):
            provider.succeed(ref)
        case "by_hand" if ref:
            taken = provider.payments[ref]
            back = sum(one.amount for one in taken.refunds if one.status == "succeeded")
            if taken.captured - back >= value and not taken.disputes:
                provider.by_hand(ref, value)
        case "dispute" if ref:
            taken = provider.payments[ref]
            back = sum(one.amount for one in taken.refunds if one.status == "succeeded")
            closed = any(one.status in ("won", "lost") for one in taken.disputes)
            if taken.captured > back and not closed and (taken.disputes or value == "needs_response"):
                provider.dispute(ref, value)
        case "webhook" if ref:
            for _ in range(value):
                till.webhook("stripe", ref)
        case "decline":
            provider.decline = value
        case "passivate":
            till.passivate(BILL, snapshot=value)


def at_rest(till: Till) -> None:
    """Everything is heard of, and nothing is owed."""
    till.carry_out_all()
    for ref in list(till.provider.payments):
        till.webhook("stripe", ref)
    till.carry_out_all()


def check(till: Till) -> None:
    """The bill agrees with its provider."""
    record, provider = till.record(), till.provider
    assert sum(one.amount for one in till.postings()) == 0
    assert till.balance("provider:stripe") == provider.balance
    assert record.refunded <= record.captured
    for payment in record.payments:
        if payment.ref:
            seen = provider.payments[payment.ref]
            assert (payment.status, payment.captured) == (seen.status, seen.captured)
            back = sum(one.amount for one in seen.refunds if one.status == "succeeded")
            assert sum(one.amount for one in record.refunds if one.payment == payment.id and one.posted) == back
    kept = record.captured - record.refunded - record.lost
    if not record.disputed and not any(one.status == "failed" for one in record.refunds):
        assert kept <= record.total
        assert not (record.closed == "void" and kept), "money was kept for a void bill"


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_any_life_in_any_order_ends_as_the_provider_says(steps: list[tuple[str, Any]]) -> None:
    till = Till()
    till.open(10_000, terms=TERMS)
    for step, value in steps:
        try:
            live(till, step, value)
        except CarewireError:
            continue
    at_rest(till)
    check(till)


@contextmanager
def without(module: Any, name: str, instead: Any) -> Iterator[None]:
    """The program without one of its guards."""
    kept = getattr(module, name)
    setattr(module, name, instead)
    try:
        yield
    finally:
        setattr(module, name, kept)


def stale_life() -> Till:
    """A payment succeeds; then a snapshot of before arrives."""
    till = Till()
    till.open(10_000, terms=TERMS)
    till.ask(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    draft_of(till, "stripe_1", "processing", 0)
    return till


def draft_of(till: Till, ref: str, status: Any, captured: int) -> None:
    """Fold an old snapshot, as an answer that was under way for long would be."""
    from actors.kernel.contract.activities import Answered
    from actors.kernel.contract.entity import SYSTEM
    from actors.payments.activities import encode

    seen = PaymentSeen(ref=ref, status=status, currency="EUR", amount=10_000, captured=captured)
    till.do(BILL, Answered(key="pay_1-1|read|99|", outcome="done", result=encode(seen)), SYSTEM)


def test_a_stale_snapshot_changes_nothing() -> None:
    till = stale_life()
    assert till.record().status == "paid"
    assert till.record().payments[0].status == "succeeded"
    check(till)


def test_without_the_ranking_a_status_goes_back() -> None:
    with without(observing, "ranked", lambda old, new: new):
        till = stale_life()
    with pytest.raises(AssertionError):
        check(till)


def test_a_twin_without_the_surplus_keeps_what_is_not_its_own() -> None:
    from actors.payments.bill.rules import settling

    def voided_yet_paid() -> Till:
        till = Till()
        till.open(10_000, terms=TERMS)
        till.ask(BILL, Pay(provider="stripe"), ADA)
        till.carry_out_all()
        till.provider.succeed("stripe_1")
        till.ask(BILL, VoidBill(), ROOT)
        at_rest(till)
        return till

    check(voided_yet_paid())
    with without(settling, "_return_surplus", lambda draft: None):
        till = voided_yet_paid()
    with pytest.raises(AssertionError):
        check(till)
