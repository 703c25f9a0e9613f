"""Use of what a subscription includes: it counts once, by the plan of its period, and a hard limit holds."""

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.plan.entity import Feature
from actors.payments.subscription.commands import (
    CommitUsage,
    RecordUsage,
    ReleaseUsage,
    ReserveUsage,
    ReverseUsage,
)
from actors.payments.subscription.usage import metrics
from common.errors import FailedPrecondition, NotFound
from tests.unit.payments.billing.book import DAY, PLAN, SUB, Book, change, total


def test_use_counts_once_and_a_hard_limit_holds() -> None:
    book = Book()
    book.told(paid=True)
    for _ in range(3):
        book.view(RecordUsage(usage_id="use_1", feature="sessions", quantity=2), SYSTEM)
    book.view(ReserveUsage(usage_id="use_2", feature="sessions", quantity=2, until=book.now_ms + DAY), SYSTEM)
    with pytest.raises(FailedPrecondition) as refused:
        book.view(RecordUsage(usage_id="use_3", feature="sessions", quantity=1), SYSTEM)
    assert refused.value.details == {"reason": "usage_limit", "remaining": 0}
    book.view(ReleaseUsage("use_2"), SYSTEM)
    book.view(RecordUsage(usage_id="use_3", feature="sessions", quantity=1), SYSTEM)
    book.view(ReserveUsage(usage_id="use_4", feature="sessions", quantity=1, until=book.now_ms + DAY), SYSTEM)
    for _ in range(2):
        book.view(CommitUsage("use_4"), SYSTEM)
    book.view(ReverseUsage("use_1"), SYSTEM)
    assert sum(one.quantity for one in book.record.used.values()) == 2


def test_exactly_as_many_reservations_as_the_limit_are_kept() -> None:
    book = Book(msgspec.structs.replace(PLAN, features=(Feature(feature="sessions", included=10, limit="hard"),)))
    book.told(paid=True)
    kept = 0
    for number in range(200):
        command = ReserveUsage(usage_id=f"use_{number}", feature="sessions", quantity=1, until=book.now_ms + DAY)
        kept += not book.do(SUB, command, SYSTEM).answer.code
    assert kept == 10


def test_use_beyond_what_is_included_is_billed_and_late_use_corrects_the_next_bill() -> None:
    book = Book()
    book.told(paid=True)
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=14), SYSTEM)
    book.renew()
    assert total(book.bills()[-1]) == 3_000 + 4 * 50
    late = RecordUsage(usage_id="use_2", feature="messages", quantity=2, at=book.record.period_start - 1000)
    book.view(late, SYSTEM)
    book.view(ReverseUsage("use_1"), SYSTEM)
    book.renew()
    assert total(book.bills()[-1]) == 3_000 - 4 * 50


def test_so_many_subscriptions_include_so_many_times_what_the_plan_does() -> None:
    book = Book(quantity=3)
    book.told(paid=True)
    book.view(RecordUsage(usage_id="use_1", feature="sessions", quantity=12), SYSTEM)
    with pytest.raises(FailedPrecondition):
        book.view(RecordUsage(usage_id="use_2", feature="sessions", quantity=1), SYSTEM)
    book.view(RecordUsage(usage_id="use_3", feature="messages", quantity=34), SYSTEM)
    book.renew()
    assert total(book.bills()[-1]) == 3 * 3_000 + 4 * 50


def test_use_is_billed_by_the_plan_of_its_period_where_another_follows() -> None:
    book = Book(quantity=2)
    book.told(paid=True)
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=24), SYSTEM)
    other = msgspec.structs.replace(PLAN, features=())
    book.view(change(other, quantity=1, when="period_end"))
    book.renew()
    assert total(book.bills()[-1]) == 3_000 + 4 * 50


def test_late_use_belongs_to_the_quantity_of_its_period() -> None:
    book = Book(quantity=2)
    book.told(paid=True)
    book.view(change(quantity=1, when="period_end"))
    book.renew()
    late = RecordUsage(usage_id="use_1", feature="messages", quantity=21, at=book.record.period_start - 1000)
    book.view(late, SYSTEM)
    book.renew()
    assert total(book.bills()[-1]) == 3_000 + 50


def test_late_use_is_priced_by_the_plan_of_its_period_and_not_by_todays() -> None:
    book = Book()
    book.told(paid=True)
    dearer = msgspec.structs.replace(PLAN, features=(Feature(feature="messages", included=0, unit_amount=900),))
    book.view(change(dearer, when="period_end"))
    book.renew()
    ended = book.record.period_start - 1000
    book.view(RecordUsage(usage_id="use_1", feature="messages", quantity=12, at=ended), SYSTEM)
    book.view(RecordUsage(usage_id="use_2", feature="sessions", quantity=1, at=ended), SYSTEM)  # today's plan has none
    assert [one.amount for one in book.record.extras] == [2 * 50]
    book.view(RecordUsage(usage_id="use_3", feature="messages", quantity=1), SYSTEM)
    last, now = book.record.last_start, book.record.period_start
    assert metrics(book.record, "messages", last, now) == (12, 10, 2, 100)
    assert metrics(book.record, "messages", now, book.record.period_end) == (1, 0, 1, 900)
    assert metrics(book.record, "messages", last, book.record.period_end) == (13, 10, 3, 1_000)


def test_what_was_kept_for_a_use_is_what_it_uses() -> None:
    book = Book()
    book.told(paid=True)
    book.view(ReserveUsage(usage_id="use_1", feature="sessions", quantity=4, until=book.now_ms + DAY), SYSTEM)
    book.view(RecordUsage(usage_id="use_1", feature="sessions", quantity=4), SYSTEM)
    assert (book.record.reserved, len(book.record.used)) == ({}, 1)


def test_who_commits_less_or_more_uses_that_and_who_commits_nothing_is_told_so() -> None:
    book, root = Book(), Principal("root", "admin")
    book.told(paid=True)
    for usage_id in ("use_1", "use_2"):
        book.view(ReserveUsage(usage_id=usage_id, feature="sessions", quantity=2, until=book.now_ms + DAY), root)
    book.view(CommitUsage("use_1", 1), root)
    with pytest.raises(FailedPrecondition):
        book.view(CommitUsage("use_2", 4), root)
    for _ in range(2):
        book.view(CommitUsage("use_2", 3), root)
    assert [one.quantity for one in book.record.used.values()] == [1, 3]
    with pytest.raises(NotFound):
        book.view(CommitUsage("use_3"), root)
    book.do(SUB, CommitUsage("use_3"), SYSTEM)  # a letter that comes late
