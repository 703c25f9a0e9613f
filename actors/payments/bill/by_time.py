"""What a session costs by its minutes, as it was agreed when its time was booked."""

import msgspec


class ByTime(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """All that a price by the minute follows from: nothing of it changes with the tariff afterwards.

    `unit_amount`: of one minute. `minimum`, `step`, `maximum` (0: none) are minutes. `percent`, `amount`: what the
    matching rules change together; `low`, `high`: how far they may (percent; None: as they like). `off_percent`, `off`:
    what the codes take. Amounts are minor units.
    """

    unit_amount: int
    minimum: int = 0
    step: int = 1
    maximum: int = 0
    percent: int = 0
    amount: int = 0
    low: int | None = None
    high: int | None = None
    off_percent: int = 0
    off: int = 0
    tax_rate: str = "0"
    tax_reason: str = ""
    tax_category: str = ""
    jurisdiction: str = ""
    inclusive: bool = False


def counted_minutes(overlap_s: int, minimum: int, step: int, maximum: int) -> int:
    """The minutes that count of a time in which both sides were there: rounded up to the step, at least the minimum, at
    most the maximum (0: none). Where nobody was there nothing counts."""
    if overlap_s <= 0:
        return 0
    minutes = max(-(-overlap_s // (60 * step)) * step, minimum)
    return min(minutes, maximum or minutes)
