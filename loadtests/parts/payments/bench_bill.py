"""Money in plain Python, no shard: a price, a rounding, the life of a payment in its bill, an invoice as a PDF.

    python -m loadtests.parts.payments.bench_bill [--rounds 2000]

Workloads. *Price*: a tariff of 10 rules, three of which match, a cap, two codes and a tax. *Rounding*: an amount times
a part of a period. *Payment*: a bill is opened, paid with its fee and returned in part, each answer of the provider
folded in: 5 turns, decide and apply, and what is stored of them packed. *PDF*: an invoice of three lines is drawn; the
first one loads the fonts.

Beside them stands the textbook's way: `Fraction` for rounding; for the payment, rows of three tables (payments,
refunds, entries) in a transaction a step of a SQLite in memory, which checks nothing and keeps no history. Floors: a
price 1 ms, a bill 8 KB in its shard, a PDF 60 ms. Exits with 1 when a floor is missed.
"""

import argparse
import sqlite3
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import msgspec

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context, Principal
from actors.payments.activities import PaymentSeen, RefundSeen, encode
from actors.payments.bill.commands import OpenBill, Pay, RefundBill
from actors.payments.bill.entity import Bill
from actors.payments.bill.kind import BillKind
from actors.payments.bill.replies import LineReply
from actors.payments.bill.state import Line
from actors.payments.issuer.answers import InvoiceReply, RecipientReply, TaxLineReply
from actors.payments.issuer.state import IssuerBody
from actors.payments.payer.answers import Address
from actors.payments.pricing.quote import Discount, Moment, priced
from actors.payments.tariff.body import Cap, PriceRule, ServicePrice, TariffBody, TaxOf, When
from actors.payments.taxes import TaxRule
from common.money import rounded
from loadtests.lib.workloads import percentile
from serve_app.capabilities.payments.invoices.pdf import drawn

FLOORS: Final = {"price_p99_us": 1000.0, "bill_bytes": 8192.0, "pdf_p99_us": 60_000.0}
ADDRESS: Final = Address(line1="Lange Str. 1", postal_code="10115", city="Berlin", country="DE")
PDFS: Final = 200
NOW: Final = 1_800_000_000_000
ADA: Final = Principal("ada", "client")
ROOT: Final = Principal("root", "admin")


def timed(action: Callable[[], object], rounds: int) -> list[float]:
    """Microseconds of CPU of each."""
    found: list[float] = []
    for _ in range(rounds):
        began = time.process_time_ns()
        action()
        found.append((time.process_time_ns() - began) / 1e3)
    return found


def a_price() -> object:
    """All that a quote does once it has what it needs."""
    return priced(TARIFF, TARIFF.services[0], MOMENT, discounts=CODES, taxes=TAXES, at="2026")


RULES: Final = [
    PriceRule(
        rule_id=f"r{number}",
        label=f"Rule {number}",
        when=When(weekdays=["fri"]) if number < 3 else When(weekdays=["mon"]),
        percent=5 + number if number % 2 else None,
        amount=None if number % 2 else 250,
    )
    for number in range(10)
]
TARIFF: Final = TariffBody(
    currency="EUR",
    services=[ServicePrice(service_id="talk", amount=9_999)],
    tax=TaxOf(jurisdiction="DE", category="coaching"),
    rules=RULES,
    cap=Cap(min_percent=50, max_percent=150),
)
MOMENT: Final = Moment(day="2026-11-20", time="19:00", lead_minutes=90)
CODES: Final = [
    Discount(code="TEN", percent=10, stackable=True),
    Discount(code="FIVE", amount=500, stackable=True),
]
TAXES: Final = [TaxRule(jurisdiction="DE", category="coaching", rate="19", inclusive=True)]


INVOICE: Final = InvoiceReply(
    invoice_id="inv_1",
    number="CW-2026-000001",
    kind="invoice",
    bill_id="bil_1",
    issuer="Praxis Doc",
    recipient=RecipientReply(payer_id="ada", name="Ada Łukasz", address=ADDRESS),
    issued_at="2026-11-20T09:30:00.000Z",
    currency="EUR",
    lines=[
        LineReply(
            line_id=f"lin_{number}",
            description="Sitzung von 60 Minuten",
            quantity=1,
            unit_amount=11_900,
            amount=11_900,
            discount=0,
            tax=1_900,
            tax_rate="19",
        )
        for number in range(3)
    ],
    tax_lines=[TaxLineReply(rate="19", base=30_000, tax=5_700, category="S")],
    subtotal=30_000,
    tax=5_700,
    total=35_700,
    pdf="/api/invoices/inv_1/pdf",
)
ISSUER: Final = IssuerBody(name="Praxis Doc", address=ADDRESS, prefix="CW-", language="de", vat_id="DE123456789")


def a_pdf() -> object:
    """What is drawn of an invoice."""
    return drawn(INVOICE, ISSUER)


class OneBill:
    """A bill as its shard has it: each turn is decided, packed as it is stored, and applied."""

    def __init__(self, id_: str) -> None:
        self.bill, self.version, self.stored = Bill(id_, 60_000), 0, 0

    def do(self, command: Any, by: Principal = SYSTEM) -> None:
        """One turn."""
        context = Context(by, NOW + self.version)
        answered = isinstance(command, Answered)
        decide = self.bill.answered if answered else None
        decision = decide(command, context) if decide else self.bill.decide(command, context, self.version)
        for event in decision.events:
            self.version += 1
            self.stored += len(msgspec.msgpack.encode(event))
            self.bill.apply(event, self.version, NOW)  # type: ignore[arg-type] # events of this kind

    def answer(self, key: str, **seen: Any) -> None:
        """What the provider answers."""
        told = PaymentSeen(ref="pi_1", currency="EUR", amount=10_000, **seen)
        self.do(Answered(key=key, outcome="done", result=encode(told)))


def a_payment(number: int) -> OneBill:
    """Opened, paid with its fee, returned in part."""
    one = OneBill(f"bil_{number}")
    line = Line(id="lin_1", quantity=1, unit_amount=10_000, amount=10_000, tax=1_597, tax_rate="19", inclusive=True)
    one.do(OpenBill(kind="charge", payer="ada", client="ada", currency="EUR", lines=(line,), beneficiary="tess"))
    one.do(Pay(provider="stripe", method="pm_1", customer="cus_1"), ADA)
    payment = one.bill.record.payments[0].id if one.bill.record else ""
    one.answer(f"{payment}|begin|1|", status="succeeded", captured=10_000, fee=175)
    one.do(RefundBill(amount=2_500), ROOT)
    back = RefundSeen(ref="re_1", amount=2_500, status="succeeded", refund=f"ref_{number}-1")
    one.answer(f"{payment}|refund|2|ref_{number}-1", status="succeeded", captured=10_000, fee=175, refunds=(back,))
    assert one.bill.record is not None
    assert one.bill.record.net == 7_500
    return one


class Textbook:
    """Three tables, and a transaction for each step."""

    def __init__(self) -> None:
        self.base = sqlite3.connect(":memory:", isolation_level=None)
        self.base.execute("create table payments (id integer primary key, amount int, status text, fee int)")
        self.base.execute("create table refunds (payment int, amount int, status text)")
        self.base.execute("create table entries (payment int, account text, amount int)")

    def pay(self, number: int) -> None:
        """The same payment."""
        step = self.base.execute
        for statements in (
            [("insert into payments values (?, 10000, 'open', 0)", (number,))],
            [("update payments set status = 'creating' where id = ?", (number,))],
            [
                ("update payments set status = 'succeeded', fee = 175 where id = ?", (number,)),
                ("insert into entries values (?, 'stripe', 10000)", (number,)),
                ("insert into entries values (?, 'tess', -8403)", (number,)),
                ("insert into entries values (?, 'tax', -1597)", (number,)),
                ("insert into entries values (?, 'fees', 175)", (number,)),
                ("insert into entries values (?, 'stripe', -175)", (number,)),
            ],
            [("insert into refunds values (?, 2500, 'pending')", (number,))],
            [
                ("update refunds set status = 'succeeded' where payment = ?", (number,)),
                ("insert into entries values (?, 'stripe', -2500)", (number,)),
                ("insert into entries values (?, 'tess', 2101)", (number,)),
                ("insert into entries values (?, 'tax', 399)", (number,)),
            ],
        ):
            step("begin")
            for text, given in statements:
                step(text, given)
            step("commit")


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2000)
    asked = parser.parse_args()
    found: dict[str, float] = {}
    for name, values in (
        ("price", timed(a_price, asked.rounds)),
        ("pdf", timed(a_pdf, min(asked.rounds, PDFS))),
        ("round", timed(lambda: rounded(9_999 * 17, 31), asked.rounds)),
        ("round_textbook", timed(lambda: round(Fraction(9_999 * 17, 31)), asked.rounds)),
    ):
        found |= {
            f"{name}_p50_us": round(percentile(values, 0.5), 2),
            f"{name}_p99_us": round(percentile(values, 0.99), 2),
        }
    numbers, textbook = iter(range(asked.rounds)), Textbook()
    found["payment_p50_us"] = round(percentile(timed(lambda: a_payment(next(numbers)), asked.rounds), 0.5), 1)
    numbers = iter(range(asked.rounds))
    found["payment_textbook_p50_us"] = round(
        percentile(timed(lambda: textbook.pay(next(numbers)), asked.rounds), 0.5), 1
    )
    one = a_payment(1)
    found |= {"bill_bytes": len(BillKind().snapshot(one.bill)), "events_bytes": one.stored, "events": one.version}
    for name, value in found.items():
        floor = FLOORS.get(name)
        print(f"{name:28} {value:>12}" + (f"   (floor {floor:g})" if floor is not None else ""))
    missed = [name for name, floor in FLOORS.items() if found[name] > floor]
    print("every floor is met" if not missed else f"missed: {', '.join(missed)}")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
