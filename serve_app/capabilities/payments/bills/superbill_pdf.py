"""A superbill as PDF, in the order of the claim form: who rendered it, for whom, why, what, and what was paid."""

from typing import Final

from common.money import decimal
from serve_app.capabilities.payments.bills.superbill import BilledService, Superbill
from serve_app.capabilities.payments.invoices.words import money
from serve_app.capabilities.payments.sheets import PdfSheet, address_lines

_COLUMNS: Final = (108, 128, 150, 164, 190)
"""Where procedure, modifiers, diagnoses, units and charge end, in mm."""
_LETTERS: Final = "ABCDEFGHIJKL"
"""How the claim form names its diagnoses."""


def drawn(bill: Superbill) -> bytes:
    """The document. Takes some 20 ms: call it in a thread.

    Raises:
        FailedPrecondition: it has letters that the font lacks.
    """
    sheet = PdfSheet(f"Superbill {bill.bill_id}", "Page {page}")
    provider = bill.provider
    sheet.lines([provider.name, *address_lines(provider.address)], bold_first=True)
    for name, value in (("Tax ID", provider.tax_id), ("NPI", provider.npi)):
        if value:
            sheet.row(f"{name}: {value}")
    sheet.gap(2)
    sheet.row("Superbill", bold=True, size=16)
    for name, value in (
        ("Bill", bill.bill_id),
        ("Invoice", bill.invoice_id),
        ("Date of service", bill.date_of_service),
        ("Place of service", bill.place_of_service),
    ):
        if value:
            sheet.row(f"{name}: {value}")
    sheet.gap()
    sheet.row("Patient", bold=True)
    sheet.lines([bill.client_name or bill.client_id, *address_lines(bill.client_address)])
    if bill.date_of_birth:
        sheet.row(f"Date of birth: {bill.date_of_birth}")
    sheet.gap()
    sheet.row("Diagnoses (ICD-10-CM)", bold=True)
    sheet.lines(f"{_LETTERS[place]}: {code}" for place, code in enumerate(bill.diagnoses))
    sheet.gap()
    _services(sheet, bill)
    return sheet.bytes()


def _services(sheet: PdfSheet, bill: Superbill) -> None:
    def said(amount: int) -> str:
        return f"{money(decimal(amount, bill.currency), 'en')} {bill.currency}"

    sheet.cells(_COLUMNS, ["Service", "Procedure", "Modifiers", "Diagnoses", "Units", "Charge"], bold=True)
    for one in bill.services:
        sheet.cells(_COLUMNS, [*_codes(one), str(one.units), said(one.charge)])
    sheet.gap(0.5)
    for name, amount in (("Charged", bill.charged), ("Paid", bill.paid), ("Balance", bill.balance)):
        sheet.cells(_COLUMNS, ["", "", "", "", name, said(amount)], bold=name == "Balance")


def _codes(one: BilledService) -> list[str]:
    pointers = "".join(_LETTERS[number - 1] for number in one.diagnoses)
    return [one.description, one.procedure, " ".join(one.modifiers), pointers]
