"""What sockets hear of money."""

from typing import Final

from actors.payments.bill.replies import BillReply, DisputeReply, PaymentReply, RefundReply
from actors.payments.issuer.answers import InvoiceReply
from actors.payments.payee.answers import PayoutReply
from actors.payments.payer.answers import MethodReply
from actors.payments.subscription.answers import SubscriptionReply
from common.persons import OtherId
from serve_app.capabilities.payments.bills.examples import BILL, PAYMENT, REFUND
from serve_app.capabilities.payments.invoices.operations import INVOICE
from serve_app.capabilities.payments.payers.examples import METHOD
from serve_app.capabilities.payments.payouts.operations import PAYOUT
from serve_app.capabilities.payments.subscriptions.showing import SUBSCRIPTION
from serve_app.edge.server_events import Addressed, ServerEvent

_METHOD: Final = {name: value for name, value in METHOD.items() if name != "backs"}
_ADDRESS: Final = {"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 7}


class BillUpdated(Addressed, frozen=True, kw_only=True):
    """The bill by now, with neutral texts. `change`: what has happened to it."""

    bill: BillReply
    change: str


class PaymentUpdated(Addressed, frozen=True, kw_only=True):
    """The payment by now; what the browser needs is not told, but read."""

    payment: PaymentReply
    bill_id: OtherId


class RefundUpdated(Addressed, frozen=True, kw_only=True):
    """The refund by now."""

    refund: RefundReply


class DisputeUpdated(Addressed, frozen=True, kw_only=True):
    """The dispute by now."""

    dispute: DisputeReply


class MethodUpdated(Addressed, frozen=True, kw_only=True):
    """A means of payment came, changed or went."""

    method: MethodReply
    change: str


class InvoiceIssuedEvent(Addressed, frozen=True, kw_only=True):
    """An invoice was issued; who the payer is stands in the invoice itself, which is read."""

    invoice: InvoiceReply


class SubscriptionUpdated(Addressed, frozen=True, kw_only=True):
    """The subscription by now. `change`: what has happened to it."""

    subscription: SubscriptionReply
    change: str


class PayoutUpdated(Addressed, frozen=True, kw_only=True):
    """The payout by now."""

    payout: PayoutReply


class UsageThreshold(Addressed, frozen=True, kw_only=True):
    """All that is included of a feature is used."""

    subscription_id: str
    feature: str
    used: int
    included: int


_PAYMENT: Final = {name: value for name, value in PAYMENT.items() if name != "client"}
PAYMENT_EVENTS: Final = (
    ServerEvent("invoice_issued", InvoiceIssuedEvent, "the payer", example={**_ADDRESS, "invoice": INVOICE}),
    ServerEvent(
        "bill_updated",
        BillUpdated,
        "the payer, the client and the therapist of a bill",
        example={**_ADDRESS, "bill": BILL, "change": "created"},
    ),
    ServerEvent(
        "subscription_updated",
        SubscriptionUpdated,
        "the payer and the client",
        example={**_ADDRESS, "subscription": SUBSCRIPTION, "change": "renewed"},
    ),
    ServerEvent(
        "usage_threshold",
        UsageThreshold,
        "the payer and the client",
        example={
            **_ADDRESS,
            "subscription_id": SUBSCRIPTION["subscription_id"],
            "feature": "sessions",
            "used": 4,
            "included": 4,
        },
    ),
    ServerEvent(
        "payment_updated",
        PaymentUpdated,
        "the payer",
        example={**_ADDRESS, "payment": _PAYMENT, "bill_id": PAYMENT["bill_id"]},
    ),
    ServerEvent("refund_updated", RefundUpdated, "the payer and the therapist", example={**_ADDRESS, "refund": REFUND}),
    ServerEvent(
        "dispute_updated",
        DisputeUpdated,
        "the therapist",
        example={
            **_ADDRESS,
            "dispute": {
                "dispute_id": "dsp_01KAFZ0000000000000000000A-1",
                "bill_id": PAYMENT["bill_id"],
                "payment_id": PAYMENT["payment_id"],
                "provider_ref": "du_1",
                "amount": 9000,
                "currency": "EUR",
                "reason": "fraudulent",
                "status": "needs_response",
                "version": 9,
            },
        },
    ),
    ServerEvent("payout_updated", PayoutUpdated, "the therapist", example={**_ADDRESS, "payout": PAYOUT}),
    ServerEvent(
        "payment_method_updated",
        MethodUpdated,
        "the payer",
        example={**_ADDRESS, "method": _METHOD, "change": "methods"},
    ),
)
