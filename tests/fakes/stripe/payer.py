"""What others do at Stripe: payers in their browsers, staff at the dashboard, banks."""

from dataclasses import dataclass

from tests.fakes.stripe.account import Account
from tests.fakes.stripe.books import Object
from tests.fakes.stripe.faults import StripeFault


@dataclass
class Others:
    """By their hands, not by ours: no request of Carewire is involved."""

    account: Account

    def types_card(self, client_secret: str, token: str = "pm_card_visa") -> Object:
        """A payer types a card into Stripe's own field, and confirms. What a declined one leaves is in the object."""
        object_id = client_secret.partition("_secret_")[0]
        asked = {"payment_method": token, "return_url": "https://app.carewire.test/"}
        intents = self.account.intents
        try:
            if object_id.startswith("seti_"):
                return intents.confirm_setup(object_id, asked)
            return intents.confirm(object_id, asked)
        except StripeFault:
            return self.account.books.objects[object_id]

    def proves(self, intent_id: str, *, well: bool = True) -> Object:
        """A payer proves who they are to the bank, or fails to."""
        if intent_id.startswith("seti_"):
            return self.account.intents.confirm_setup(intent_id, {}, proven=True)
        intent = self.account.books.get("payment_intent", intent_id)
        assert intent["status"] == "requires_action"
        if well:
            return self.account.intents.charge(intent)
        error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure"}
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
        self.account.books.tell("payment_intent.payment_failed", intent)
        return intent

    def gives_back(self, intent_id: str, amount: int) -> Object:
        """Staff refunds at the dashboard."""
        return self.account.returns.refund({"payment_intent": intent_id, "amount": amount})

    def settles(self, refund_id: str, status: str) -> Object:
        """A bank takes a refund, or sends it back."""
        return self.account.returns.settle(refund_id, status)

    def disputes(self, intent_id: str, *, inquiry: bool = False) -> Object:
        """A payer's bank takes the money back."""
        intent = self.account.books.get("payment_intent", intent_id)
        return self.account.returns.dispute(intent["latest_charge"], inquiry=inquiry)

    def lets_go(self, intent_id: str) -> Object:
        """What was held lapses: the days are over."""
        return self.account.intents.cancel(intent_id, {"cancellation_reason": "automatic"})
