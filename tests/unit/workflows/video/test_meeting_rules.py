"""What follows from and for meetings."""

from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from actors.calendars.booking.events import BookingChanged
from actors.calendars.booking.state import BookingDetails as Booking
from actors.calls.call.events import CallEnded
from actors.calls.records import CallRecord
from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import owed_by
from actors.meetings.commands import CreateMeeting, FollowBooking, MeetingCommand
from actors.meetings.events import EvidenceClosed, MeetingChanged, MeetingMade, MeetingSight, SeatChanged
from actors.meetings.rules.evidence import AttendanceEvidence, PresenceInterval
from actors.meetings.state import Config, Record, Seat, Window
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.payments.bill.letters import SessionSeen
from tests.unit.workflows.test_alarm_rules import AT, heard, letters
from tests.unit.workflows.test_table import RULES

TOLD: Final = {
    "meet_for_booking",
    "meet_after_call",
    "tell_meeting_made",
    "tell_meeting_changed",
    "notify_waiting",
    "notify_outcome",
    "witness_session",
}
BOOKING: Final = Booking(
    id="bkg_1",
    therapist="tess",
    client="ada",
    service="talk",
    start=AT,
    end=AT + 3_000_000,
    tz="UTC",
    status="confirmed",
    key="1.1",
    parties=("calendar:tess",),
    format="video",
)
MEETING: Final = Record(
    id="mtg_1",
    kind="session",
    host="tess",
    people=("tess", "ada", "ben"),
    window=Window(AT, AT + 3_000_000, AT - 600_000, AT + 4_800_000),
    config=Config(names="aliases"),
    created=AT,
    booking="bkg_1",
    booking_version=3,
)
CALL: Final = CallRecord(
    id="call_1", caller="tess", callee="ada", media="video", status="answered", started=AT, expires=AT, meeting="mtg_1"
)
_command: Final = msgspec.msgpack.Decoder(MeetingCommand).decode


def asked(rule: str, event: Any) -> list[tuple[str, Any]]:
    """What meetings are asked because of the event."""
    due = owed_by([RULES[rule]], f"{RULES[rule].kind}:1", Recorded(7, AT, 3, event), "7")
    return [(letter.to, _command(letter.command)) for _, letter in due.letters]


def test_a_confirmed_booking_on_video_has_a_meeting_that_is_as_the_booking_is() -> None:
    for change in ("confirmed", "rescheduled", "transferred"):
        ((to, command),) = asked("meet_for_booking", BookingChanged(change=change, record=BOOKING))
        assert to == "meeting:mtg_1"
        assert isinstance(command, CreateMeeting)
        assert (command.host, command.people, command.booking_version) == ("tess", ("ada",), 7)
    for status in ("cancelled", "expired"):
        gone = BookingChanged(change="cancelled", record=replace(BOOKING, status=status))
        ((to, command),) = asked("meet_for_booking", gone)
        assert isinstance(command, FollowBooking)
        assert (to, command.version, command.cancelled) == ("meeting:mtg_1", 7, True)


@pytest.mark.parametrize("record", [replace(BOOKING, format="phone"), replace(BOOKING, status="held")])
def test_no_other_booking_has_one(record: Booking) -> None:
    assert not asked("meet_for_booking", BookingChanged(change="created", record=record))


def test_an_answered_call_has_one_unless_it_named_another() -> None:
    ((to, command),) = asked("meet_after_call", CallEnded(call=CALL))
    assert (to, command.kind, command.host, command.people) == ("meeting:mtg_1", "call", "tess", ("ada",))
    for other in (replace(CALL, meeting="mtg_2"), replace(CALL, status="declined"), replace(CALL, meeting="")):
        assert not asked("meet_after_call", CallEnded(call=other))


def test_its_people_hear_of_it_each_as_much_as_they_may_know() -> None:
    made = heard("tell_meeting_made", MeetingMade(meeting=MEETING))
    assert [(to, name, said["change"], said["seq"]) for to, name, said in made] == [
        (f"user:{user}", "meeting_updated", "created", 7) for user in MEETING.people
    ]
    assert ["people" in said["meeting"] for _, _, said in made] == [True, False, False]
    moved = heard("tell_meeting_changed", MeetingChanged(change="moved", meeting=MEETING))
    assert {said["change"] for _, _, said in moved} == {"moved"}
    assert not heard("tell_meeting_changed", MeetingChanged(change="config", meeting=MEETING))


def test_the_bill_hears_who_was_there_when() -> None:
    def stay(user: str, begin: int, end: int) -> PresenceInterval:
        return PresenceInterval(f"prt_{user}", user, AT + begin, AT + end, 0, "mesh", "left")

    stays = (stay("tess", 0, 600_000), stay("ada", 60_000, 300_000), stay("ben", 240_000, 420_000))
    evidence = AttendanceEvidence("mtg_1", "bkg_1", (AT, AT), AT, AT, 360_000, stays)
    closed = EvidenceClosed(evidence=evidence, hash="x", host="tess", bill="bil_1")
    ((to, seen),) = letters("witness_session", closed, SessionSeen)
    assert (to, seen.meeting, seen.hash) == ("bill:bil_1", "mtg_1", "x")
    assert seen.stays == tuple((stay.user, stay.begin, stay.end) for stay in stays)
    assert not letters("witness_session", replace(closed, bill=""), SessionSeen)


def test_the_host_is_told_once_of_who_waits() -> None:
    seat = Seat(participant="prt_1", user="ada", role="guest", state="waiting", since=AT)
    sight = MeetingSight(False, ("tess",), ("ada",))
    ((to, tell),) = letters("notify_waiting", SeatChanged(seat=seat, change="state", sight=sight), Tell)
    assert (to, tell.name, tell.subject) == ("notifier:tess", "somebody_waiting", Subject("lobby", "1", AT))
    for other in (replace(seat, state="seated"), replace(seat, since=AT - 1)):
        assert not letters("notify_waiting", SeatChanged(seat=other, change="state", sight=sight), Tell)


@pytest.mark.parametrize("status", ["ended", "missed"])
def test_the_therapist_is_asked_how_a_session_went_and_nothing_happens_by_itself(status: Any) -> None:
    over = MeetingChanged(change="ended", meeting=replace(MEETING, status=status))
    ((to, tell),) = letters("notify_outcome", over, Tell)
    assert (to, tell.name, tell.subject) == ("notifier:tess", "session_outcome", Subject("outcome", "bkg_1", 3))
    assert tell.link == "/open/booking/bkg_1"
    assert tell.values["outcome"] == status
    assert not letters("notify_outcome", replace(over, meeting=replace(MEETING, booking="")), Tell)
    assert not letters("notify_outcome", replace(over, change="cancelled"), Tell)
