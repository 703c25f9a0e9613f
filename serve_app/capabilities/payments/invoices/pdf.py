"""An invoice as PDF."""

from typing import Final

from actors.payments.issuer.answers import InvoiceReply
from actors.payments.issuer.state import IssuerBody
from common.money import decimal
from serve_app.capabilities.payments.invoices.words import NEUTRAL, WORDS, day, money
from serve_app.capabilities.payments.sheets import PdfSheet, address_lines

_COLUMNS: Final = (130, 162, 190)
"""Where quantity, price and amount end, in mm."""


def drawn(invoice: InvoiceReply, issuer: IssuerBody) -> bytes:
    """The document. Takes some 20 ms: call it in a thread.

    Raises:
        FailedPrecondition: it has letters that the font lacks.
    """
    words = WORDS[issuer.language]
    sheet = PdfSheet(f"{words[invoice.kind]} {invoice.number}", words["page"], issuer.footer or "")
    _head(sheet, invoice, issuer)
    _table(sheet, invoice, issuer.language)
    return sheet.bytes()


def _head(sheet: PdfSheet, invoice: InvoiceReply, issuer: IssuerBody) -> None:
    words = WORDS[issuer.language]
    sheet.lines([issuer.name, *address_lines(issuer.address)], bold_first=True)
    for name, value in (("tax_id", issuer.tax_id), ("vat_id", issuer.vat_id), ("npi", issuer.npi)):
        if value:
            sheet.row(f"{words[name]}: {value}")
    sheet.gap(2)
    recipient = invoice.recipient
    sheet.lines([recipient.name or recipient.payer_id, *address_lines(recipient.address)])
    sheet.gap(2)
    sheet.row(words[invoice.kind], bold=True, size=16)
    sheet.row(f"{words['number']}: {invoice.number}")
    sheet.row(f"{words['date']}: {day(invoice.issued_at, issuer.language)}")
    if invoice.corrects:
        sheet.row(f"{words['corrects']}: {invoice.corrects}")
    if invoice.reason:
        sheet.row(f"{words['reason']}: {invoice.reason}")
    sheet.gap()


def _table(sheet: PdfSheet, invoice: InvoiceReply, language: str) -> None:
    words = WORDS[language]

    def said(amount: int) -> str:
        return money(decimal(amount, invoice.currency), language)

    heads = [words[name] for name in ("description", "quantity", "price", "amount")]
    sheet.cells(_COLUMNS, heads, bold=True)
    for line in invoice.lines:
        text = NEUTRAL[language].get(line.description, line.description)
        sheet.cells(_COLUMNS, [text, str(line.quantity), said(line.unit_amount), said(line.amount)])
        if line.discount:
            sheet.cells(_COLUMNS, [words["discount"], "", "", said(-line.discount)])
    sheet.gap(0.5)
    sheet.cells(_COLUMNS, ["", "", words["subtotal"], said(invoice.subtotal)])
    for tax in invoice.tax_lines:
        if tax.reason:
            sheet.row(words["exempt"].format(reason=tax.reason))
        elif tax.rate != "0":
            sheet.cells(_COLUMNS, ["", "", words["tax"].format(rate=tax.rate), said(tax.tax)])
    sheet.cells(_COLUMNS, ["", "", words["total"], f"{said(invoice.total)} {invoice.currency}"], bold=True)
