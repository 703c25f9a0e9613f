"""Invoices: issued when money is taken for the first time, numbered without a gap, never changed; drawn in the letters
that their font has."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import Pay
from actors.payments.bill.state import Line
from actors.payments.issuer.answers import InvoiceReply, RecipientReply, invoice_reply
from actors.payments.issuer.entity import INVOICES, Credit, Issue, IssuerKind, SetIssuer, invoice_in
from actors.payments.issuer.state import InvoiceRecord, IssuerBody, scaled, tax_lines
from actors.payments.payer.answers import Address
from actors.payments.payer.commands import SetProfile
from common.errors import FailedPrecondition, PermissionDenied
from serve_app.capabilities.payments.invoices.pdf import drawn
from store.ports.views import ViewQuery
from tests.unit.calendars.rig import ANN, DOC, at
from tests.unit.payments.shop import Shop
from tests.unit.rooms.harness import World

PLATFORM = "issuer:platform"
BERLIN = Address(line1="Lange Str. 1", postal_code="10115", city="Berlin", country="DE")
PRACTICE = IssuerBody(name="Praxis Doc", address=BERLIN, prefix="CW-", language="de", vat_id="DE123456789")
LINE = Line(id="l1", quantity=1, unit_amount=11_900, amount=11_900, tax=1_900, tax_rate="19", inclusive=True)


def issue(bill: str = "bil_1", lines: tuple[Line, ...] = (LINE,)) -> Issue:
    return Issue(
        bill=bill, bill_kind="charge", payer="ada", client="ada", beneficiary="doc", currency="EUR", lines=lines
    )


def issued(world: World) -> list[InvoiceRecord]:
    return [invoice_in(view) for view in world.views(INVOICES)]


def test_numbers_have_no_gap_begin_anew_each_year_and_survive_passivation() -> None:
    world = World(IssuerKind())
    world.ask(PLATFORM, SetIssuer(issuer=PRACTICE), SYSTEM)
    for number in range(3):
        world.do(PLATFORM, issue(f"bil_{number}"), SYSTEM)
        world.passivate(PLATFORM, snapshot=bool(number % 2))
    world.now_ms += 366 * 86_400_000
    world.do(PLATFORM, issue("bil_9"), SYSTEM)
    assert [one.number for one in issued(world)] == [
        "CW-2025-000001",
        "CW-2025-000002",
        "CW-2025-000003",
        "CW-2026-000001",
    ]


def test_a_payer_is_notified_of_an_invoice_and_of_a_correction_by_its_money_alone() -> None:
    world = World(IssuerKind())
    world.do(PLATFORM, issue(), SYSTEM)
    invoice = issued(world)[0]
    world.do(PLATFORM, Credit(invoice=invoice, lines=(msgspec.structs.replace(LINE, amount=-1),), reason="x"), SYSTEM)
    told = [one for one in world.letters if one.to == "notifier:ada"]
    assert [msgspec.msgpack.decode(one.command)["values"] for one in told] == [
        {"invoice_id": invoice.id, "amount": 11_900, "currency": "EUR"}
    ]


def test_whoever_is_no_issuer_has_the_platform_issue() -> None:
    world = World(IssuerKind())
    world.do("issuer:doc", issue(), SYSTEM)
    assert [letter.to for letter in world.letters] == [PLATFORM]
    assert not issued(world)
    world.ask("issuer:doc", SetIssuer(issuer=PRACTICE), DOC)
    world.do("issuer:doc", issue(), SYSTEM)
    assert [one.issuer for one in issued(world)] == ["doc"]


def test_strangers_do_not_say_who_issues() -> None:
    world = World(IssuerKind())
    for who in (Principal("eve", "therapist"), ANN, Principal("m", "moderator")):
        with pytest.raises(PermissionDenied):
            world.ask("issuer:doc", SetIssuer(issuer=PRACTICE), who)


def test_credit_notes_have_numbers_of_their_own_and_never_exceed_the_invoice() -> None:
    world = World(IssuerKind())
    world.do(PLATFORM, issue(), SYSTEM)
    (invoice,) = issued(world)
    half = msgspec.structs.replace(LINE, unit_amount=-5_950, amount=-5_950, tax=-950)
    for _ in range(2):
        world.ask(PLATFORM, Credit(invoice=invoice, lines=(half,), reason="Cancelled"), SYSTEM)
    with pytest.raises(FailedPrecondition) as refused:
        world.ask(PLATFORM, Credit(invoice=invoice, lines=(half,), reason="Cancelled"), SYSTEM)
    assert refused.value.details == {"reason": "credited", "creditable": 0}
    assert [(one.kind, one.total, one.number[-1]) for one in issued(world)] == [
        ("invoice", 11_900, "1"),
        ("credit_note", -5_950, "2"),
        ("credit_note", -5_950, "3"),
    ]


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 25)), min_size=1, max_size=5), st.data())
def test_lines_of_which_less_was_taken_add_up_to_what_was_taken(lines: list[tuple[int, int]], data: Any) -> None:
    made = tuple(
        Line(id=f"l{n}", quantity=1, unit_amount=amount, amount=amount, tax=amount * rate // 100, tax_rate=str(rate))
        for n, (amount, rate) in enumerate(lines)
    )
    total = sum(line.total for line in made)
    taken = data.draw(st.integers(1, total))
    parts = scaled(made, taken)
    assert sum(line.total for line in parts) == taken
    assert sum(one.base + one.tax for one in tax_lines(parts)) == taken


def test_a_booking_that_is_paid_is_invoiced_once_to_its_payer_as_they_were_then() -> None:
    async def scenario(shop: Shop) -> None:
        await shop.region.submit(
            "payer:ann", SetProfile(business=True, country="DE", secret=b'{"name":"Ann A."}'), by=ANN
        )
        booking = await shop.reserve(at(10))
        await shop.bill(booking.bill_id, Pay(provider="stripe", method="pm_1"), ANN)
        await asyncio.sleep(10)
        query = ViewQuery(collection=INVOICES, equal={"payer": "ann"}, order_by="order", limit=10)
        (view,) = await shop.stores.views.find(query)
        invoice = invoice_in(view)
        record = (await shop.bill(booking.bill_id)).record
        assert (invoice.total, record.invoice, invoice.profile, invoice.business) == (10_000, invoice.id, 1, True)
        told = [data["invoice"]["number"] for name, data in await shop.mail("ann") if name == "invoice_issued"]
        assert told == [invoice.number]

    Shop().open(scenario)


def a_reply(text: str = "Sitzung von 60 Minuten", **changes: Any) -> InvoiceReply:
    world = World(IssuerKind())
    world.do(PLATFORM, issue(), SYSTEM)
    (invoice,) = issued(world)
    recipient = RecipientReply(payer_id="ada", name="Ada Łukasz", address=BERLIN)
    return invoice_reply(msgspec.structs.replace(invoice, **changes), {"l1": text}, recipient)


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_invoice_is_drawn_the_same_each_time(language: Any) -> None:
    issuer = msgspec.structs.replace(PRACTICE, language=language)
    first, second = drawn(a_reply(), issuer), drawn(a_reply(), issuer)
    assert first[:5] == b"%PDF-"
    assert first == second


def test_many_lines_go_on_on_another_page() -> None:
    reply = a_reply("Ein langer Text " * 30)
    many = msgspec.structs.replace(reply, lines=reply.lines * 40)
    assert drawn(many, PRACTICE).count(b"/Type /Page\n") > 1


def test_letters_that_the_font_lacks_are_refused_and_never_drawn_as_boxes() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        drawn(a_reply("診察"), PRACTICE)
    assert refused.value.details == {"reason": "font", "letters": ["察", "診"]}


def test_each_of_several_paid_bills_of_a_payer_is_invoiced_though_neither_payer_nor_therapist_changes_between() -> None:
    """Payer and therapist only hand on what is to be issued, by a note: no number of theirs tells the letters apart."""

    async def scenario(shop: Shop) -> None:
        for hour in (9, 11, 13):
            booking = await shop.reserve(at(hour))
            await shop.bill(booking.bill_id, Pay(provider="stripe", method="pm_1"), ANN)
            await asyncio.sleep(10)
        query = ViewQuery(collection=INVOICES, equal={"payer": "ann"}, order_by="order", limit=10)
        found = [invoice_in(view) for view in await shop.stores.views.find(query)]
        assert len({one.bill for one in found}) == len({one.number for one in found}) == 3

    Shop().open(scenario)
