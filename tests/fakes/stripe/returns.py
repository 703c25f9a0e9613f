"""Money that goes back: refunds, and disputes by the payer's bank."""

from dataclasses import dataclass
from typing import Final

from tests.fakes.stripe.books import Books, Object
from tests.fakes.stripe.cards import Cards
from tests.fakes.stripe.faults import bad_request, missing, refused

DUE_S: Final = 9 * 86_400
_LONGEST_EVIDENCE: Final = 150_000
_OPEN: Final = ("needs_response", "warning_needs_response")


@dataclass
class Returns:
    """The rules of both."""

    books: Books
    cards: Cards

    def refund(self, asked: Object) -> Object:
        """Raises StripeFault: there is nothing (so much) to return, or a dispute holds it."""
        charge = self._charge_of(asked)
        if charge["disputed"] and self._dispute_of(charge)["status"] != "won":
            raise refused("charge_disputed", f"Charge {charge['id']} has been charged back; cannot issue a refund.")
        left = charge["amount"] - charge["amount_refunded"]
        if not charge["captured"]:
            raise refused("charge_not_refundable", "This charge was not captured.")
        if left == 0:
            raise refused("charge_already_refunded", f"Charge {charge['id']} has already been refunded.")
        amount = asked.get("amount", left)
        if not 0 < amount <= left:
            raise bad_request("amount_too_large", "amount", "Refund amount is greater than unrefunded amount on charge")
        self.books.settle_now(charge)
        refund = self.books.add(
            "re",
            "refund",
            amount=amount,
            balance_transaction=None,
            charge=charge["id"],
            currency=charge["currency"],
            metadata=asked.get("metadata") or {},
            payment_intent=charge["payment_intent"],
            reason=asked.get("reason"),
            receipt_number=None,
            source_transfer_reversal=None,
            status="pending",
            transfer_reversal=None,
        )
        refund["balance_transaction"] = self.books.move("refund", refund, -amount, 0)["id"]
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.books.tell("refund.created", refund)
        self.books.tell("charge.refunded", charge)
        if self.cards.bank(charge["payment_method"]).refunds == "succeeded":
            self.settle(refund["id"], "succeeded")
        return refund

    def settle(self, id_: str, status: str) -> Object:
        """A refund arrives ("succeeded"), or comes back: then it is ours again."""
        refund = self.books.get("refund", id_)
        refund["status"] = status
        if status in ("failed", "canceled"):
            charge = self.books.get("charge", refund["charge"])
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            made = self.books.move("refund_failure", refund, refund["amount"], 0)
            refund["failure_balance_transaction"] = made["id"]
            refund["failure_reason"] = "unknown"
        self.books.tell("refund.failed" if status == "failed" else "refund.updated", refund)
        return refund

    def dispute(self, charge_id: str, *, reason: str = "fraudulent", inquiry: bool = False) -> Object:
        """The payer's bank wants the money back; it has it, unless this is an inquiry."""
        charge = self.books.get("charge", charge_id)
        self.books.settle_now(charge)
        amount = charge["amount_captured"]
        dispute = self.books.add(
            "dp",
            "dispute",
            amount=amount,
            balance_transactions=[],
            charge=charge["id"],
            currency=charge["currency"],
            enhanced_eligibility_types=[],
            evidence={},
            evidence_details={
                "due_by": int(self.books.now_s()) + DUE_S,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            is_charge_refundable=inquiry,
            metadata={},
            payment_intent=charge["payment_intent"],
            reason=reason,
            status="warning_needs_response" if inquiry else "needs_response",
        )
        charge["disputed"] = True
        if not inquiry:
            moved = self.books.move("adjustment", dispute, -amount, self.books.dispute_fee)
            dispute["balance_transactions"].append(moved)
        self.books.tell("charge.dispute.created", dispute)
        if not inquiry:
            self.books.tell("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def update(self, id_: str, asked: Object) -> Object:
        """Evidence is taken once. Raises StripeFault."""
        dispute = self.books.get("dispute", id_)
        evidence = asked.get("evidence") or {}
        if evidence and dispute["status"] not in _OPEN:
            raise refused("dispute_evidence_not_accepted", "This dispute takes no evidence any more.")
        if sum(len(value) for value in evidence.values()) > _LONGEST_EVIDENCE:
            raise bad_request("parameter_invalid_string", "evidence", "The evidence is too long.")
        dispute["evidence"] |= evidence
        dispute["metadata"] |= asked.get("metadata") or {}
        details = dispute["evidence_details"]
        details["has_evidence"] = bool(dispute["evidence"])
        if evidence and asked.get("submit", True):
            details["submission_count"] += 1
            dispute["status"] = dispute["status"].replace("needs_response", "under_review")
        self.books.tell("charge.dispute.updated", dispute)
        return dispute

    def close(self, id_: str, status: str = "lost") -> Object:
        """The dispute is over. What was won comes back, the fee does not."""
        dispute = self.books.get("dispute", id_)
        dispute["status"] = status
        dispute["evidence_details"]["due_by"] = 0
        if status == "won":
            moved = self.books.move("adjustment", dispute, dispute["amount"], 0)
            dispute["balance_transactions"].append(moved)
            self.books.tell("charge.dispute.funds_reinstated", dispute)
        self.books.tell("charge.dispute.closed", dispute)
        return dispute

    def _charge_of(self, asked: Object) -> Object:
        if "charge" in asked:
            return self.books.get("charge", asked["charge"])
        intent = self.books.get("payment_intent", asked.get("payment_intent", ""))
        if intent["latest_charge"] is None:
            raise refused("payment_intent_unexpected_state", "This PaymentIntent has no successful charge to refund.")
        return self.books.get("charge", intent["latest_charge"])

    def _dispute_of(self, charge: Object) -> Object:
        for found in self.books.all("dispute", charge=charge["id"]):
            return found
        raise missing("dispute", charge["id"])
