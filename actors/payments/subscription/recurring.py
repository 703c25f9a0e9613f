"""What a subscription is worth, in a year and so in a month, and how that moves: each event that changes it says from
what to what, so figures of any time are sums of movements."""

from typing import Final

from actors.payments.subscription.state import Subscription
from common.money import rounded
from store.ports.views import Index, View

MOVEMENTS: Final = "subscription_movements"
INDEXES: Final = (Index(MOVEMENTS, ("currency", "at")),)
MONTHS: Final = 12
_A_YEAR: Final = {"day": 365, "week": 52, "month": MONTHS, "year": 1}
_PAYS: Final = ("active", "past_due")


def yearly(record: Subscription) -> int:
    """What its periods of a year cost (minor units, rounded once). Nothing while nobody pays for it: in a trial, while
    it is paused, before its first payment, and once it has ended or nobody tries to collect any more."""
    if record.status not in _PAYS:
        return 0
    return rounded(record.price * _A_YEAR[record.plan.interval], record.plan.interval_count)


def monthly(worth: int) -> int:
    """A twelfth of what is worth so much in a year."""
    return rounded(worth, MONTHS)


def movement(record: Subscription, seq: int, at_ms: int, moved: tuple[int, int]) -> list[View]:
    """The document of a movement; none where nothing moved."""
    before, after = moved
    if before == after:
        return []
    fields: dict[str, str | int | bool | None] = {
        "subscription": record.id,
        "currency": record.plan.currency,
        "at": at_ms,
        "moved": after - before,
    }
    return [View(collection=MOVEMENTS, id=f"{record.id}#{seq}", version=seq, fields=fields, data=b"")]
