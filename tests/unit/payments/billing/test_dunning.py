"""What follows when a subscription is not paid: tries, notices, effects on service, and their end."""

import msgspec

from actors.kernel.contract.entity import SYSTEM
from actors.payments.bill.commands import WriteOff
from actors.payments.plan.entity import DunningStep
from actors.payments.subscription.commands import (
    ChangeMeans,
    Dun,
)
from tests.unit.payments.billing.book import CARD, DAY, PLAN, SUB, Book


def test_a_failed_payment_is_retried_suspends_and_ends_it_as_the_plan_says() -> None:
    book = Book()
    book.told(paid=True)
    book.renew()
    payments = book.payments()
    book.told(paid=False)
    assert book.record.status == "past_due"
    failed = book.record.failed
    for step, (tries, suspended, status) in enumerate(
        [(0, False, "past_due"), (1, False, "past_due"), (2, True, "past_due"), (3, True, "canceled")]
    ):
        book.do(SUB, Dun(failed, step), SYSTEM)
        book.do(SUB, Dun(failed, step), SYSTEM)  # a repeat does nothing
        assert (book.payments() - payments, book.record.suspended, book.record.status) == (tries, suspended, status)


def test_a_payment_that_comes_ends_the_dunning_and_stale_steps_do_nothing() -> None:
    book = Book()
    book.told(paid=True)
    book.renew()
    book.told(paid=False)
    failed, payments = book.record.failed, book.payments()
    book.view(ChangeMeans(means=msgspec.structs.replace(CARD, method="pm_2")))
    assert book.payments() == payments + 1  # tried at once
    book.told(paid=True)
    assert (book.record.status, book.record.failed) == ("active", 0)
    book.do(SUB, Dun(failed, 0), SYSTEM)
    assert book.record.dunned == 0


def test_a_plan_may_write_off() -> None:
    steps = (DunningStep(after_days=1, do=["write_off", "cancel"]),)
    book = Book(msgspec.structs.replace(PLAN, dunning=steps))
    book.told(paid=True)
    book.renew()
    book.told(paid=False)
    book.do(SUB, Dun(book.record.failed, 0), SYSTEM)
    assert any(isinstance(one, WriteOff) for one in book._commands())
    assert book.record.status == "canceled"


def test_what_the_bank_will_never_pay_is_not_tried_again_until_there_is_another_method() -> None:
    book = Book()
    book.told(paid=True)
    book.renew()
    book.told(paid=False, never=True)
    failed, payments = book.record.failed, book.payments()
    for step in range(3):
        book.do(SUB, Dun(failed, step), SYSTEM)
    assert (book.payments(), book.record.suspended) == (payments, True)
    book.view(ChangeMeans(means=msgspec.structs.replace(CARD, method="pm_2")))
    assert book.payments() == payments + 1
    book.do(SUB, Dun(failed, 3), SYSTEM)
    assert book.payments() == payments + 2


def test_the_bill_that_fails_is_told_which_step_comes_when() -> None:
    book = Book()
    book.told(paid=True)
    book.renew()
    book.told(paid=False)
    failed = book.record.failed
    for step in range(4):
        book.do(SUB, Dun(failed, step), SYSTEM)
    told = [(one.steps, one.next_at and (one.next_at - failed) // DAY, one.do) for one in book.dunned()]
    assert told == [
        (0, 0, ("notify",)),
        (1, 3, ("retry",)),
        (2, 7, ("retry", "suspend")),
        (3, 14, ("retry", "cancel")),
        (4, 0, ()),
    ]
