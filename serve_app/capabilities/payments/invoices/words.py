"""What stands on an invoice beside what it says, in its language."""

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "invoice": "Invoice",
        "credit_note": "Credit note",
        "number": "Number",
        "date": "Date",
        "corrects": "Corrects invoice",
        "description": "Description",
        "quantity": "Quantity",
        "price": "Price",
        "amount": "Amount",
        "discount": "Discount",
        "subtotal": "Net",
        "tax": "Tax {rate} %",
        "exempt": "Tax exempt: {reason}",
        "total": "Total",
        "tax_id": "Tax number",
        "vat_id": "VAT ID",
        "npi": "NPI",
        "page": "Page {page}",
        "reason": "Reason",
    },
    "de": {
        "invoice": "Rechnung",
        "credit_note": "Rechnungskorrektur",
        "number": "Nummer",
        "date": "Datum",
        "corrects": "Korrigiert Rechnung",
        "description": "Leistung",
        "quantity": "Menge",
        "price": "Preis",
        "amount": "Betrag",
        "discount": "Nachlass",
        "subtotal": "Netto",
        "tax": "Umsatzsteuer {rate} %",
        "exempt": "Steuerfrei: {reason}",
        "total": "Gesamtbetrag",
        "tax_id": "Steuernummer",
        "vat_id": "USt-IdNr.",
        "npi": "NPI",
        "page": "Seite {page}",
        "reason": "Grund",
    },
}
NEUTRAL: Final[dict[str, dict[str, str]]] = {
    "de": {
        "Appointment": "Termin",
        "Subscription": "Abonnement",
        "Service": "Leistung",
        "Fee": "Gebühr",
    },
    "en": {},
}


def money(text: str, language: str) -> str:
    """`1234.50` as it is written: `1.234,50` in German, `1,234.50` in English."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, part = digits.partition(".")
    grouped = f"{int(whole):,}"
    written = f"{grouped}.{part}" if part else grouped
    return sign + (written.translate(str.maketrans(",.", ".,")) if language == "de" else written)


def day(at: str, language: str) -> str:
    """The day of an instant (RFC 3339)."""
    year, month, date = at[:10].split("-")
    return f"{date}.{month}.{year}" if language == "de" else f"{year}-{month}-{date}"
