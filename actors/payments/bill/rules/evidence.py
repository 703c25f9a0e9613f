"""Evidence in a dispute, as the bill itself can give it: when the session was, who was there, what had been agreed."""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.payments.bill.state import BillRecord
from common.clock import to_rfc3339

LARGEST: Final = 150_000
"""Characters that Stripe takes, all members together."""
MEMBERS: Final = frozenset(
    {
        "access_activity_log",
        "billing_address",
        "cancellation_policy_disclosure",
        "cancellation_rebuttal",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "duplicate_charge_explanation",
        "duplicate_charge_id",
        "product_description",
        "refund_policy_disclosure",
        "refund_refusal_explanation",
        "service_date",
        "uncategorized_text",
    }
)
"""Stripe's members that are texts (https://docs.stripe.com/api/disputes/evidence_object)."""
_DAY: Final = 10  # characters of a date


Interval = tuple[int, int]
"""Half-open, in ms."""


class BilledPresence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For how long both sides were there, as a bill keeps it. `source`: who says so, the meeting or staff; `hash`: what
    seals it at the meeting."""

    overlap_s: int
    billed_minutes: int
    intervals: list[tuple[str, str]]
    source: str
    hash: str = ""


def presence_of(record: BillRecord) -> BilledPresence | None:
    """What it keeps of it."""
    return msgspec.msgpack.decode(record.evidence, type=BilledPresence) if record.evidence else None


def overlap(one: Iterable[Interval], other: Iterable[Interval]) -> list[Interval]:
    """When both were there, in order and apart from each other. Stays of one side that touch are one."""
    ours, theirs = _merged(one), _merged(other)
    found: list[Interval] = []
    for begin, end in ours:
        for since, until in theirs:
            if max(begin, since) < min(end, until):
                found.append((max(begin, since), min(end, until)))
    return sorted(found)


def presence(both: Iterable[Interval], minutes: int, source: str, seal: str = "") -> BilledPresence:
    """As a bill keeps it: when both were there, and so many `minutes` of that count."""
    spans = list(both)
    return BilledPresence(
        overlap_s=seconds(spans),
        billed_minutes=minutes,
        intervals=[(to_rfc3339(begin), to_rfc3339(end)) for begin, end in spans],
        source=source,
        hash=seal,
    )


def seconds(both: Iterable[Interval]) -> int:
    """How long that is together, in whole seconds."""
    return sum(end - begin for begin, end in both) // 1000


def drafted(record: BillRecord) -> dict[str, str]:
    """What the bill knows. No name, no title, no word of what the session was about."""
    found = {"product_description": f"Invoice {record.id}"}
    if record.start:
        found["service_date"] = to_rfc3339(record.start)[:_DAY]
    if (kept := presence_of(record)) is not None:
        times = "; ".join(f"{begin} to {end}" for begin, end in kept.intervals) or "at no time"
        found["access_activity_log"] = f"Both sides were present: {times} ({kept.billed_minutes} minutes billed)."
    elif record.completed:
        found["access_activity_log"] = f"The session was completed at {to_rfc3339(record.completed)}."
    if record.terms.cancellation is not None:
        rows = "; ".join(f"{minutes} minutes before the start: {back} %" for minutes, back in record.terms.cancellation)
        found["cancellation_policy_disclosure"] = f"Shown before booking. Returned on cancellation: {rows}."
    if back := record.refunded:
        found["refund_refusal_explanation"] = (
            f"Of {record.captured} {record.currency} (minor units) {back} were returned."
        )
    return found


def together(record: BillRecord, written: dict[str, str]) -> dict[str, str]:
    """What staff has written, and of the rest what the bill knows. An empty text leaves a member out."""
    both = drafted(record) | written
    return {name: text for name, text in both.items() if text}


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
