"""A bill by the time in which both sides were there. It holds the most that it may cost; what it costs is known when
its meeting has ended for good or somebody says for how long they were there, and otherwise, a day after the session,
what was planned."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import SetTimer
from actors.payments.bill.by_time import ByTime, counted_minutes
from actors.payments.bill.commands import BillTime
from actors.payments.bill.letters import SessionSeen, TimeLapsed
from actors.payments.bill.rules.draft import Draft
from actors.payments.bill.rules.evidence import BilledPresence, overlap, presence, presence_of, seconds
from actors.payments.bill.rules.opening import say, totals
from actors.payments.bill.state import Line
from actors.payments.taxes import tax_on
from common.errors import FailedPrecondition
from common.money import LARGEST, percent_of
from common.timeline import DAY_MS

WAIT_MS: Final = DAY_MS
LINE: Final = "lin_1"
"""The line of a session."""


def line_by_time(formula: ByTime, minutes: int) -> Line:
    """What so many minutes cost: as the quote has it (`pricing.quote.priced`), to the cent."""
    base = formula.unit_amount * minutes
    wanted = base + percent_of(base, formula.percent) + formula.amount
    low = 0 if formula.low is None else percent_of(base, formula.low)
    high = max(wanted, 0) if formula.high is None else percent_of(base, formula.high)
    adjusted = max(0, min(max(wanted, low), high))
    discount = min(adjusted, percent_of(adjusted, formula.off_percent) + formula.off)
    return Line(
        id=LINE,
        quantity=max(1, minutes),
        unit_amount=formula.unit_amount,
        amount=adjusted,
        discount=discount,
        tax=tax_on(adjusted - discount, formula.tax_rate, inclusive=formula.inclusive),
        tax_rate=formula.tax_rate,
        tax_reason=formula.tax_reason,
        tax_category=formula.tax_category,
        jurisdiction=formula.jurisdiction,
        inclusive=formula.inclusive,
    )


def minutes_of(formula: ByTime, overlap_s: int) -> int:
    """The minutes that count."""
    return counted_minutes(overlap_s, formula.minimum, formula.step, formula.maximum)


def billed(draft: Draft, command: BillTime) -> None:
    """It costs this. The same again changes nothing.

    Raises:
        FailedPrecondition: it is paid, closed, or billed by another time already.
    """
    record = draft.record
    kept, told = presence_of(record), msgspec.msgpack.decode(command.evidence, type=BilledPresence)
    if kept is not None and kept.intervals == told.intervals:
        return
    if record.evidence or record.closed or record.captured:
        reason = "billed" if record.evidence else record.status
        raise FailedPrecondition("This session is billed already.", details={"reason": reason, "bill_id": record.id})
    draft.set("time_billed", evidence=command.evidence, **totals(record, command.lines))
    say(draft, command.secret)


def seen(draft: Draft, command: SessionSeen) -> None:
    """What the meeting saw, for good. A bill by time is priced by that, once; where both were never there together it
    waits for staff. Any other keeps it as evidence."""
    record = draft.record
    if record.evidence:
        return
    both = overlap(_of(command, record.beneficiary), _of(command, record.client))
    overlap_s, members = seconds(both), {"meeting": record.meeting or command.meeting}
    if not record.by_time:
        kept = presence(both, overlap_s // 60, "meeting", command.hash)
        draft.set("session_seen", evidence=msgspec.msgpack.encode(kept), **members)
        return
    if record.formula is None or not overlap_s or record.closed or record.captured:
        return
    minutes = minutes_of(record.formula, overlap_s)
    line = line_by_time(record.formula, minutes)
    if line.total <= LARGEST:
        kept = presence(both, minutes, "meeting", command.hash)
        evidence = msgspec.msgpack.encode(kept)
        draft.set("time_billed", evidence=evidence, **members, **totals(record, (line,)))


def completed(draft: Draft) -> None:
    """The session is over: somebody should say how long it was."""
    if draft.record.awaits_time:
        command = msgspec.msgpack.encode(TimeLapsed())
        draft.timers.append(SetTimer("time", draft.now_ms + WAIT_MS, command))


def lapsed(draft: Draft) -> None:
    """Nobody has said so."""
    record = draft.record
    if record.awaits_time and not record.captured and not record.closed:
        lines = record.planned or record.lines
        draft.set("time_lapsed", by_time=False, **totals(record, lines))


def _of(command: SessionSeen, user: str) -> list[tuple[int, int]]:
    return [(begin, end) for who, begin, end in command.stays if who == user]
