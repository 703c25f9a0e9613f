"""Examples of what is asked of payers, for the documents. Held against the types in tests."""

from typing import Any, Final

from serve_app.edge.operation import Example

_ADDRESS: Final = {"line1": "Lange Str. 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
_CUSTOMER: Final[dict[str, Any]] = {
    "payer_id": "usr_ada",
    "business": False,
    "version": 1,
    "providers": ["stripe"],
    "name": "Ada L.",
    "address": _ADDRESS,
}
_METHOD_ID: Final = "mth_01KAFZ0000000000000000000A"
METHOD: Final[dict[str, Any]] = {
    "method_id": _METHOD_ID,
    "provider": "stripe",
    "type": "card",
    "default": True,
    "expires_soon": False,
    "backs": [],
    "created_at": "2026-11-02T08:15:00.000Z",
    "brand": "visa",
    "last4": "4242",
    "exp_month": 12,
    "exp_year": 2030,
}
CREATE_CUSTOMER: Final = Example({"name": "Ada L.", "address": _ADDRESS}, _CUSTOMER)
GET_CUSTOMER: Final = Example({"payer_id": "usr_ada"}, _CUSTOMER)
UPDATE_CUSTOMER: Final = Example({"payer_id": "usr_ada", "language": "de"}, _CUSTOMER)
MERGE_CUSTOMERS: Final = Example({"payer_id": "usr_ada", "into": "usr_ida"}, _CUSTOMER)
PROPOSE_GUARANTOR: Final = Example({"payer_id": "usr_mum"}, _CUSTOMER)
ACCEPT_GUARANTOR: Final = Example({"client_id": "usr_ada"}, {})
END_GUARANTOR: Final = Example({}, {})
LIST_METHODS: Final = Example({}, {"items": [METHOD]})
ADD_METHOD: Final = Example(
    {"provider": "stripe"},
    {"setup": {"provider": "stripe", "client_secret": "seti_1_secret_x", "publishable_key": "pk_test_x"}},
)
OF_METHOD: Final = Example({"method_id": _METHOD_ID}, METHOD)
VALIDATE_METHOD: Final = Example(
    {"method_id": _METHOD_ID}, {"valid": True, "checked_at": "2026-11-02T08:15:00.000Z", "expires_soon": False}
)
DELETE_METHOD: Final = Example({"method_id": _METHOD_ID}, {})
