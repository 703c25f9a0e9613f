"""Examples of what is asked of prices, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

_TARIFF: Final[dict[str, Any]] = {
    "currency": "EUR",
    "services": [{"service_id": "talk", "amount": 9000, "tiers": {"reduced": 6000}}],
    "rules": [
        {"rule_id": "evening", "label": "Evening", "when": {"from": "18:00", "to": "22:00"}, "percent": 20},
    ],
    "payment": {"when": "at_booking", "capture": "on_completion"},
    "cancellation": [{"notice_minutes": 1440, "refund_percent": 100}, {"notice_minutes": 0, "refund_percent": 0}],
    "no_show_percent": 100,
    "split": {"platform_percent": 20, "release_days": 7},
}
_PRICING: Final = {**_TARIFF, "therapist_id": "usr_tess", "version": 3}
_QUOTE: Final[dict[str, Any]] = {
    "quote_id": "qte_01KAFZ0000000000000000000A",
    "currency": "EUR",
    "base": 9000,
    "adjustments": [{"rule_id": "evening", "label": "Evening", "amount": 1800}],
    "adjusted": 10800,
    "discounts": [],
    "discount": 0,
    "net": 10800,
    "tax": 0,
    "tax_rate": "0",
    "total": 10800,
    "explanation": ["Price 90.00 EUR", "Evening: +18.00 EUR", "Total 108.00 EUR"],
    "expires_at": "2026-11-20T09:15:00.000Z",
}
_CODE: Final[dict[str, Any]] = {"code": "WELCOME", "percent": 10, "max_uses": 100, "first_booking_only": True}
_DISCOUNT: Final = {**_CODE, "stackable": False, "uses": 3, "reserved": 1, "version": 5}
GET_PRICING: Final = Example({"therapist_id": "usr_tess"}, _PRICING)
SET_PRICING: Final = Example({"therapist_id": "usr_tess", **_TARIFF}, _PRICING)
SET_TIER: Final = Example({"therapist_id": "usr_tess", "client_id": "usr_ada", "tier": "reduced"}, {})
QUOTE_PRICE: Final = Example(
    {"therapist_id": "usr_tess", "service_id": "talk", "start": "2026-11-20T19:00:00.000Z"}, _QUOTE
)
CREATE_DISCOUNT: Final = Example(_CODE, _DISCOUNT)
GET_DISCOUNT: Final = Example({"code": "WELCOME"}, _DISCOUNT)
UPDATE_DISCOUNT: Final = Example({"code": "WELCOME", "max_uses": 200}, _DISCOUNT)
LIST_DISCOUNTS: Final = Example({}, {"items": [_DISCOUNT]})
CHECK_DISCOUNT: Final = Example({"code": "WELCOME"}, {"valid": True, "code": "WELCOME", "percent": 10})
