"""The statement of a payout as PDF: what was taken of each bill, what the platform kept, what is paid. It names bills,
and nobody whose they are."""

from typing import Final

from actors.payments.issuer.state import IssuerBody
from actors.payments.payee.state import PayoutRecord, payee_of
from common.clock import to_rfc3339
from common.money import decimal
from serve_app.capabilities.payments.invoices.words import day, money
from serve_app.capabilities.payments.sheets import PdfSheet, address_lines

_COLUMNS: Final = (130, 148, 166, 190)
_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Statement of payout",
        "to": "To",
        "number": "Payout",
        "date": "Date",
        "status": "Status",
        "pending": "under way",
        "paid": "paid",
        "failed": "failed: it is owed again",
        "reversed": "taken back: it is owed again",
        "bill": "Bill",
        "gross": "Taken",
        "fee": "Fee",
        "tax": "Tax",
        "share": "Share",
        "total": "Paid out",
        "page": "Page {page}",
    },
    "de": {
        "title": "Auszahlungsbeleg",
        "to": "An",
        "number": "Auszahlung",
        "date": "Datum",
        "status": "Stand",
        "pending": "unterwegs",
        "paid": "ausgezahlt",
        "failed": "gescheitert: weiter geschuldet",
        "reversed": "zurückgeholt: weiter geschuldet",
        "bill": "Rechnung",
        "gross": "Eingenommen",
        "fee": "Gebühr",
        "tax": "Steuer",
        "share": "Anteil",
        "total": "Ausgezahlt",
        "page": "Seite {page}",
    },
}


def drawn(payout: PayoutRecord, issuer: IssuerBody) -> bytes:
    """The document. Takes some 20 ms: call it in a thread.

    Raises:
        FailedPrecondition: it has letters that the font lacks.
    """
    language = issuer.language
    words = _WORDS[language]

    def said(amount: int) -> str:
        return money(decimal(amount, payout.currency), language)

    sheet = PdfSheet(f"{words['title']} {payout.id}", words["page"], issuer.footer or "")
    sheet.lines([issuer.name, *address_lines(issuer.address)], bold_first=True)
    sheet.gap(2)
    sheet.row(words["title"], bold=True, size=16)
    for name, value in (
        ("to", payee_of(payout.id)),
        ("number", payout.id),
        ("date", day(to_rfc3339(payout.created), language)),
        ("status", words[payout.status]),
    ):
        sheet.row(f"{words[name]}: {value}")
    sheet.gap()
    sheet.cells(_COLUMNS, [words[name] for name in ("bill", "gross", "fee", "tax", "share")], bold=True)
    for item in payout.items:
        tax = item.gross - item.fee - item.share
        sheet.cells(_COLUMNS, [item.bill, said(item.gross), said(item.fee), said(tax), said(item.share)])
    sheet.gap(0.5)
    total = f"{said(payout.amount)} {payout.currency}"
    sheet.cells(_COLUMNS, ["", "", "", words["total"], total], bold=True)
    return sheet.bytes()
