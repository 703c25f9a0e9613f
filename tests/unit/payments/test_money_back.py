"""Money of a bill that goes back or is never taken: refunds, disputes, bookings that have gone; the books sum to
zero."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import (
    CancelPayment,
    Happened,
    Pay,
    ReadBill,
    ReadHistory,
    RefundBill,
    VoidBill,
)
from actors.payments.bill.letters import BookingTold
from actors.payments.bill.rules import settling
from common.errors import FailedPrecondition
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, TESS, Till, paid

HOUR_MS = 3_600_000


def test_whatever_succeeds_beyond_the_bill_goes_back_in_full_once() -> None:
    till = Till()
    till.open(10_000)
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.carry_out_all()
    till.view(BILL, CancelPayment("pay_1-1"), ADA)
    voiding = till.owed.pop()  # hangs at the provider
    till.provider.succeed("stripe_1")
    till.view(BILL, VoidBill(), TESS)
    till.owed.append(voiding)
    till.carry_out_all()
    till.webhook("stripe", "stripe_1")
    till.carry_out_all()
    record = till.record()
    assert (record.status, record.refunded) == ("refunded", 10_000)
    assert len(till.provider.payments["stripe_1"].refunds) == 1
    assert till.balances() == {"provider:stripe": -230, "fees:stripe": 230}


def test_refunds_never_exceed_what_was_taken() -> None:
    till = paid(10_000)
    till.view(BILL, RefundBill(amount=4_000), TESS)
    with pytest.raises(FailedPrecondition) as refused:
        till.ask(BILL, RefundBill(amount=6_001), ROOT)
    assert refused.value.details == {"refundable": 6_000, "currency": "EUR"}
    till.view(BILL, RefundBill(), ROOT)
    till.carry_out_all()
    assert till.record().status == "refunded"
    assert till.balances() == {"provider:stripe": -230, "fees:stripe": 230}


def test_what_is_noted_of_a_refund_is_for_the_therapist_and_administrators_and_stands_nowhere_in_the_clear() -> None:
    till = Till()
    till.open(10_000, payer="mum")
    till.view(BILL, Pay(provider="stripe", method="pm_1"), Principal("mum", "client"))
    till.carry_out_all()
    till.view(BILL, RefundBill(amount=1_000, secret=msgspec.msgpack.encode({"note": "She was ill"})), TESS)
    till.view(BILL, RefundBill(amount=2_000), ROOT)
    till.carry_out_all()

    def notes(who: Principal) -> dict[str, str]:
        return msgspec.convert(till.ask(BILL, ReadHistory(), who), Happened).notes

    first, _ = till.record().refunds
    for staff in (TESS, ROOT):
        assert notes(staff) == {first.id: "She was ill"}
    for other in (ADA, Principal("mum", "client")):
        assert notes(other) == {}
    assert b"She was ill" not in msgspec.msgpack.encode(till.record())
    till.passivate(BILL)
    assert notes(TESS) == {first.id: "She was ill"}


def test_a_refund_that_the_provider_refuses_is_reported_and_the_money_stays() -> None:
    till = paid(10_000)
    till.view(BILL, RefundBill(), TESS)
    till.refuse("charge_disputed")
    (refund,) = till.record().refunds
    assert (refund.status, refund.code, till.record().refundable) == ("failed", "charge_disputed", 10_000)


def test_money_returned_by_hand_is_taken_over_with_its_posting() -> None:
    till = paid(10_000)
    till.provider.by_hand("stripe_1", 3_000)
    till.webhook("stripe", "stripe_1", arrival="arrival:stripe:evt_1")
    till.carry_out_all()
    assert (till.record().refunded, till.record().refunds[0].by) == (3_000, "system")
    assert till.provider.balance == till.balance("provider:stripe")
    assert "arrival:stripe:evt_1" in {letter.to for letter in till.letters}


def test_while_money_is_disputed_nothing_is_refunded_and_what_is_lost_leaves_the_share() -> None:
    till = paid(10_000, terms=TERMS)
    till.provider.dispute("stripe_1", "needs_response")
    till.webhook("stripe", "stripe_1")
    till.carry_out_all()
    assert (till.record().disputed, till.balance("disputed")) == (10_000, 10_000)
    with pytest.raises(FailedPrecondition) as refused:
        till.ask(BILL, RefundBill(), ROOT)
    assert refused.value.details == {"reason": "disputed"}
    till.provider.dispute("stripe_1", "lost")
    till.webhook("stripe", "stripe_1")
    till.carry_out_all()
    assert till.balances() == {"provider:stripe": -245, "fees:stripe": 245}


def test_a_dispute_that_is_won_brings_the_money_back() -> None:
    till = paid(10_000, terms=TERMS)
    for status in ("needs_response", "won", "needs_response"):  # the last is stale
        till.provider.dispute("stripe_1", status)
        till.webhook("stripe", "stripe_1")
        till.carry_out_all()
    assert till.record().disputed == 0
    assert (till.balance("disputed"), till.balance("payable:tess")) == (0, -8_000)


def test_a_bill_for_a_booking_is_taken_only_once_that_is_confirmed() -> None:
    till = a_booking()
    assert till.record().status == "authorized"
    till.do(BILL, told("confirmed"), SYSTEM)
    till.carry_out_all()
    assert (till.record().status, till.provider.balance) == ("paid", 10_000 - 230)


def test_a_booking_that_has_gone_gives_the_hold_back_in_full() -> None:
    till = a_booking()
    till.do(BILL, told("expired"), SYSTEM)
    till.carry_out_all()
    assert (till.record().status, till.provider.balance) == ("void", 0)
    assert till.provider.payments["stripe_1"].status == "canceled"


def test_without_the_hand_shake_money_is_taken_for_a_time_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hold of the time lapses while its payment is authorised; the twin takes the money without asking."""
    guarded = a_booking()
    monkeypatch.setattr(settling, "may_capture", lambda record: record.capture == "now")
    for till, taken in ((guarded, 0), (a_booking(), 10_000)):
        till.do(BILL, told("expired"), SYSTEM)
        till.carry_out_all()
        record = till.record()
        assert (record.captured, record.captured - record.refunded) == (taken, 0)


def test_money_that_comes_for_a_booking_that_has_gone_goes_back() -> None:
    till = Till()
    till.open(10_000, booking="bkg_1", waits=True, start=till.now_ms + 48 * HOUR_MS)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.do(BILL, told("expired", start=till.record().start), SYSTEM)
    till.carry_out_all()
    assert (till.record().status, till.provider.payments["stripe_1"].status) == ("void", "canceled")
    with pytest.raises(FailedPrecondition):
        till.ask(BILL, Pay(provider="stripe"), ADA)


@pytest.mark.parametrize(("hours", "kept"), [(30, 0), (10, 5_000), (1, 10_000)])
def test_a_client_who_cancels_gets_back_what_the_policy_says(hours: int, kept: int) -> None:
    till = a_booking()
    till.do(BILL, told("confirmed", start=till.record().start), SYSTEM)
    till.carry_out_all()
    start = till.record().start
    till.do(
        BILL,
        BookingTold(status="cancelled", at=start - hours * HOUR_MS, start=start, end=start, by_client=True),
        SYSTEM,
    )
    till.carry_out_all()
    record = till.record()
    assert record.captured - record.refunded == kept
    assert till.provider.balance == till.balance("provider:stripe") == kept - 230


def test_what_is_captured_on_completion_is_captured_down_to_what_is_kept() -> None:
    till = a_booking(capture="on_completion")
    till.do(BILL, told("confirmed", start=till.record().start), SYSTEM)
    till.carry_out_all()
    assert till.record().status == "authorized"
    till.do(BILL, told("no_show", start=till.record().start), SYSTEM)
    till.carry_out_all()
    assert (till.record().status, till.record().captured, till.record().refunds) == ("paid", 8_000, ())


def test_staff_books_cash_in_and_gives_it_back() -> None:
    till = Till()
    till.open(10_000)
    view = till.view(BILL, Pay(provider="manual"), ADA)
    assert view.record.payments[0].status == "requires_action"
    assert "instructions" in till.view(BILL, ReadBill(), ADA).client
    assert till.view(BILL, Pay(provider="manual"), TESS).record.status == "paid"
    assert till.view(BILL, RefundBill(), TESS).record.status == "refunded"
    assert till.balances() == {}
    assert not till.owed


def a_booking(**members: Any) -> Till:
    """A bill for a booking, authorised."""
    till = Till()
    till.open(10_000, booking="bkg_1", waits=True, terms=TERMS, start=till.now_ms + 48 * HOUR_MS, **members)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    return till


def told(status: str, start: int = 0) -> BookingTold:
    """The booking is so by now."""
    return BookingTold(status=status, at=start, start=start, end=start + HOUR_MS)
