"""What follows from and for meetings: a booking on video has one, an answered call has one; its people hear what
becomes of it wherever they are, its host hears who waits, and is asked how a session ended."""

from typing import Final

import msgspec

from actors.calendars.booking.events import BookingChanged
from actors.calendars.booking.state import BookingDetails as Booking
from actors.calls.call.events import CallEnded
from actors.calls.records import CallRecord
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.meetings.commands import CreateMeeting, FollowBooking
from actors.meetings.events import TO_EVERYBODY, EvidenceClosed, MeetingChanged, MeetingMade, SeatChanged
from actors.meetings.ids import CALL_MS, meeting_of_booking, meeting_of_call
from actors.meetings.rules.names import people_for
from actors.meetings.shown import shown_meeting
from actors.meetings.state import CALLED, Record
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.payments.bill.letters import SessionSeen
from actors.workflows.inbox import INBOX, event_id, tell
from actors.workflows.notify import FEATURE, NOTIFIER, outcome_of, told

MEETING: Final = "meeting"
BILL: Final = "bill"
VIDEO: Final = "video"
_OVER: Final = frozenset({"cancelled", "expired"})
_pack: Final = msgspec.msgpack.Encoder().encode


def meet_for_booking(entity_id: str, recorded: Recorded[BookingChanged]) -> Owed:
    """Its meeting: made when it is confirmed, and as the booking is from then on."""
    booking = recorded.event.record
    if booking.format != VIDEO:
        return NOTHING
    to = f"{MEETING}:{meeting_of_booking(booking.id)}"
    if booking.status == "confirmed":
        return Owed([Letter(to, _pack(_made_for(booking, recorded.seq)))])
    if booking.status in _OVER:
        return Owed([Letter(to, _pack(_called_off(booking, recorded.seq)))])
    return NOTHING


def _made_for(booking: Booking, version: int) -> CreateMeeting:
    return CreateMeeting(
        kind="session",
        host=booking.therapist,
        people=(booking.client, *booking.participants),
        start=booking.start,
        end=booking.end,
        booking=booking.id,
        booking_version=version,
        client=booking.client,
        bill=booking.bill,
    )


def _called_off(booking: Booking, version: int) -> FollowBooking:
    people = (booking.client, *booking.participants)
    return FollowBooking(
        version=version, start=booking.start, end=booking.end, host=booking.therapist, people=people, cancelled=True
    )


def meet_after_call(entity_id: str, recorded: Recorded[CallEnded]) -> Owed:
    """Its two people, where the call named no other meeting."""
    call = recorded.event.call
    if call.status != "answered" or call.meeting != meeting_of_call(call.id):
        return NOTHING
    return Owed([Letter(f"{MEETING}:{call.meeting}", _pack(made_for_call(call, recorded.at_ms)))])


def made_for_call(call: CallRecord, now_ms: int) -> CreateMeeting:
    """The meeting that a call is talked in."""
    return CreateMeeting(
        kind="call", host=call.caller, people=(call.callee,), start=now_ms, end=now_ms + CALL_MS, config=CALLED
    )


def tell_meeting_made(entity_id: str, recorded: Recorded[MeetingMade]) -> Owed:
    """All its people: `meeting_updated`."""
    return Owed(_told(entity_id, recorded, recorded.event.meeting, "created"))


def tell_meeting_changed(entity_id: str, recorded: Recorded[MeetingChanged]) -> Owed:
    """All its people, of what concerns those too who are not in it: `meeting_updated`."""
    event = recorded.event
    if event.change not in TO_EVERYBODY:
        return NOTHING
    return Owed(_told(entity_id, recorded, event.meeting, event.change))


def _told(
    entity_id: str, recorded: Recorded[MeetingMade] | Recorded[MeetingChanged], record: Record, change: str
) -> list[Letter]:
    letters: list[Letter] = []
    for user in dict.fromkeys((record.host, *record.people)):
        people = people_for(record, user)
        payload = {
            "meeting_id": record.id,
            "seq": recorded.seq,
            "meeting": shown_meeting(record, recorded.seq, recorded.at_ms, people=people),
            "change": change,
        }
        letters += tell([user], event_id(entity_id, recorded), "meeting_updated", payload)
    return letters


def notify_waiting(entity_id: str, recorded: Recorded[SeatChanged]) -> Owed:
    """The host, of somebody in the lobby: once each time that they come."""
    event = recorded.event
    if event.seat.state != "waiting" or event.change != "state" or event.seat.since != recorded.at_ms:
        return NOTHING
    meeting = entity_id.partition(":")[2]
    tell_host = Tell(
        name="somebody_waiting",
        subject=Subject("lobby", meeting, recorded.at_ms),
        values={"meeting_id": meeting},
        link=f"/open/meeting/{meeting}",
    )
    return Owed(told(event.sight.staff[:1], tell_host))


def notify_outcome(entity_id: str, recorded: Recorded[MeetingChanged]) -> Owed:
    """The therapist of a session that has ended or was missed: did it take place? Nothing is completed by itself."""
    event = recorded.event
    record = event.meeting
    if event.change != "ended" or not record.booking:
        return NOTHING
    asked = Tell(
        name="session_outcome",
        subject=outcome_of(record.booking, record.booking_version),
        link=f"/open/booking/{record.booking}",
        values={
            "booking_id": record.booking,
            "meeting_id": record.id,
            "outcome": record.status,
            "starts_at_ms": record.window.start,
            "ends_at_ms": record.window.end,
        },
    )
    return Owed(told((record.host,), asked))


def witness_session(entity_id: str, recorded: Recorded[EvidenceClosed]) -> Owed:
    """The bill of a session: who was there when, for good."""
    event = recorded.event
    if not event.bill:
        return NOTHING
    took = event.evidence
    stays = tuple((stay.user, stay.begin, stay.end) for stay in took.stays if stay.user)
    seen = SessionSeen(meeting=took.meeting, stays=stays, hash=event.hash)
    return Owed([Letter(f"{BILL}:{event.bill}", _pack(seen))])


BOOKINGS: Final[list[AnyReaction]] = [
    Reaction("meet_for_booking", "booking", BookingChanged, meet_for_booking, to=(MEETING,), feature=VIDEO)
]
CALLS: Final[list[AnyReaction]] = [
    Reaction("meet_after_call", "call", CallEnded, meet_after_call, to=(MEETING,), feature=VIDEO)
]
MEETINGS: Final[list[AnyReaction]] = [
    Reaction("tell_meeting_made", MEETING, MeetingMade, tell_meeting_made, to=(INBOX,)),
    Reaction("tell_meeting_changed", MEETING, MeetingChanged, tell_meeting_changed, to=(INBOX,)),
    Reaction("notify_waiting", MEETING, SeatChanged, notify_waiting, to=(NOTIFIER,), feature=FEATURE),
    Reaction("witness_session", MEETING, EvidenceClosed, witness_session, to=(BILL,), feature="payments"),
    Reaction("notify_outcome", MEETING, MeetingChanged, notify_outcome, to=(NOTIFIER,), feature=FEATURE),
]
