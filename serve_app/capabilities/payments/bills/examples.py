"""Examples of what is asked of bills and payments, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

_AT: Final = {"created_at": "2026-11-02T08:15:00.000Z", "updated_at": "2026-11-02T08:15:00.000Z"}
_BILL_ID: Final = "bil_01KAFZ0000000000000000000A"
_PAYMENT_ID: Final = "pay_01KAFZ0000000000000000000A-1"
_BOOKING_ID: Final = "bkg_01KAFZ0000000000000000000A"
_LINE: Final[dict[str, Any]] = {"description": "Session of 60 minutes", "quantity": 1, "unit_amount": 9000}
PAYMENT: Final[dict[str, Any]] = {
    "payment_id": _PAYMENT_ID,
    "bill_id": _BILL_ID,
    "provider": "stripe",
    "provider_ref": "pi_3Q",
    "status": "requires_payment_method",
    "amount": 9000,
    "captured": 0,
    "refunded": 0,
    "currency": "EUR",
    **_AT,
    "client": {"provider": "stripe", "client_secret": "pi_3Q_secret_x", "publishable_key": "pk_test_x"},
}
BILL: Final[dict[str, Any]] = {
    "bill_id": _BILL_ID,
    "kind": "charge",
    "status": "open",
    "payer_id": "usr_ada",
    "client_id": "usr_ada",
    "currency": "EUR",
    "total": 9000,
    "version": 1,
    **_AT,
    "beneficiary_id": "usr_tess",
    "lines": [
        {
            **_LINE,
            "line_id": "lin_1",
            "amount": 9000,
            "discount": 0,
            "tax": 0,
            "tax_rate": "0",
        }
    ],
    "subtotal": 9000,
    "discount": 0,
    "tax": 0,
    "captured": 0,
    "refunded": 0,
    "due": 9000,
    "disputed": 0,
    "capture": "now",
}
REFUND: Final[dict[str, Any]] = {
    "refund_id": "ref_01KAFZ0000000000000000000A-1",
    "bill_id": _BILL_ID,
    "payment_id": _PAYMENT_ID,
    "amount": 4500,
    "currency": "EUR",
    "reason": "requested_by_customer",
    "by": "staff",
    "status": "pending",
    "created_at": "2026-11-02T08:15:00.000Z",
}
_ROW: Final[dict[str, Any]] = {
    "transaction_id": "txn_01KAFZ0000000000000000000A-4.0",
    "at": "2026-11-02T08:15:00.000Z",
    "kind": "charge",
    "amount": 9000,
    "currency": "EUR",
    "bill_id": _BILL_ID,
    "status": "succeeded",
    "payment_id": _PAYMENT_ID,
}
CREATE_PAYMENT_INTENT: Final = Example({"bill_id": _BILL_ID, "amount": 9000, "currency": "EUR"}, PAYMENT)
CONFIRM_PAYMENT: Final = Example({"payment_id": _PAYMENT_ID, "method_id": "mth_01KAFZ0000000000000000000A"}, PAYMENT)
PAYMENT_HISTORY: Final = Example({"limit": 50}, {"items": [_ROW]})
REFUND_PAYMENT: Final = Example({"bill_id": _BILL_ID, "amount": 4500}, REFUND)
GET_PAYMENT: Final = Example({"payment_id": _PAYMENT_ID}, PAYMENT)
PAY_BOOKING: Final = Example({"booking_id": _BOOKING_ID}, PAYMENT)
REFUND_BOOKING: Final = Example({"booking_id": _BOOKING_ID}, REFUND)
CREATE_BILL: Final = Example({"payer_id": "usr_ada", "currency": "EUR", "lines": [_LINE]}, BILL)
LIST_BILLS: Final = Example({"status": "open"}, {"items": [BILL]})
GET_BILL: Final = Example({"bill_id": _BILL_ID}, BILL)
UPDATE_BILL: Final = Example({"bill_id": _BILL_ID, "lines": [_LINE], "version": 1}, BILL)
PAY_BILL: Final = Example({"bill_id": _BILL_ID, "provider": "stripe"}, PAYMENT)
CLOSE_BILL: Final = Example({"bill_id": _BILL_ID}, BILL)
BILL_SESSION: Final = Example(
    {
        "booking_id": "bkg_01KAFZ0000000000000000000A",
        "presence": [
            {"user_id": "usr_tess", "from": "2026-11-20T09:30:00.000Z", "to": "2026-11-20T10:21:00.000Z"},
            {"user_id": "usr_ada", "from": "2026-11-20T09:31:00.000Z", "to": "2026-11-20T10:20:00.000Z"},
        ],
    },
    {
        **BILL,
        "evidence": {
            "overlap_s": 2940,
            "billed_minutes": 50,
            "intervals": [["2026-11-20T09:31:00.000Z", "2026-11-20T10:20:00.000Z"]],
            "source": "staff",
        },
    },
)
BILL_HISTORY: Final = Example(
    {"bill_id": _BILL_ID},
    {
        "events": [{"at": "2026-11-02T08:15:00.000Z", "change": "created", "status": "open"}],
        "payments": [],
        "refunds": [REFUND],
        "disputes": [],
    },
)
