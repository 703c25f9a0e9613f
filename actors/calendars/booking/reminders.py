"""The reminders of a booking, and when each is due. Derived from its time: when that changes, the old ones are
stale."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.calendars.booking.events import Reminded
from actors.calendars.booking.state import BookingDetails, SentReminder
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import require_staff
from actors.kernel.contract.entity import Command, Context, Decision, SetTimer
from common.clock import to_rfc3339
from common.errors import FailedPrecondition
from common.persons import NothingToTell
from common.timeline import HOUR_MS, MINUTE_MS

STANDARD_MS: Final = (24 * HOUR_MS, HOUR_MS)
"""How long before its start a booking is reminded of, where its calendar says nothing else."""
MOST_BY_HAND: Final = 3
State = Literal["planned", "sent", "skipped"]


class Remind(Command[NothingToTell], frozen=True, tag="remind"):
    """A timer: remind of the booking, if its time is still that of `epoch`."""

    epoch: int
    lead_ms: int


class Reminder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of them. `reason`, why it was skipped: `cancelled` (the booking does not take place) or `expired` (its moment
    had passed when the time was booked, or a later one was due as well)."""

    at: str
    state: State
    reason: Literal["cancelled", "expired"] | None = None


class ReminderList(msgspec.Struct, frozen=True, kw_only=True):
    """Those of a booking, by their moment."""

    reminders: list[Reminder]


class ListReminders(Command[ReminderList], frozen=True, tag="list_reminders"):
    """The reminders still to be sent, and those that were."""


class SendReminder(Command[ReminderList], frozen=True, tag="send_reminder"):
    """Remind of it now. Staff only, a few times a booking."""


def leads_of(record: BookingDetails) -> tuple[int, ...]:
    """The lead times of its reminders before its start (ms), the longest first."""
    minutes = record.terms.reminders
    return STANDARD_MS if minutes is None else tuple(sorted({minute * MINUTE_MS for minute in minutes}, reverse=True))


def timers(record: BookingDetails, now_ms: int) -> list[SetTimer]:
    """Those of a confirmed booking that are still ahead."""
    return [
        SetTimer(
            f"remind:{record.epoch}:{lead}", record.start - lead, msgspec.msgpack.encode(Remind(record.epoch, lead))
        )
        for lead in leads_of(record)
        if record.start - lead > now_ms
    ]


def makes_sense(record: BookingDetails, command: Remind, now_ms: int) -> bool:
    """Is it still to be sent? Not for another time, not after the start, and not when a later one is due as well."""
    if record.status != "confirmed" or record.epoch != command.epoch or now_ms >= record.start:
        return False
    return not any(lead < command.lead_ms and record.start - lead <= now_ms for lead in leads_of(record))


def due(record: BookingDetails, command: Remind, context: Context) -> Decision:
    """Its timer has fired."""
    if not context.by.is_system or not makes_sense(record, command, context.now_ms):
        return Decision(NOTHING)
    ahead_ms = record.start - context.now_ms
    return Decision(NOTHING, events=[Reminded(record=record, starts_in_ms=ahead_ms, lead_ms=command.lead_ms)])


def listed(record: BookingDetails, sent: Sequence[SentReminder], now_ms: int) -> ReminderList:
    """Those of its present time, and those that were sent by hand."""
    known = {one.lead_ms: one.at for one in sent if one.epoch == record.epoch and one.lead_ms}
    moments = {lead: record.start - lead for lead in leads_of(record)}
    found = [(at_ms, _state(record, at_ms, known.get(lead), now_ms)) for lead, at_ms in moments.items()]
    found += [(one.at, Reminder(at=to_rfc3339(one.at), state="sent")) for one in sent if not one.lead_ms]
    return ReminderList(reminders=[reminder for _, reminder in sorted(found, key=lambda one: one[0])])


def by_hand(record: BookingDetails, sent: Sequence[SentReminder], context: Context) -> Decision:
    """One more, now.

    Raises:
        PermissionDenied: it is not its therapist, or an administrator, who asks.
        FailedPrecondition: it does not take place, has begun, or there were enough.
    """
    require_staff(context.by, record.therapist)
    now_ms = context.now_ms
    if record.status != "confirmed" or now_ms >= record.start:
        raise FailedPrecondition("It is not confirmed, or has begun.", details={"status": record.status})
    if sum(not one.lead_ms for one in sent) >= MOST_BY_HAND:
        raise FailedPrecondition(f"It was reminded of {MOST_BY_HAND} times by hand.", details={"reason": "enough"})
    now = SentReminder(record.epoch, 0, now_ms)
    reminded = Reminded(record=record, starts_in_ms=record.start - now_ms, lead_ms=0)
    return Decision(listed(record, [*sent, now], now_ms), events=[reminded])


def noted(sent: Sequence[SentReminder], event: Reminded, at_ms: int) -> list[SentReminder]:
    """With the one that was just sent. Of times that are past, only what was sent by hand is kept."""
    if event.lead_ms < 0:
        return list(sent)
    epoch = event.record.epoch
    kept = [one for one in sent if one.epoch == epoch or not one.lead_ms]
    return [*kept, SentReminder(epoch, event.lead_ms, at_ms)]


def _state(record: BookingDetails, at_ms: int, sent_ms: int | None, now_ms: int) -> Reminder:
    if sent_ms is not None:
        return Reminder(at=to_rfc3339(sent_ms), state="sent")
    if record.status != "confirmed":
        waits = record.status in ("held", "pending") and at_ms > now_ms
        return Reminder(at=to_rfc3339(at_ms), state="planned") if waits else _skipped(at_ms, "cancelled")
    return Reminder(at=to_rfc3339(at_ms), state="planned") if at_ms > now_ms else _skipped(at_ms, "expired")


def _skipped(at_ms: int, reason: Literal["cancelled", "expired"]) -> Reminder:
    return Reminder(at=to_rfc3339(at_ms), state="skipped", reason=reason)
