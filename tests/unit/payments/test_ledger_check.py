"""The ledger laid beside the journal: whatever is stored otherwise than events say is found, and named."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest

from actors.payments.bill.commands import Pay, RefundBill
from actors.payments.bill.kind import BillKind
from actors.payments.ledger import POSTINGS
from serve_app.capabilities.payments.ledger.checking import LedgerCheck, LedgerFindings, Stored
from serve_app.cli.upkeep.ledger import told
from tests.unit.payments.till import ADA, ROOT, Till
from tests.unit.rooms.harness import run

replace = msgspec.structs.replace
Doing = Callable[["Shelf"], None]


@dataclass
class Shelf:
    """What is stored of the postings, to be spoilt."""

    held: dict[str, Stored] = field(default_factory=dict)

    async def between(self, above: str, below: str | None, limit: int) -> list[Stored]:
        ids = sorted(id_ for id_ in self.held if above < id_ and (below is None or id_ < below))
        return [self.held[id_] for id_ in ids[: min(limit, 3)]]

    def put(self, posting: str) -> None:
        self.held[posting] = replace(next(iter(self.held.values())), id=posting)

    def change(self, posting: str, **fields: str | int) -> None:
        one = self.held[posting]
        self.held[posting] = replace(one, fields={**one.fields, **fields})


def books() -> tuple[Till, Shelf]:
    """Three bills, the last of which gives some back."""
    till = Till()
    for number in (1, 2, 3):
        bill = f"bill:bil_{number}"
        till.open(number * 1_000, bill=bill)
        till.view(bill, Pay(provider="stripe", method="pm_1"), ADA)
        till.carry_out_all(bill)
    till.view("bill:bil_3", RefundBill(amount=500), ROOT)
    till.carry_out_all("bill:bil_3")
    return till, Shelf(
        {view.id: Stored(id=view.id, fields=dict(view.fields), data=view.data) for view in till.views(POSTINGS)}
    )


def checked(till: Till, shelf: Shelf, pause: Doing = lambda shelf: None) -> LedgerFindings:
    async def wait() -> None:
        pause(shelf)

    return run(LedgerCheck(till.stores, [BillKind()], shelf, wait).run())


def test_what_is_stored_as_the_events_say_is_whole() -> None:
    till, shelf = books()
    done = checked(till, shelf)
    assert (done.whole, done.entities, done.postings) == (True, 3, len(shelf.held))
    (debit, credit) = done.sums["EUR"]
    assert debit == credit == sum(max(0, row.amount) for row in till.postings())
    assert told(done).endswith(f"The ledger is whole: {done.postings} postings of 3 bills and payees.\n")


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("missing", lambda shelf: shelf.held.pop(min(shelf.held))),
        ("changed", lambda shelf: shelf.change(min(shelf.held), amount=1)),
        ("changed", lambda shelf: shelf.change(max(shelf.held), account="revenue:mine")),
        ("extra", lambda shelf: shelf.put("bill:bil_2#99.0.0")),
        ("extra", lambda shelf: shelf.put("bill:bil_1a#1.0.0")),
        ("extra", lambda shelf: shelf.put("zebra:1#1.0.0")),
    ],
)
def test_what_is_stored_otherwise_is_named(kind: str, spoil: Doing) -> None:
    till, shelf = books()
    spoil(shelf)
    done = checked(till, shelf)
    (one,) = done.differences
    assert (one.kind, done.whole) == (kind, False)
    assert f"{kind} " in told(done)
    assert "NOT whole" in told(done)


def test_what_sums_to_another_amount_than_it_shows_is_found_though_both_sides_balance() -> None:
    till, shelf = books()
    first, second = sorted(shelf.held)[:2]
    for id_, more in ((first, 7), (second, -7)):
        amount = shelf.held[id_].fields["amount"]
        assert isinstance(amount, int)
        shelf.change(id_, amount=amount + more)
    done = checked(till, shelf)
    assert [(one.kind, one.posting) for one in done.differences] == [("changed", first), ("changed", second)]


def test_a_posting_that_is_under_way_is_no_difference_and_without_a_second_look_it_would_be() -> None:
    till, shelf = books()
    late = shelf.held.pop(max(shelf.held))
    assert checked(till, Shelf(dict(shelf.held))).differences
    assert checked(till, shelf, lambda shelf: shelf.held.update({late.id: late})).whole


def test_an_event_that_does_not_balance_is_named() -> None:
    till, shelf = books()
    journal, bill = till.stores.journal, "bill:bil_2"
    for turn in run(journal.turns(bill, after=0, limit=100)):
        for place, blob in enumerate(turn.events):
            event = msgspec.msgpack.decode(blob)
            for entry in event.get("entries", ()):
                entry[2][0][1] += 1
            run(journal.redact(bill, {turn.first_seq + place: msgspec.msgpack.encode(event)}))
    done = checked(till, shelf)
    assert {one.kind for one in done.differences} == {"unbalanced", "extra"}
    assert f"unbalanced {bill}@1" in told(done)
