"""What subscriptions bring in a month: each event that changes it says from what to what, and the sum of that is what
they are worth."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM
from actors.payments.subscription.commands import Cancel, ChangePlan, Dun, Pause, PeriodOver, Resume
from actors.payments.subscription.recurring import MOVEMENTS, monthly, yearly
from actors.payments.subscription.state import Tax
from common.errors import FailedPrecondition
from tests.unit.payments.billing.book import ADA, DAY, PLAN, SUB, Book

replace = msgspec.structs.replace


def moved(book: Book) -> list[int]:
    return [int(view.fields["moved"] or 0) for view in book.views(MOVEMENTS)]


def changed(quantity: int, **plan: Any) -> ChangePlan:
    other = replace(PLAN, **plan)
    return ChangePlan(plan_id="pln_2", plan=other, plan_version=1, quantity=quantity, tax=Tax(), proration="none")


def test_it_counts_from_its_first_payment_until_it_ends() -> None:
    book = Book()
    assert moved(book) == []
    book.told(paid=True)
    assert (moved(book), monthly(sum(moved(book)))) == ([36_000], 3_000)
    book.view(changed(3))
    book.view(Pause())
    book.view(Resume())
    assert moved(book) == [36_000, 72_000, -108_000, 108_000]
    book.view(Cancel(when="now"))
    assert sum(moved(book)) == 0


@pytest.mark.parametrize(
    ("interval", "count", "amount", "a_month"),
    [("month", 1, 3_000, 3_000), ("month", 3, 10_000, 3_333), ("year", 1, 12_000, 1_000), ("week", 2, 1_000, 2_167)],
)
def test_every_period_is_worth_its_part_of_a_year(interval: Any, count: int, amount: int, a_month: int) -> None:
    book = Book(replace(PLAN, interval=interval, interval_count=count, amount=amount))
    book.told(paid=True)
    assert monthly(sum(moved(book))) == a_month


STEPS = st.lists(
    st.one_of(
        st.builds(lambda quantity: ("change", quantity), st.integers(1, 5)),
        st.sampled_from([("pay", 1), ("fail", 0), ("pause", 0), ("resume", 0), ("over", 0), ("cancel", 0), ("dun", 0)]),
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(st.integers(0, 1), STEPS)
def test_whatever_becomes_of_it_the_movements_add_up_to_what_it_is_worth(trial: int, steps: list[Any]) -> None:
    book = Book(replace(PLAN, trial_days=7 * trial))
    for what, value in steps:
        book.now_ms += DAY
        try:
            match what:
                case "change":
                    book.view(changed(value))
                case "pay" | "fail":
                    book.told(paid=what == "pay")
                case "pause":
                    book.view(Pause(), ADA)
                case "resume":
                    book.view(Resume(), ADA)
                case "over":
                    book.now_ms = max(book.now_ms, book.record.period_end)
                    book.do(SUB, PeriodOver(book.record.period_end), SYSTEM)
                case "dun":
                    book.do(SUB, Dun(book.record.failed, book.record.dunned), SYSTEM)
                case "cancel":
                    book.view(Cancel())
        except FailedPrecondition:
            pass
        assert sum(moved(book)) == yearly(book.record)
