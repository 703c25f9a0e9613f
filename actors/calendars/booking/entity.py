"""One booking: its life, and the last word on the time that was taken for it.

Its events carry the whole record after them, so read models, letters and mailboxes follow from each event alone.
"""

from typing import Final, assert_never

import msgspec

from actors.calendars.booking import reminders
from actors.calendars.booking.answers import BookingRecord, shown
from actors.calendars.booking.commands import (
    AmendBooking,
    BookingCommand,
    CancelBooking,
    ConfirmBooking,
    ExpireBooking,
    FinishBooking,
    GetBooking,
    GetRecord,
    MoveBooking,
    OpenBooking,
    ReadBooking,
)
from actors.calendars.booking.events import (
    BookingChanged,
    BookingEvent,
    HoldInDoubt,
    Noted,
    OutcomeDecided,
    Reminded,
    Resolution,
    Restated,
)
from actors.calendars.booking.keyed import AssignId, IdAssigned, assign
from actors.calendars.booking.lifecycle import illegal, not_begun, require_legal
from actors.calendars.booking.reminders import ListReminders, Remind, SendReminder
from actors.calendars.booking.rules import (
    awaiting_after,
    category_and_words,
    check_participants,
    entry_status,
    freed,
    outcome_of,
    taken,
)
from actors.calendars.booking.state import OCCUPYING, BookingDetails, SentReminder
from actors.calendars.calendar.reservations import ASK_AGAIN_MS, Outcome, QueryOutcome
from actors.calendars.hours.answers import NOTHING
from actors.calendars.hours.roles import is_staff, require_party, require_staff, require_system
from actors.calendars.hours.versions import require_version
from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from common.errors import AlreadyExists, Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

LONGEST_TEXT: Final = 4000
_LAPSED: Final = {"lapsed": True}


class Booking:
    """State: the record (None until it is made) and the keys of time that it renounced; or else, under the mark of an
    idempotency key, the id that goes with that (`keyed`)."""

    def __init__(self, booking_id: str) -> None:
        self.id = booking_id
        self.record: BookingDetails | None = None
        self.dead: set[str] = set()
        self.assigned = ""
        self.reminded: list[SentReminder] = []

    def decide(self, command: BookingCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such booking, or not for the caller.
            FailedPrecondition: not in this state; `details.legal` says what is.
            Conflict: the time that was taken for it has lapsed, or it was changed meanwhile.
            PermissionDenied, InvalidArgument: as they say.
        """
        match command:
            case AssignId():
                return assign(self.assigned if self.record is None else self.id, command)
            case OpenBooking():
                return self._open(command, context, version)
            case QueryOutcome():
                return self._query_outcome(command, context)
        if self.record is None:
            raise NotFound("There is no such booking.")
        record = self.record
        match command:
            case Remind():
                return reminders.due(record, command, context)
            case ExpireBooking():
                return self._expire(command, record, context, version)
            case GetRecord():
                require_system(context.by)
                return Decision(BookingRecord(record=record, version=version))
        if context.by.user not in (record.client, *record.participants) and not is_staff(context.by, record.therapist):
            raise NotFound("There is no such booking.")
        if isinstance(command, GetBooking):
            return Decision(ReadBooking(record, version))
        if isinstance(command, ListReminders):
            return Decision(reminders.listed(record, self.reminded, context.now_ms))
        require_party(context.by, record.client, record.therapist)
        if isinstance(command, SendReminder):
            return reminders.by_hand(record, self.reminded, context)
        require_version(command.versions, version)
        match command:
            case ConfirmBooking():
                return self._confirm(command, record, context, version)
            case MoveBooking():
                return self._move(command, record, context, version)
            case CancelBooking():
                return self._cancel(command, record, context, version)
            case FinishBooking():
                return self._finish(command, record, context, version)
            case AmendBooking():
                return self._amend(command, record, context, version)
            case _:
                assert_never(command)

    def apply(self, event: BookingEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, BookingChanged):
            self.record = event.record
        elif isinstance(event, Reminded):
            self.reminded = reminders.noted(self.reminded, event, at_ms)
        elif isinstance(event, IdAssigned):
            self.assigned = event.id
        elif isinstance(event, OutcomeDecided) and event.verdict.outcome == "free":
            self.dead.add(event.verdict.key)

    def _open(self, command: OpenBooking, context: Context, version: int) -> Decision:
        wanted = command.record
        require_party(context.by, wanted.client, wanted.therapist)
        if self.record is not None:
            if self.record.key == wanted.key:
                return Decision(shown(self.record, version))
            raise AlreadyExists("There is a booking with this id.")
        if self.assigned:
            raise AlreadyExists("This stands for a key, whose booking has another id.")
        if wanted.key in self.dead:
            raise Conflict("The time that was held has lapsed. Please try again.", details=dict(_LAPSED))
        if wanted.overridden:
            require_staff(context.by, wanted.therapist)
        check_participants(wanted.participants)
        staff = is_staff(context.by, wanted.therapist)
        held = command.wants == "held" or (wanted.terms.prepaid and not staff)
        status = "held" if held else entry_status(wanted.terms, staff=staff)
        record = msgspec.structs.replace(
            wanted,
            status=status,
            awaiting="therapist" if status == "pending" else "",
            hold_expires=context.now_ms + command.hold_ms if status == "held" else 0,
            created=context.now_ms,
        )
        texts = {"notes": command.notes, "override_reason": command.override_reason}
        resolutions = taken(record)
        made = self._changed(
            change="created", record=record, context=context, version=version, resolutions=resolutions, texts=texts
        )
        return _with_bill(made, command) if command.bill else made

    def _confirm(self, command: ConfirmBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        paid = command.paid is True and context.by.is_system
        if paid and record.status != "held":
            return Decision(NOTHING, notes=[Restated(record=record)])
        require_legal(record, "confirm")
        staff = command.staff if context.by.is_system else is_staff(context.by, record.therapist)
        if record.status == "held" and record.terms.prepaid and not (paid or staff):
            raise _unpaid(record)
        if record.status == "pending" and (staff != (record.awaiting == "therapist")):
            raise PermissionDenied("The other side has to answer this request.")
        status = entry_status(record.terms, staff=staff) if record.status == "held" else "confirmed"
        if context.now_ms >= record.start and not (staff or context.by.is_system):
            raise illegal(record, "Its time has come already.", "confirm")
        awaiting = "therapist" if status == "pending" else ""
        now = msgspec.structs.replace(record, status=status, awaiting=awaiting, hold_expires=0)
        was_held = record.status == "held" and not record.series
        resolutions = [one for one in taken(now) if was_held and one.entity.startswith("client:")]
        return self._changed(
            change="requested" if awaiting else "confirmed",
            record=now,
            context=context,
            version=version,
            resolutions=resolutions,
        )

    def _move(self, command: MoveBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        require_legal(record, "reschedule" if command.therapist == record.therapist else "transfer")
        staff = is_staff(context.by, record.therapist)
        if command.key in self.dead:
            raise Conflict("The time that was held has lapsed. Please try again.", details=dict(_LAPSED))
        if command.epoch != record.epoch:
            raise Conflict("The booking was moved meanwhile. Look at it again.", details={"epoch": record.epoch})
        if (command.overridden or command.therapist != record.therapist) and not staff:
            raise PermissionDenied("Only those who run this calendar may do that.")
        most = record.terms.max_reschedules
        if not staff and most is not None and record.moves >= most:
            raise illegal(record, "It has been moved as often as it may. Ask the practice.", "reschedule")
        handed = command.therapist != record.therapist and not is_staff(context.by, command.therapist)
        asks = handed and command.terms.requires_confirmation and record.status in ("pending", "confirmed")
        now = msgspec.structs.replace(
            record,
            status="pending" if asks else record.status,
            key=command.key,
            therapist=command.therapist,
            former=record.former if command.therapist == record.therapist else record.therapist,
            service=command.service,
            start=command.start,
            end=command.end,
            tz=command.tz,
            parties=command.parties,
            price=command.price,
            format=command.format,
            terms=msgspec.structs.replace(command.terms, prepaid=record.terms.prepaid),
            overridden=command.overridden,
            epoch=record.epoch + 1,
            moves=record.moves + (0 if staff else 1),
            awaiting="therapist" if asks else awaiting_after(record, staff=staff),
        )
        resolutions = taken(now) + freed(record)
        change = "rescheduled" if now.therapist == record.therapist else "transferred"
        change = "counter_offered" if now.awaiting == "client" else change
        texts = {"override_reason": command.override_reason}
        return self._changed(
            change=change, record=now, context=context, version=version, resolutions=resolutions, texts=texts
        )

    def _cancel(self, command: CancelBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        require_legal(record, "cancel")
        staff = is_staff(context.by, record.therapist)
        if context.now_ms >= record.start and not staff:
            raise illegal(record, "It has begun. Ask the practice.", "cancel")
        declined = staff and record.status == "pending"
        category, words = category_and_words(command.reason, "declined" if declined else "")
        late = (
            not staff and record.status == "confirmed" and context.now_ms > record.start - record.terms.cancel_notice_ms
        )
        now = msgspec.structs.replace(record, status="cancelled", category=category, late=late, awaiting="")
        change = "declined" if declined else "cancelled"
        return self._changed(
            change=change,
            record=now,
            context=context,
            version=version,
            resolutions=freed(record),
            texts={"reason": words},
            by_client=not staff,
        )

    def _finish(self, command: FinishBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        require_staff(context.by, record.therapist)
        if command.status not in ("completed", "no_show"):
            raise InvalidArgument("A booking ends as completed or no_show.", details={"field": "status"})
        require_legal(record, "complete" if command.status == "completed" else "no_show")
        if context.now_ms < record.start:
            raise not_begun(record)
        category, words = category_and_words(command.reason, "")
        now = msgspec.structs.replace(record, status=command.status, category=category)
        return self._changed(command.status, now, context, version, texts={"reason": words})

    def _amend(self, command: AmendBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        require_legal(record, "update")
        participants = record.participants if command.participants is None else command.participants
        check_participants(participants)
        now = msgspec.structs.replace(record, participants=participants)
        texts = {} if command.notes is None else {"notes": command.notes}
        return self._changed("updated", now, context, version, texts=texts, blank=True)

    def _expire(self, command: ExpireBooking, record: BookingDetails, context: Context, version: int) -> Decision:
        due = record.hold_expires if record.status == "held" else record.start
        waits = record.status == "held" or (record.status == "pending" and command.epoch == record.epoch)
        if not context.by.is_system or not waits or context.now_ms < due:
            return Decision(NOTHING)
        if record.status == "held" and record.series and not record.terms.prepaid:
            again = SetTimer("expire:series", context.now_ms + ASK_AGAIN_MS, msgspec.msgpack.encode(command))
            return Decision(NOTHING, events=[HoldInDoubt(series=record.series)], timers=[again])
        now = msgspec.structs.replace(record, status="expired", awaiting="")
        expired = self._changed(
            change="expired", record=now, context=context, version=version, resolutions=freed(record)
        )
        return msgspec.structs.replace(expired, reply=NOTHING)

    def _query_outcome(self, command: QueryOutcome, context: Context) -> Decision:
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself asks that.")
        record = self.record
        has_it = record is not None and record.key == command.key and record.status in OCCUPYING
        outcome: Outcome = "free" if record is None or not has_it else outcome_of(record)
        return Decision(NOTHING, events=[OutcomeDecided(verdict=Resolution(command.entity, command.key, outcome))])

    def _remind(self, command: Remind, record: BookingDetails, context: Context) -> Decision:
        if not context.by.is_system or not reminders.makes_sense(record, command, context.now_ms):
            return Decision(NOTHING)
        return Decision(NOTHING, events=[Reminded(record=record, starts_in_ms=record.start - context.now_ms)])

    def _changed(
        self,
        change: str,
        record: BookingDetails,
        context: Context,
        version: int,
        resolutions: list[Resolution] | None = None,
        texts: dict[str, str] | None = None,
        *,
        blank: bool = False,
        by_client: bool = False,
    ) -> Decision:
        """The event of a change, the words that come with it before it, and the timers that follow from it.
        `blank`: empty words replace those that were there."""
        record = msgspec.structs.replace(record, updated=context.now_ms)
        events: list[Event] = []
        for name, text in (texts or {}).items():
            if len(text) > LONGEST_TEXT:
                raise InvalidArgument(f"{name} has at most {LONGEST_TEXT} characters.", details={"field": name})
            if text or blank:
                events.append(Noted(author=record.client, secret=text.encode(), name=name))
        verdicts = tuple(resolutions or ())
        events.append(BookingChanged(change=change, record=record, verdicts=verdicts, by_client=by_client))
        reply = shown(record, version + len(events))  # without words: replies are kept in the clear
        return Decision(reply, events=events, timers=self._timers(record, context))

    def _timers(self, record: BookingDetails, context: Context) -> list[SetTimer]:
        before = self.record
        if before is not None and (before.status, before.epoch) == (record.status, record.epoch):
            return []
        if record.status == "confirmed":
            return reminders.timers(record, context.now_ms)
        if record.status in ("held", "pending"):
            due = record.hold_expires if record.status == "held" else max(record.start, context.now_ms + 1)
            command = msgspec.msgpack.encode(ExpireBooking(record.epoch))
            return [SetTimer(f"expire:{record.status}:{record.epoch}", due, command)]
        return []


def _with_bill(made: Decision, command: OpenBooking) -> Decision:
    """The same, with the command that opens the bill in the event that makes the booking."""
    *others, changed = made.events
    assert isinstance(changed, BookingChanged)
    event = msgspec.structs.replace(
        changed, bill=command.bill or b"", secret=command.bill_texts or b"", author=changed.record.client
    )
    return msgspec.structs.replace(made, events=[*others, event])


def _unpaid(record: BookingDetails) -> FailedPrecondition:
    return FailedPrecondition(
        "This time is confirmed by its payment.", details={"reason": "payment_required", "bill_id": record.bill}
    )
