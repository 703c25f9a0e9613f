"""A bill: paid once, whatever is repeated or raced; it tells each what they may know."""

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import (
    ChangeLines,
    ConfirmPayment,
    Pay,
    ReadBill,
    RefundBill,
    VoidBill,
    WriteOff,
)
from actors.payments.bill.letters import Poll
from actors.payments.bill.state import Line
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied
from tests.unit.payments.till import ADA, BILL, ROOT, TERMS, TESS, Provider, Till, paid


def test_a_bill_is_paid_with_a_saved_card_and_its_books_balance() -> None:
    till = Till()
    till.open(10_000, terms=TERMS)
    view = till.view(BILL, Pay(provider="stripe", method_id="mth_1", method="pm_1"), ADA)
    assert view.record.payments[0].status == "creating"
    till.carry_out_all()
    record = till.record()
    assert (record.status, record.captured, record.due) == ("paid", 10_000, 0)
    assert till.balances() == {
        "provider:stripe": 10_000 - 230,
        "fees:stripe": 230,
        "payable:tess": -8_000,
        "revenue": -2_000,
    }
    assert till.provider.balance == till.balance("provider:stripe")


def test_what_the_lines_say_is_told_to_those_whom_it_concerns_and_stands_nowhere_in_the_clear() -> None:
    till = Till()
    till.open()
    assert till.view(BILL, ReadBill(), ADA).texts == {"l1": "An hour"}
    till.passivate(BILL, snapshot=True)
    assert till.view(BILL, ReadBill(), TESS).texts == {"l1": "An hour"}
    assert b"An hour" not in till.state(BILL)
    assert not any(b"An hour" in view.data for view in till.views("bills"))


def test_only_the_payer_is_told_what_their_browser_needs() -> None:
    till = Till()
    till.open()
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.carry_out_all()
    assert till.view(BILL, ReadBill(), ADA).client == {"client_secret": "stripe_1_secret"}
    for other in (TESS, ROOT):
        assert till.view(BILL, ReadBill(), other).client == {}
    assert b"secret" not in till.state(BILL)


@pytest.mark.parametrize(
    "who", [Principal("eve", "client"), Principal("tom", "therapist"), Principal("m", "moderator")]
)
def test_a_stranger_cannot_tell_that_there_is_a_bill(who: Principal) -> None:
    till = Till()
    till.open()
    for command in (ReadBill(), Pay(provider="stripe"), RefundBill(), VoidBill(), WriteOff()):
        with pytest.raises(NotFound):
            till.ask(BILL, command, who)


def test_a_payer_gives_no_money_back_and_a_client_who_does_not_pay_cannot_pay() -> None:
    till = Till()
    till.open(payer="mum")
    for command in (RefundBill(), VoidBill(), WriteOff()):
        with pytest.raises(PermissionDenied):
            till.ask(BILL, command, Principal("mum"))
    with pytest.raises(PermissionDenied):
        till.ask(BILL, Pay(provider="stripe"), ADA)


def test_two_tabs_get_the_same_payment() -> None:
    till = Till()
    till.open()
    one = till.view(BILL, Pay(provider="stripe"), ADA)
    two = till.view(BILL, Pay(provider="stripe"), ADA)
    assert one.record.payments[0].id == two.record.payments[0].id
    assert len(till.owed) == 1


def test_another_amount_than_the_person_saw_is_a_conflict_and_nothing_is_asked() -> None:
    till = Till()
    till.open(10_000)
    for seen in (Pay(provider="stripe", amount=9_999), Pay(provider="stripe", currency="USD")):
        with pytest.raises(Conflict) as refused:
            till.ask(BILL, seen, ADA)
        assert refused.value.details == {"total": 10_000, "currency": "EUR"}
    assert not till.owed


def test_another_provider_waits_until_the_first_payment_is_given_up() -> None:
    till = Till(Provider("stripe"), Provider("paypal"))
    till.open()
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.carry_out_all()
    till.view(BILL, Pay(provider="paypal", method="pp"), ADA)
    assert [one.connector for one in till.owed] == ["stripe"]  # the void, and nothing else yet
    till.carry_out_all()
    record = till.record()
    assert [one.status for one in record.payments] == ["canceled", "succeeded"]
    assert till.providers["stripe"].balance == 0


def test_a_payment_that_succeeds_while_it_was_to_be_given_up_is_the_one_that_counts() -> None:
    till = Till(Provider("stripe"), Provider("paypal"))
    till.open()
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.carry_out_all()
    till.providers["stripe"].succeed("stripe_1")  # in the other tab
    till.view(BILL, Pay(provider="paypal", method="pp"), ADA)
    till.carry_out_all()
    record = till.record()
    assert [one.status for one in record.payments] == ["succeeded", "canceled"]
    assert not till.providers["paypal"].payments
    assert record.status == "paid"


def test_a_declined_card_says_why_and_another_pays() -> None:
    till = Till(Provider(decline=True))
    till.open()
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    payment = till.record().payments[0]
    assert payment.error is not None
    assert (payment.status, payment.error.decline_code) == ("requires_payment_method", "insufficient_funds")
    till.provider.decline = False
    till.view(BILL, ConfirmPayment(payment=payment.id, method="pm_2"), ADA)
    till.carry_out_all()
    assert (till.record().status, till.record().payments[0].error) == ("paid", None)


def test_what_is_read_of_a_try_that_failed_says_nothing_of_the_next() -> None:
    till = Till(Provider(decline=True))
    till.open()
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    payment = till.record().payments[0]
    till.webhook("stripe", payment.ref)  # of the try that failed; it comes late
    till.view(BILL, ConfirmPayment(payment=payment.id, method="pm_2"), ADA)
    till.carry_out()
    assert (till.record().payments[0].error, till.record().payments[0].asked) == (None, "confirm")
    till.carry_out()
    assert till.record().payments[0].error is not None, "this one failed as well"
    till.provider.decline = False
    till.view(BILL, ConfirmPayment(payment=payment.id, method="pm_3"), ADA)
    till.carry_out_all()
    assert (till.record().status, till.record().payments[0].asked) == ("paid", "")


def test_a_try_of_which_nobody_hears_holds_up_nobody_who_pays_elsewhere() -> None:
    till = Till(Provider(decline=True), Provider("paypal"))
    till.open()
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    payment = till.record().payments[0]
    till.view(BILL, ConfirmPayment(payment=payment.id, method="pm_2"), ADA)
    till.owed.clear()  # it was given up as one that kills whoever carries it out
    till.view(BILL, Pay(provider="paypal", method="pm_3"), ADA)
    assert till.record().payments[0].asked == "void"
    till.carry_out_all()
    assert till.record().status == "paid"


def test_a_payment_that_is_refused_for_good_leaves_the_bill_open() -> None:
    till = Till()
    till.open()
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.refuse("invalid_request")
    assert (till.record().status, till.record().payments[0].status) == ("open", "canceled")
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    assert till.record().status == "paid"


def test_lines_change_while_nobody_pays() -> None:
    till = Till()
    till.open(10_000)
    line = Line(id="l1", quantity=2, unit_amount=3_000, amount=6_000)
    assert till.view(BILL, ChangeLines(lines=(line,)), TESS).record.total == 6_000
    till.view(BILL, Pay(provider="stripe"), ADA)
    with pytest.raises(FailedPrecondition):
        till.ask(BILL, ChangeLines(lines=(line,)), TESS)


def test_a_bill_that_is_written_off_cannot_be_paid() -> None:
    till = Till()
    till.open(10_000)
    assert till.view(BILL, WriteOff(), ROOT).record.status == "uncollectible"
    assert till.balances() == {"writeoff": 10_000, "revenue": -10_000}
    with pytest.raises(FailedPrecondition):
        till.ask(BILL, Pay(provider="stripe"), ADA)


def test_a_payment_of_which_nothing_is_heard_is_read_again_and_one_that_was_heard_of_is_not() -> None:
    till = Till()
    till.open()
    till.view(BILL, Pay(provider="stripe"), ADA)
    till.carry_out_all()
    heard = till.record().payments[0].heard
    till.provider.succeed("stripe_1")
    till.do(BILL, Poll("pay_1-1", heard - 1), SYSTEM)
    assert not till.owed
    till.do(BILL, Poll("pay_1-1", heard), SYSTEM)
    till.carry_out_all()
    assert till.record().status == "paid"


def test_a_webhook_that_overtakes_the_answer_is_asked_for_again() -> None:
    till = Till()
    till.open()
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.webhook("stripe", "stripe_1", arrival="arrival:stripe:evt_1")
    assert "arrival:stripe:evt_1" not in {letter.to for letter in till.letters}
    till.carry_out_all()
    till.webhook("stripe", "stripe_1", arrival="arrival:stripe:evt_1")
    assert "arrival:stripe:evt_1" in {letter.to for letter in till.letters}


def test_the_record_survives_the_journal_and_the_snapshot() -> None:
    till = paid(10_000, terms=TERMS)
    before = till.record()
    till.passivate(BILL)
    assert till.record() == before
    till.passivate(BILL, snapshot=True)
    assert till.record() == before
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(before), type=type(before)) == before
