"""Subscriptions: periods, changes that cost what their preview says, codes, pauses and ends."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.pricing.quote import Discount
from actors.payments.subscription.commands import (
    BillNow,
    Cancel,
    ChangeMeans,
    Dun,
    Means,
    Pause,
    PeriodOver,
    Preview,
    PreviewChange,
    Reactivate,
    ReadSubscription,
    RecordUsage,
    Resume,
    SubscriptionCommand,
    SubscriptionView,
)
from actors.payments.subscription.periods import period_end
from actors.payments.subscription.state import Tax
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from tests.unit.payments.billing.book import ADA, CARD, DAY, PLAN, SUB, Book, change, total
from tests.unit.rooms.harness import START_MS

HALF = Discount(code="HALF", percent=50)


def test_it_is_incomplete_until_its_first_bill_is_paid_and_renews() -> None:
    book = Book()
    assert (book.record.status, [total(one) for one in book.bills()], book.payments()) == ("incomplete", [3_000], 1)
    book.told(paid=True)
    assert book.record.status == "active"
    before = book.record.period_end
    book.renew()
    assert (book.record.period_start, len(book.bills())) == (before, 2)
    book.do(SUB, PeriodOver(before), SYSTEM)  # stale
    assert len(book.bills()) == 2


def test_a_first_bill_that_nobody_pays_ends_it() -> None:
    book = Book()
    book.do(SUB, Dun(0, -1), SYSTEM)
    assert book.record.status == "incomplete_expired"


def test_a_trial_costs_nothing_until_it_is_over() -> None:
    book = Book(msgspec.structs.replace(PLAN, trial_days=14))
    assert (book.record.status, book.bills()) == ("trialing", [])
    book.renew()
    assert (book.record.status, [total(one) for one in book.bills()]) == ("active", [3_000])


@pytest.mark.parametrize(
    ("start", "number", "end"),
    [("2024-01-31", 1, "2024-02-29"), ("2024-01-31", 2, "2024-03-31"), ("2023-12-31", 2, "2024-02-29")],
)
def test_a_month_without_its_day_ends_on_its_last(start: str, number: int, end: str) -> None:
    anchor = int(datetime.fromisoformat(f"{start}T10:00:00+00:00").timestamp() * 1000)
    made = datetime.fromtimestamp(period_end(anchor, PLAN, number) / 1000, UTC)
    assert made.isoformat() == f"{end}T10:00:00+00:00"


def test_an_upgrade_is_billed_at_once_for_the_rest_of_the_period() -> None:
    book = Book()
    book.told(paid=True)
    half = (book.record.period_start + book.record.period_end) // 2
    book.now_ms = half - 1000
    dearer = msgspec.structs.replace(PLAN, amount=9_000)
    book.view(change(dearer))
    assert abs(total(book.bills()[-1]) - 3_000) <= 1  # half of 9,000 less half of 3,000
    book.renew()
    assert total(book.bills()[-1]) == 9_000


def test_what_is_cheaper_becomes_credit_for_the_next_bill_or_begins_with_the_next_period() -> None:
    book = Book()
    book.told(paid=True)
    cheaper = msgspec.structs.replace(PLAN, amount=1_000)
    book.view(change(cheaper))
    assert (len(book.bills()), book.record.credit > 1_900) == (1, True)
    book.renew()
    assert (len(book.bills()), book.record.credit > 900) == (1, True)  # 1,000 were paid by the credit
    other = Book()
    other.told(paid=True)
    other.view(change(cheaper, when="period_end"))
    assert other.record.plan.amount == 3_000
    other.renew()
    assert (other.record.plan.amount, total(other.bills()[-1])) == (1_000, 1_000)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5_000), st.integers(1, 5), st.integers(0, 86_400 * 9), st.sampled_from(("now", "next"))
        ),
        max_size=6,
    ),
    st.sampled_from((Tax(), Tax(jurisdiction="DE", rate="19"), Tax(jurisdiction="DE", rate="19", inclusive=True))),
)
def test_a_preview_is_what_is_charged(steps: list[tuple[int, int, int, Any]], tax: Tax) -> None:
    book = Book(tax=tax)
    book.told(paid=True)
    for amount, quantity, pause_s, proration in steps:
        book.now_ms = min(book.now_ms + pause_s * 1000, book.record.period_end - 10_000)
        wanted = change(msgspec.structs.replace(PLAN, amount=amount), quantity, proration=proration, tax=tax)
        preview = msgspec.convert(book.ask(SUB, PreviewChange(change=wanted), ADA), Preview)
        before = len(book.bills())
        book.view(msgspec.structs.replace(wanted, at=preview.at))
        made = book.bills()[before:]
        assert preview.due_now == sum(map(total, made))
        assert preview.tax == sum(line.tax for one in made for line in one.lines)
        expected = msgspec.convert(
            book.ask(SUB, PreviewChange(change=msgspec.structs.replace(wanted, when="period_end")), ADA), Preview
        )
        assert expected.due_now == 0
    before = len(book.bills())
    preview_next = msgspec.convert(
        book.ask(
            SUB, PreviewChange(change=change(book.record.plan, book.record.quantity, when="period_end", tax=tax)), ADA
        ),
        Preview,
    )
    book.renew()
    assert preview_next.next_total == sum(map(total, book.bills()[before:]))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 2_500_000))
def test_a_change_and_its_reversal_at_one_instant_cost_nothing_and_each_is_exact(
    old: int, new: int, after_s: int
) -> None:
    book = Book(msgspec.structs.replace(PLAN, amount=old))
    book.told(paid=True)
    record = book.record
    book.now_ms = at = min(record.period_start + after_s * 1000, record.period_end - 5_000)
    f = Fraction(
        record.period_end // 1000 - (at + 1000) // 1000, record.period_end // 1000 - record.period_start // 1000
    )
    preview = msgspec.convert(
        book.ask(SUB, PreviewChange(change=change(msgspec.structs.replace(PLAN, amount=new))), ADA), Preview
    )
    credit, debit = (one.amount for one in preview.extras)
    assert abs(credit + old * f) <= Fraction(1, 2)
    assert abs(debit - new * f) <= Fraction(1, 2)
    spent, had = sum(map(total, book.bills())), book.record.credit
    book.view(change(msgspec.structs.replace(PLAN, amount=new), at=preview.at))
    book.view(change(msgspec.structs.replace(PLAN, amount=old), at=preview.at))
    assert sum(map(total, book.bills())) - spent == book.record.credit - had


def test_an_old_preview_is_not_charged() -> None:
    book = Book()
    book.told(paid=True)
    with pytest.raises(FailedPrecondition) as refused:
        book.view(change(at=book.now_ms - 700_000))
    assert refused.value.details == {"reason": "preview_expired"}


def test_it_ends_with_the_period_unless_it_is_reactivated() -> None:
    book = Book()
    book.told(paid=True)
    book.view(Cancel())
    assert (book.record.status, book.record.cancel_at_period_end) == ("active", True)
    book.view(Reactivate())
    book.renew()
    assert (book.record.status, len(book.bills())) == ("active", 2)
    book.view(Cancel())
    book.renew()
    assert (book.record.status, len(book.bills())) == ("canceled", 2)
    with pytest.raises(FailedPrecondition):
        book.view(Reactivate())


def test_what_waited_for_the_next_bill_is_not_lost_by_a_pause() -> None:
    book = Book()
    book.told(paid=True)
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=14), SYSTEM)
    book.view(change(quantity=2, proration="next"))
    waits = sum(one.amount for one in book.record.extras)
    book.view(Pause())
    book.now_ms = book.record.period_end + DAY
    book.view(Resume())
    assert total(book.bills()[-1]) == 2 * 3_000 + waits
    assert book.record.extras == ()


def test_why_it_was_cancelled_is_for_payer_and_administrators_until_it_goes_on() -> None:
    book = Book(payer="mum")
    mum, root = Principal("mum", "client"), Principal("root", "admin")
    book.told(paid=True)
    why = msgspec.msgpack.encode({"reason": "Too dear"})

    def said(who: Principal) -> str:
        return msgspec.convert(book.ask(SUB, ReadSubscription(), who), SubscriptionView).reason

    book.view(Cancel(secret=why), mum)
    for who in (mum, root):
        assert said(who) == "Too dear"
    for other in (ADA, SYSTEM):
        assert said(other) == ""
    assert b"Too dear" not in msgspec.msgpack.encode(book.record)
    book.passivate(SUB)
    assert said(mum) == "Too dear"
    book.view(Reactivate(), mum)
    assert said(mum) == ""
    book.view(Cancel(), mum)
    assert said(mum) == ""


@pytest.mark.parametrize("role", ["client", "therapist", "moderator"])
def test_strangers_find_nothing_and_payers_do_not_count_their_own_use(role: str) -> None:
    book = Book()
    book.told(paid=True)
    for command in (ReadSubscription(), Cancel(), ChangeMeans(means=CARD)):
        with pytest.raises(NotFound):
            book.view(command, Principal("eve", role))
    with pytest.raises(PermissionDenied):
        book.view(RecordUsage(usage_id="use_1", feature="sessions", quantity=1), ADA)


def test_it_survives_the_journal_and_the_snapshot() -> None:
    book = Book()
    book.told(paid=True)
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=14), SYSTEM)
    before = book.record
    for snapshot in (False, True):
        book.passivate(SUB, snapshot=snapshot)
        assert book.record == before
    assert book.now_ms > START_MS


@pytest.mark.parametrize("trial_days", [0, 14])
def test_a_code_comes_off_the_first_bill_alone(trial_days: int) -> None:
    plan = msgspec.structs.replace(PLAN, trial_days=trial_days)
    book = Book(plan, codes=("HALF",), discounts=(HALF,), tax=Tax(jurisdiction="DE", rate="19"))
    if trial_days:
        book.renew()
    (first,) = book.bills()
    assert (first.codes, first.lines[0].discount, total(first)) == (("HALF",), 1_500, 1_785)
    book.told(paid=True)
    book.renew()
    assert (book.bills()[-1].codes, total(book.bills()[-1])) == ((), 3_570)


def test_a_code_that_leaves_nothing_to_pay_is_used_up_by_a_bill_of_nothing() -> None:
    book = Book(codes=("FREE",), discounts=(Discount(code="FREE", percent=100),))
    (first,) = book.bills()
    assert (total(first), first.codes, book.payments(), book.record.status) == (0, ("FREE",), 0, "active")


def test_what_is_billed_when_is_what_will_be_billed_and_what_waits_can_be_billed_at_once() -> None:
    book = Book()
    book.told(paid=True)
    dearer = msgspec.structs.replace(PLAN, amount=9_000)
    book.now_ms += 10 * DAY
    book.view(change(dearer, proration="next"))
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=14), SYSTEM)
    waits = book.generated(BillNow(at=book.now_ms + DAY, dry=True))
    at_end = book.generated(BillNow(dry=True))
    later = book.generated(BillNow(at=book.record.period_end + 40 * DAY, dry=True))
    assert (at_end.at, len(at_end.lines)) == (book.record.period_end, 4)
    assert [line.total for line in later.lines] == [9_000]
    with pytest.raises(FailedPrecondition):
        book.view(BillNow(at=book.now_ms + 3 * DAY))
    made = book.generated(BillNow())
    assert (made.bill, made.lines) == (book.record.latest_bill, waits.lines)
    assert total(book.bills()[-1]) == sum(line.total for line in waits.lines)
    again = book.generated(BillNow())
    assert (again.bill, again.lines, len(book.bills())) == (made.bill, (), 2)
    book.renew()
    assert total(book.bills()[-1]) == 9_000 + 4 * 50
    with pytest.raises(NotFound):
        book.view(BillNow(dry=True), Principal("eve", "client"))


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (Cancel(), None),
        (Reactivate(), Cancel()),
        (ChangeMeans(means=Means(provider="stripe", method_id="mth_2")), None),
        (Pause(), None),
        (Resume(), Pause()),
    ],
    ids=lambda one: type(one).__name__,
)
def test_one_that_has_changed_meanwhile_is_left_as_it_is(
    command: SubscriptionCommand, before: SubscriptionCommand | None
) -> None:
    book = Book()
    book.told(paid=True)
    if before is not None:
        book.view(before)
    version = msgspec.convert(book.ask(SUB, ReadSubscription(), ADA), SubscriptionView).version
    was = book.record
    with pytest.raises(FailedPrecondition) as refused:
        book.view(msgspec.structs.replace(command, versions=(version - 1,)))
    assert refused.value.details == {"reason": "version", "version": version}
    assert book.record == was
    assert book.view(msgspec.structs.replace(command, versions=(version,))) != was
