"""What follows from a decline: its code says whether the same method may be tried again.

The words are Stripe's (https://docs.stripe.com/declines/codes); connectors of other providers put theirs into these.
"""

from typing import Final, Literal

DeclineClass = Literal["retry", "ask", "never"]
"""Try again later; ask for another method, or the payer; never try this method again."""

_RETRY: Final = frozenset(
    {
        "approve_with_id",
        "call_issuer",
        "card_velocity_exceeded",
        "do_not_honor",
        "generic_decline",
        "insufficient_funds",
        "issuer_not_available",
        "no_action_taken",
        "not_permitted",
        "processing_error",
        "reenter_transaction",
        "service_not_allowed",
        "transaction_not_allowed",
        "try_again_later",
        "withdrawal_count_limit_exceeded",
    }
)
_NEVER: Final = frozenset(
    {
        "account_closed",
        "fraudulent",
        "highest_risk_level",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "stolen_card",
        "stop_payment_order",
    }
)


def decline_class(code: str, decline_code: str) -> DeclineClass:
    """Of a decline with this code, and with the bank's more exact one where there is one. What nobody knows is asked
    about: another method does no harm."""
    exact = decline_code or code
    if exact in _NEVER:
        return "never"
    return "retry" if exact in _RETRY else "ask"
