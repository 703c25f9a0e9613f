"""Cards, by the tokens that Stripe's test mode knows (https://docs.stripe.com/testing), and how their banks behave."""

from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.faults import missing


@dataclass(frozen=True)
class Bank:
    """What the bank of a card does. `decline`: code and decline code of its refusal. `asks`: it wants the payer to
    prove who they are: "always", or only while they are there ("on_session": without them it declines)."""

    brand: str = "visa"
    last4: str = "4242"
    decline: tuple[str, str] | None = None
    asks: str = ""
    disputes: bool = False
    refunds: str = "succeeded"
    attaches: bool = True


_TOKENS: Final[dict[str, Bank]] = {
    "pm_card_visa": Bank(),
    "pm_card_mastercard": Bank("mastercard", "4444"),
    "pm_card_chargeCustomerFail": Bank(last4="0341", decline=("card_declined", "generic_decline")),
    "pm_card_visa_chargeDeclined": Bank(last4="0002", decline=("card_declined", "generic_decline"), attaches=False),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Bank(last4="9995", decline=("card_declined", "insufficient_funds")),
    "pm_card_visa_chargeDeclinedLostCard": Bank(last4="9987", decline=("card_declined", "lost_card")),
    "pm_card_chargeDeclinedExpiredCard": Bank(last4="0069", decline=("expired_card", "expired_card")),
    "pm_card_chargeDeclinedProcessingError": Bank(last4="0119", decline=("processing_error", "processing_error")),
    "pm_card_authenticationRequired": Bank(last4="3155", asks="always"),
    "pm_card_authenticationRequiredOnSetup": Bank(last4="3155", asks="on_session"),
    "pm_card_createDispute": Bank(last4="0259", disputes=True),
    "pm_card_pendingRefund": Bank(last4="7726", refunds="pending"),
    "pm_card_refundFail": Bank(last4="5126", refunds="failing"),
}


@dataclass
class Cards:
    """Who pays with what."""

    books: Books
    banks: dict[str, Bank]

    def method(self, given: str) -> Object:
        """The method of this id; a token makes one. Raises StripeFault: neither."""
        if given not in _TOKENS:
            return self.books.get("payment_method", given)
        bank = _TOKENS[given]
        made = self.books.add(
            "pm",
            "payment_method",
            type="card",
            customer=None,
            billing_details={"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
            card=_card(bank),
            metadata={},
        )
        self.banks[made["id"]] = bank
        return made

    def bank(self, method: str) -> Bank:
        return self.banks[method]

    def attach(self, method: str, customer: str) -> Object:
        """Raises StripeFault: its bank says no, or it is somebody else's."""
        self.books.get("customer", customer)
        found = self.method(method)
        if found["customer"] not in (None, customer):
            raise missing("payment_method", method)
        found["customer"] = customer
        self.books.tell("payment_method.attached", found)
        return found

    def detach(self, method: str) -> Object:
        found = self.books.get("payment_method", method)
        found["customer"] = None
        self.books.tell("payment_method.detached", found)
        return found


def _card(bank: Bank) -> dict[str, Any]:
    return {
        "brand": bank.brand,
        "checks": None,
        "country": "DE",
        "display_brand": bank.brand,
        "exp_month": 12,
        "exp_year": 2031,
        "fingerprint": f"print{bank.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": bank.last4,
        "networks": None,
        "regulated_status": None,
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
