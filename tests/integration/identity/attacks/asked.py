"""What strangers ask for: of each operation the example that it is declared with, about what is really hers."""

from collections.abc import Mapping
from typing import Any, Final

from serve_app.edge.operation import Operation
from tests.declared import operations

THEIR_OWN: Final = frozenset(
    {
        "act", "add_payment_method", "check_discount", "check_usage_limit", "create_bill", "create_customer",
        "create_meeting", "create_notifications",
        "end_guarantor", "explain_notification", "get_action", "get_notification_preferences",
        "create_worksheet", "import_worksheet", "list_assignments", "list_instruments", "list_worksheets",
        "get_plan", "get_pricing", "get_tax_rules", "list_banners", "list_bills", "list_discounts",
        "list_disputes", "list_invoices",
        "list_meetings",
        "list_notification_types", "list_notifications", "list_payment_methods", "list_plans", "list_push_devices",
        "list_subscriptions", "payment_history", "propose_guarantor", "prove_push_token",
        "pull_notifications", "push_key",
        "push_permission", "push_receipts", "quote_price", "read_all_notifications", "read_notifications",
        "register_push_subscription", "register_push_token", "unread_count", "update_notification_preferences",
        "get_chat_privacy", "list_scheduled", "set_chat_privacy",
        "ack_to_device", "block_user", "delete_key_backup", "get_key_backup", "get_to_device", "list_blocks",
        "list_files", "list_reports", "put_device_keys", "put_key_backup", "put_one_time_keys", "unblock_user",
        "list_cases", "list_held", "report_user",
        "get_payout_account", "list_payouts", "open_payout_account", "payout_balance",
        "search", "suggest",
    }
)  # fmt: skip
"""Operations about the caller alone, or that show to everybody what is for everybody. Staff bills whom they serve,
which nobody knows beforehand; anybody may be reported; moderators see what waits for any of them; of
several notifications each has an answer of its own."""
_SETTABLE: Final = "advance_clock"  # where the clock may be moved alone
HERS: Final = ("payer_id", "client_id", "user_id")
"""Members that name a person: hers is meant."""


def asked_of(operation: Operation[Any], ids: Mapping[str, str]) -> dict[str, Any] | None:
    """The example of an operation, with her ids where it names some. None: it has no example."""
    if operation.example is None:
        return None
    hers = dict.fromkeys(HERS, ids["user_id"]) | dict(ids)
    given = dict(operation.example.request)
    return given | {name: hers[name] for name in given if name in hers and isinstance(given[name], str | None)}


def examples(ids: Mapping[str, str], known: frozenset[str]) -> dict[str, dict[str, Any]]:
    """By event: of those that are not `known` to the test already, and not about the caller alone."""
    named = {
        operation.name: asked_of(operation, ids) for operation in operations() if operation.name != "advance_clock"
    }
    return {name: payload or {} for name, payload in named.items() if name not in known | THEIR_OWN}


def body_of(operation: Operation[Any], ids: Mapping[str, str], path: str) -> dict[str, Any] | None:
    """The body of a request with that example: what the address does not say."""
    given = asked_of(operation, ids)
    if given is None or operation.rest is None or operation.rest.method in ("GET", "DELETE"):
        return None
    return {name: value for name, value in given.items() if f"{{{name}}}" not in path}
