"""Occurrences of a series, as those see them who make, move or look at one."""

from collections.abc import Sequence

import msgspec

from actors.calendars.booking.state import BookingDetails
from actors.calendars.calendar.answers import BookingPlan
from actors.calendars.contract.replies import Alternative, Occurrence
from actors.calendars.hours.reasons import Reason
from common.clock import to_rfc3339
from common.errors import Conflict


def checked_occurrence(plan: BookingPlan, why: list[Reason]) -> Occurrence:
    """The occurrence with the reasons against it, if any."""
    status = "conflict" if why else "available"
    return Occurrence(start=to_rfc3339(plan.start), end=to_rfc3339(plan.end), status=status, reasons=why)


def made_occurrence(occurrence: Occurrence, result: str | Conflict | None) -> Occurrence:
    """The occurrence as it was booked (with the id of the booking), or refused."""
    if isinstance(result, Conflict):
        told = msgspec.convert(result.details or {}, _Refusal)
        return msgspec.structs.replace(
            occurrence, status="conflict", reasons=told.reasons, alternatives=told.alternatives
        )
    if result is None:
        return occurrence
    return msgspec.structs.replace(occurrence, status="booked", booking_id=result)


class _Refusal(msgspec.Struct):
    """The details of a conflict."""

    reasons: list[Reason] = []
    alternatives: list[Alternative] | None = None


def moving_occurrence(record: BookingDetails, to: int, why: list[Reason]) -> Occurrence:
    """The occurrence that a move of one booking would be."""
    return Occurrence(
        booking_id=record.id,
        start=to_rfc3339(to),
        end=to_rfc3339(to + record.end - record.start),
        status="conflict" if why else "available",
        reasons=why,
    )


def by_start(occurrences: list[Occurrence]) -> list[Occurrence]:
    """In the order of time."""
    return sorted(occurrences, key=lambda occurrence: occurrence.start)


def impossible(occurrences: Sequence[Occurrence]) -> Conflict:
    """Nothing was made: what stands against it."""
    return Conflict(
        "Some of these times cannot be had, so nothing was changed. Choose others, or the policy `available`.",
        details={"occurrences": msgspec.json.decode(msgspec.json.encode(occurrences))},
    )


def undone(occurrence: Occurrence) -> Occurrence:
    """As it was before it was booked with others that could not be."""
    if occurrence.status != "booked":
        return occurrence
    return Occurrence(start=occurrence.start, end=occurrence.end, status="available")
