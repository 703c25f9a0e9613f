"""Superbills: codes that client and therapist see, and nobody else; sums that are the bill's."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.payments.bill.commands import CodeBill, CodedBill, Pay, ReadCoding, RefundBill
from actors.payments.issuer.state import IssuerBody
from actors.payments.payer.answers import Address
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from serve_app.capabilities.payments.bills.superbill import (
    Coding,
    ServiceCode,
    SetSuperbill,
    _check,
    _check_birth,
    superbill,
)
from serve_app.capabilities.payments.bills.superbill_pdf import drawn
from serve_app.capabilities.payments.sheets import PdfSheet
from tests.unit.payments.till import ADA, BILL, ROOT, TESS, Till

HOME = Address(line1="1 Main St", postal_code="97201", city="Portland", country="US")
PRACTICE = IssuerBody(name="Tess Roe", address=HOME, prefix="", language="en", tax_id="12-3456789", npi="1234567893")
CODING = Coding(
    diagnoses=["F41.1", "F33.0"],
    services=[ServiceCode(line_id="l1", procedure="90837", diagnoses=[1], modifiers=["95"])],
    place_of_service="10",
    date_of_birth="1985-04-12",
)
SECRET = msgspec.msgpack.encode({"coding": msgspec.json.encode(CODING).decode()})


def coded(till: Till, by: Principal) -> CodedBill:
    return msgspec.convert(till.ask(BILL, ReadCoding(), by), CodedBill)


def test_client_and_therapist_read_what_the_therapist_wrote_and_nobody_else_does() -> None:
    till = Till()
    till.open(15_000, payer="mum")
    with pytest.raises(NotFound):
        coded(till, ADA)
    till.view(BILL, CodeBill(secret=SECRET), TESS)
    for who in (ADA, TESS, SYSTEM):
        assert msgspec.json.decode(coded(till, who).coding, type=Coding) == CODING
    for stranger in (Principal("mum", "client"), ROOT, Principal("eve", "therapist"), Principal("eve", "client")):
        with pytest.raises(NotFound):
            coded(till, stranger)
    with pytest.raises(PermissionDenied):
        till.view(BILL, CodeBill(secret=SECRET), ADA)
    till.view(BILL, CodeBill(secret=msgspec.msgpack.encode({"coding": "again"})), TESS)
    assert coded(till, ADA).coding == "again"


def test_what_was_charged_and_paid_is_that_of_the_bill() -> None:
    till = Till()
    till.open(15_000)
    till.view(BILL, CodeBill(secret=SECRET), TESS)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    till.view(BILL, RefundBill(amount=5_000), ROOT)
    till.carry_out_all()
    found = superbill(coded(till, ADA), PRACTICE, {"name": "Ada L.", "address": msgspec.to_builtins(HOME)})
    assert (found.charged, found.paid, found.balance) == (15_000, 10_000, 5_000)
    assert (found.provider.npi, found.provider.tax_id, found.client_name) == ("1234567893", "12-3456789", "Ada L.")
    (service,) = found.services
    assert (service.procedure, service.modifiers, service.diagnoses, service.units) == ("90837", ["95"], [1], 1)
    assert (service.charge, service.description) == (15_000, "An hour")


@pytest.mark.parametrize(
    "wrong",
    [
        {"diagnoses": ["anxiety"]},
        {"diagnoses": ["F41.12345"]},
        {"diagnoses": []},
        {"services": [{"line_id": "l1", "procedure": "9083", "diagnoses": [1]}]},
        {"services": [{"line_id": "l1", "procedure": "90837", "diagnoses": [2]}]},
        {"services": [{"line_id": "l2", "procedure": "90837", "diagnoses": [1]}]},
        {"services": [{"line_id": "l1", "procedure": "90837", "diagnoses": [1]}] * 2},
        {"services": [{"line_id": "l1", "procedure": "90837", "diagnoses": [1], "modifiers": ["9"]}]},
        {"place_of_service": "home"},
        {"date_of_birth": "12.4.1985"},
        {"date_of_birth": "1785-04-12"},
    ],
)
def test_codes_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    body = {"bill_id": "bil_1", "diagnoses": ["F41.1"], "services": msgspec.to_builtins(CODING.services)}
    _check(msgspec.convert(body, SetSuperbill), {"l1"})
    with pytest.raises((InvalidArgument, msgspec.ValidationError)):
        _check(msgspec.convert({**body, **wrong}, SetSuperbill), {"l1"})


@pytest.mark.parametrize("day", ["1985-02-30", "2026-12-02", "1985-13-01"])
def test_nobody_was_born_on_a_day_that_is_none_or_has_not_come(day: str) -> None:
    _check_birth("1985-04-12", "2026-12-01")
    _check_birth("2026-12-01", "2026-12-01")
    with pytest.raises(InvalidArgument):
        _check_birth(day, "2026-12-01")


def test_all_that_an_insurer_asks_for_stands_in_the_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    till = Till()
    till.open(15_000, currency="USD")
    till.view(BILL, CodeBill(secret=SECRET), TESS)
    said: list[str] = []
    say = PdfSheet._say

    def heard(sheet: PdfSheet, text: str, *more: Any, **others: Any) -> None:
        said.append(text)
        say(sheet, text, *more, **others)

    monkeypatch.setattr(PdfSheet, "_say", heard)
    found = superbill(coded(till, ADA), PRACTICE, {"name": "Ada L.", "address": msgspec.to_builtins(HOME)})
    assert drawn(found).startswith(b"%PDF-")
    for wanted in (
        *("Tess Roe", "1 Main St", "Tax ID: 12-3456789", "NPI: 1234567893"),
        *("Ada L.", "Date of birth: 1985-04-12", "Place of service: 10", "A: F41.1", "B: F33.0"),
        *("An hour", "90837", "95", "A", "1", "150.00 USD", "0.00 USD"),
    ):
        assert wanted in said, wanted
    with pytest.raises(FailedPrecondition):
        drawn(msgspec.structs.replace(found, client_name="\U0001f600"))
