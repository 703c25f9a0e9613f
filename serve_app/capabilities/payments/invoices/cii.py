"""An electronic invoice written as UN/CEFACT Cross Industry Invoice (D22B), the syntax of EN 16931 that Factur-X and
ZUGFeRD carry (CEN/TS 16931-3-3)."""

from typing import Final
from xml.etree import ElementTree as Xml

from actors.payments.payer.answers import Address
from common.money import decimal
from serve_app.capabilities.payments.invoices.einvoice import (
    NOT_SUBJECT,
    PROFILE,
    Breakdown,
    EInvoice,
    InvoiceLine,
    Party,
)
from serve_app.capabilities.payments.invoices.einvoice import clean as cleaned

_NAMES: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
_INVOICE, _CREDIT_NOTE = "380", "381"  # UNTDID 1001
_PIECE: Final = "C62"  # UN/ECE Recommendation 20: one
_DAY: Final = "102"  # UNTDID 2379: CCYYMMDD
_OUTSIDE: Final = "VATEX-EU-O"
RETURNED: Final = "Returned by the means of payment that was used."


def written(invoice: EInvoice) -> bytes:
    """The document, UTF-8."""
    for prefix, name in _NAMES.items():
        Xml.register_namespace(prefix, name)
    root = Xml.Element(_tag("rsm:CrossIndustryInvoice"))
    guideline = _put(_put(root, "rsm:ExchangedDocumentContext"), "ram:GuidelineSpecifiedDocumentContextParameter")
    _put(guideline, "ram:ID", PROFILE)
    head = _put(root, "rsm:ExchangedDocument")
    _put(head, "ram:ID", invoice.number)
    _put(head, "ram:TypeCode", _CREDIT_NOTE if invoice.credit else _INVOICE)
    _date(_put(head, "ram:IssueDateTime"), "udt:DateTimeString", invoice.issued)
    if invoice.note:
        _put(_put(head, "ram:IncludedNote"), "ram:Content", invoice.note)
    deal = _put(root, "rsm:SupplyChainTradeTransaction")
    for item in invoice.items:
        _item(_put(deal, "ram:IncludedSupplyChainTradeLineItem"), item, invoice.currency)
    agreement = _put(deal, "ram:ApplicableHeaderTradeAgreement")
    _party(_put(agreement, "ram:SellerTradeParty"), invoice.seller)
    _party(_put(agreement, "ram:BuyerTradeParty"), invoice.buyer)
    event = _put(_put(deal, "ram:ApplicableHeaderTradeDelivery"), "ram:ActualDeliverySupplyChainEvent")
    _date(_put(event, "ram:OccurrenceDateTime"), "udt:DateTimeString", invoice.delivered)
    _settle(_put(deal, "ram:ApplicableHeaderTradeSettlement"), invoice)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _item(at: Xml.Element, item: InvoiceLine, currency: str) -> None:
    _put(_put(at, "ram:AssociatedDocumentLineDocument"), "ram:LineID", item.id)
    _put(_put(at, "ram:SpecifiedTradeProduct"), "ram:Name", item.name)
    price = _put(_put(at, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    _put(price, "ram:ChargeAmount", decimal(item.price, currency))
    delivery = _put(at, "ram:SpecifiedLineTradeDelivery")
    _put(delivery, "ram:BilledQuantity", str(item.quantity), unitCode=_PIECE)
    settlement = _put(at, "ram:SpecifiedLineTradeSettlement")
    tax = _put(settlement, "ram:ApplicableTradeTax")
    _put(tax, "ram:TypeCode", "VAT")
    _put(tax, "ram:CategoryCode", item.category)
    if item.category != "O":
        _put(tax, "ram:RateApplicablePercent", item.rate)
    if item.period is not None:
        period = _put(settlement, "ram:BillingSpecifiedPeriod")
        _date(_put(period, "ram:StartDateTime"), "udt:DateTimeString", item.period[0])
        _date(_put(period, "ram:EndDateTime"), "udt:DateTimeString", item.period[1])
    if item.allowance:
        off = _put(settlement, "ram:SpecifiedTradeAllowanceCharge")
        _put(_put(off, "ram:ChargeIndicator"), "udt:Indicator", "false")
        _put(off, "ram:ActualAmount", decimal(item.allowance, currency))
        _put(off, "ram:Reason", "Discount")
    sums = _put(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    _put(sums, "ram:LineTotalAmount", decimal(item.net, currency))


def _party(at: Xml.Element, party: Party) -> None:
    if party.id:
        _put(at, "ram:ID", party.id)
    _put(at, "ram:Name", party.name)
    _address(_put(at, "ram:PostalTradeAddress"), party.address)
    for scheme, number in (("VA", party.vat_id), ("FC", party.tax_id)):
        if number:
            _put(_put(at, "ram:SpecifiedTaxRegistration"), "ram:ID", number, schemeID=scheme)


def _address(at: Xml.Element, address: Address) -> None:
    members = (
        ("ram:PostcodeCode", address.postal_code),
        ("ram:LineOne", address.line1),
        ("ram:LineTwo", address.line2 or ""),
        ("ram:CityName", address.city),
        ("ram:CountryID", address.country.upper()),
    )
    for name, text in members:
        if said := cleaned(text):
            _put(at, name, said)


def _settle(at: Xml.Element, invoice: EInvoice) -> None:
    _put(at, "ram:InvoiceCurrencyCode", invoice.currency)
    for one in invoice.taxes:
        _tax(_put(at, "ram:ApplicableTradeTax"), one, invoice.currency)
    paid = 0 if invoice.credit else invoice.total
    if invoice.credit:
        _put(_put(at, "ram:SpecifiedTradePaymentTerms"), "ram:Description", RETURNED)
    sums = _put(at, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _put(sums, "ram:LineTotalAmount", decimal(invoice.net, invoice.currency))
    _put(sums, "ram:TaxBasisTotalAmount", decimal(invoice.net, invoice.currency))
    _put(sums, "ram:TaxTotalAmount", decimal(invoice.tax, invoice.currency), currencyID=invoice.currency)
    _put(sums, "ram:GrandTotalAmount", decimal(invoice.total, invoice.currency))
    _put(sums, "ram:TotalPrepaidAmount", decimal(paid, invoice.currency))
    _put(sums, "ram:DuePayableAmount", decimal(invoice.total - paid, invoice.currency))
    if invoice.corrects is not None:
        number, issued = invoice.corrects
        corrected = _put(at, "ram:InvoiceReferencedDocument")
        _put(corrected, "ram:IssuerAssignedID", number)
        _date(_put(corrected, "ram:FormattedIssueDateTime"), "qdt:DateTimeString", issued)


def _tax(at: Xml.Element, one: Breakdown, currency: str) -> None:
    _put(at, "ram:CalculatedAmount", decimal(one.tax, currency))
    _put(at, "ram:TypeCode", "VAT")
    if one.reason:
        _put(at, "ram:ExemptionReason", one.reason)
    _put(at, "ram:BasisAmount", decimal(one.base, currency))
    _put(at, "ram:CategoryCode", one.category)
    if one.category == "O" and one.reason == NOT_SUBJECT:
        _put(at, "ram:ExemptionReasonCode", _OUTSIDE)
    if one.category != "O":
        _put(at, "ram:RateApplicablePercent", one.rate)


def _date(at: Xml.Element, name: str, instant: str) -> None:
    """The day of an instant (RFC 3339)."""
    _put(at, name, instant[:10].replace("-", ""), format=_DAY)


def _put(at: Xml.Element, name: str, text: str = "", **attributes: str) -> Xml.Element:
    made = Xml.SubElement(at, _tag(name), attributes)
    made.text = text or None
    return made


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}"
