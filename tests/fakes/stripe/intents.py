"""Payment intents and setup intents, and the charges that they make."""

from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.cards import Cards
from tests.fakes.stripe.faults import StripeFault, bad_request, declined, refused

_LEAST: Final = 50
_MOST: Final = 99_999_999
_HELD_S: Final = 7 * 86_400
_HELD_ALONE_S: Final = 4 * 86_400 + 18 * 3_600  # nobody is there
_CONFIRMABLE: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE: Final = (*_CONFIRMABLE, "requires_capture")


@dataclass
class Intents:
    """The rules of both."""

    books: Books
    cards: Cards

    def create(self, asked: Object) -> Object:
        """Raises StripeFault."""
        amount = asked["amount"]
        if amount > _MOST:
            raise bad_request("amount_too_large", "amount", "Amount must be no more than 999,999.99")
        if amount < _LEAST:
            raise bad_request("amount_too_small", "amount", "Amount must convert to at least 50 cents.")
        self._check_confirmation(asked)
        if customer := asked.get("customer"):
            self.books.get("customer", customer)
        intent = self.books.add("pi", "payment_intent", **self._members(asked))
        intent["client_secret"] = f"{intent['id']}_secret_{self.books.new_id('x')[2:]}"
        self.books.tell("payment_intent.created", intent)
        if method := asked.get("payment_method"):
            self._use(intent, method)
        return self.confirm(intent["id"], asked, begun=True) if asked.get("confirm") else intent

    def update(self, id_: str, asked: Object) -> Object:
        intent = self.books.get("payment_intent", id_)
        if intent["status"] not in _CONFIRMABLE:
            raise _unexpected(intent, "updated")
        if "amount" in asked:
            intent["amount"] = asked["amount"]
        intent["metadata"] |= asked.get("metadata") or {}
        return intent

    def confirm(self, id_: str, asked: Object, *, begun: bool = False) -> Object:
        """Raises StripeFault: the bank declines, or the intent is beyond that."""
        intent = self.books.get("payment_intent", id_)
        if intent["status"] not in _CONFIRMABLE:
            raise _unexpected(intent, "confirmed")
        if not begun:
            self._check_confirmation({**asked, "confirm": True})
            if method := asked.get("payment_method"):
                self._use(intent, method)
        if intent["payment_method"] is None:
            raise refused("payment_intent_unexpected_state", "You cannot confirm this without a method.")
        bank = self.cards.bank(intent["payment_method"])
        alone = bool(asked.get("off_session"))
        secure = (intent["payment_method_options"].get("card") or {}).get("request_three_d_secure") == "any"
        if bank.asks == "always" or secure:
            if alone:
                self._decline(intent, "authentication_required", "authentication_required")
            intent |= {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}}
            self.books.tell("payment_intent.requires_action", intent)
            return intent
        return self.charge(intent, alone=alone)

    def charge(self, intent: Object, *, alone: bool = False) -> Object:
        """The bank is asked. Raises StripeFault: it declines."""
        bank = self.cards.bank(intent["payment_method"])
        intent["next_action"] = None
        if bank.decline is not None:
            self._decline(intent, *bank.decline)
        hold = intent["capture_method"] == "manual"
        charge = self.books.add("ch", "charge", **self._charge(intent, hold=hold, alone=alone))
        intent["latest_charge"], intent["last_payment_error"] = charge["id"], None
        if intent["setup_future_usage"] and intent["customer"]:
            self.books.get("payment_method", intent["payment_method"])["customer"] = intent["customer"]
        if hold:
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            self.books.tell("payment_intent.amount_capturable_updated", intent)
            return intent
        return self._take(intent, charge, intent["amount"])

    def capture(self, id_: str, asked: Object) -> Object:
        """Raises StripeFault: nothing is held, or not so much."""
        intent = self.books.get("payment_intent", id_)
        if intent["status"] != "requires_capture":
            raise _unexpected(intent, "captured")
        amount = int(asked.get("amount_to_capture") or intent["amount_capturable"])
        if not 0 < amount <= intent["amount_capturable"]:
            raise bad_request("amount_too_large", "amount_to_capture", "The amount is greater than what is held.")
        return self._take(intent, self.books.get("charge", intent["latest_charge"]), amount)

    def cancel(self, id_: str, asked: Object) -> Object:
        """Raises StripeFault: it is too late."""
        intent = self.books.get("payment_intent", id_)
        if intent["status"] not in _CANCELABLE:
            raise _unexpected(intent, "canceled")
        if intent["status"] == "requires_capture":
            charge = self.books.get("charge", intent["latest_charge"])
            self.release(charge, charge["amount"])
            charge["refunded"] = True
        reason = asked.get("cancellation_reason")
        intent |= {"status": "canceled", "amount_capturable": 0, "cancellation_reason": reason, "next_action": None}
        intent["canceled_at"] = int(self.books.now_s())
        self.books.tell("payment_intent.canceled", intent)
        return intent

    def release(self, charge: Object, amount: int) -> None:
        """What is held and will not be taken goes back to the payer: shown as a refund that moves no money of ours."""
        charge["amount_refunded"] += amount
        self.books.add(
            "re",
            "refund",
            amount=amount,
            balance_transaction=None,
            charge=charge["id"],
            currency=charge["currency"],
            metadata={},
            payment_intent=charge["payment_intent"],
            reason=None,
            receipt_number=None,
            source_transfer_reversal=None,
            status="succeeded",
            transfer_reversal=None,
        )

    def create_setup(self, asked: Object) -> Object:
        """Raises StripeFault."""
        if customer := asked.get("customer"):
            self.books.get("customer", customer)
        setup = self.books.add("seti", "setup_intent", **_setup_members(asked))
        setup["client_secret"] = f"{setup['id']}_secret_{self.books.new_id('x')[2:]}"
        self.books.tell("setup_intent.created", setup)
        return self.confirm_setup(setup["id"], asked) if asked.get("confirm") else setup

    def confirm_setup(self, id_: str, asked: Object, *, proven: bool = False) -> Object:
        """Raises StripeFault: the bank declines."""
        setup = self.books.get("setup_intent", id_)
        if setup["status"] not in _CONFIRMABLE:
            raise refused("setup_intent_unexpected_state", "This SetupIntent is over.", setup_intent=setup)
        method = self.cards.method(asked.get("payment_method") or setup["payment_method"])
        setup["payment_method"] = method["id"]
        bank = self.cards.bank(method["id"])
        if bank.decline is not None and not bank.attaches:
            setup["status"] = "requires_payment_method"
            setup["last_setup_error"] = {"type": "card_error", "code": bank.decline[0], "decline_code": bank.decline[1]}
            self.books.tell("setup_intent.setup_failed", setup)
            raise declined(bank.decline[1], setup, code=bank.decline[0])
        if bank.asks and not proven:
            setup |= {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}}
            self.books.tell("setup_intent.requires_action", setup)
            return setup
        setup |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
        if setup["customer"]:
            self.cards.attach(method["id"], setup["customer"])
        self.books.tell("setup_intent.succeeded", setup)
        return setup

    def cancel_setup(self, id_: str) -> Object:
        setup = self.books.get("setup_intent", id_)
        if setup["status"] in ("succeeded", "canceled"):
            raise refused("setup_intent_unexpected_state", "This SetupIntent is over.", setup_intent=setup)
        setup["status"] = "canceled"
        self.books.tell("setup_intent.canceled", setup)
        return setup

    def _check_confirmation(self, asked: Object) -> None:
        if "return_url" in asked and not asked.get("confirm"):
            raise bad_request("parameter_invalid_empty", "return_url", "return_url is only for confirm=true.")
        if "off_session" in asked and not asked.get("confirm"):
            raise bad_request("parameter_invalid_empty", "off_session", "off_session is only for confirm=true.")
        automatic = asked.get("automatic_payment_methods") or {}
        redirects = automatic.get("allow_redirects", "always") != "never"
        if asked.get("confirm") and automatic.get("enabled") and redirects and not asked.get("return_url"):
            raise bad_request("parameter_missing", "return_url", "A return_url is needed where methods may redirect.")

    def _use(self, intent: Object, given: str) -> None:
        method = self.cards.method(given)
        if method["customer"] not in (None, intent["customer"]):
            raise bad_request("payment_method_customer_mismatch", "payment_method", "It is another customer's.")
        intent["payment_method"] = method["id"]
        if intent["status"] == "requires_payment_method":
            intent["status"] = "requires_confirmation"

    def _decline(self, intent: Object, code: str, decline_code: str) -> None:
        error = {"type": "card_error", "code": code, "decline_code": decline_code, "message": "Your card was declined."}
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
        self.books.tell("payment_intent.payment_failed", intent)
        raise declined(decline_code, intent, code=code)

    def _take(self, intent: Object, charge: Object, amount: int) -> Object:
        rest = intent["amount"] - amount
        charge |= {"captured": True, "amount_captured": amount}
        if rest:
            self.release(charge, rest)
        self.books.take(charge, later=intent["capture_method"] == "automatic_async")
        intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
        self.books.tell("charge.captured" if intent["capture_method"] == "manual" else "charge.succeeded", charge)
        self.books.tell("payment_intent.succeeded", intent)
        return intent

    def _members(self, asked: Object) -> dict[str, Any]:
        return {
            "amount": asked["amount"],
            "amount_capturable": 0,
            "amount_received": 0,
            "automatic_payment_methods": asked.get("automatic_payment_methods"),
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": asked.get("capture_method", "automatic_async"),
            "confirmation_method": "automatic",
            "currency": asked["currency"],
            "customer": asked.get("customer"),
            "description": asked.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": asked.get("metadata") or {},
            "next_action": None,
            "payment_method": None,
            "payment_method_options": asked.get("payment_method_options") or {},
            "payment_method_types": ["card"],
            "receipt_email": None,
            "setup_future_usage": asked.get("setup_future_usage"),
            "status": "requires_payment_method",
        }

    def _charge(self, intent: Object, *, hold: bool, alone: bool) -> dict[str, Any]:
        method = self.books.get("payment_method", intent["payment_method"])
        held_s = _HELD_ALONE_S if alone else _HELD_S
        card = {name: method["card"][name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint")}
        card |= {"last4": method["card"]["last4"], "funding": "credit", "network": method["card"]["brand"]}
        card["capture_before"] = int(self.books.now_s()) + held_s if hold else None
        return {
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "balance_transaction": None,
            "captured": False,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "disputed": False,
            "metadata": dict(intent["metadata"]),
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method": intent["payment_method"],
            "payment_method_details": {"type": "card", "card": card},
            "refunded": False,
            "status": "succeeded",
        }


def _setup_members(asked: Object) -> dict[str, Any]:
    method = asked.get("payment_method")
    return {
        "automatic_payment_methods": asked.get("automatic_payment_methods"),
        "customer": asked.get("customer"),
        "last_setup_error": None,
        "metadata": asked.get("metadata") or {},
        "next_action": None,
        "payment_method": method,
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if method else "requires_payment_method",
        "usage": asked.get("usage", "off_session"),
    }


def _unexpected(intent: Object, what: str) -> StripeFault:
    message = f"This PaymentIntent could not be {what} because it has a status of {intent['status']}."
    return refused("payment_intent_unexpected_state", message, payment_intent=intent)
