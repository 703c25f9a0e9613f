"""The rules of a meeting, one by one."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.events import SeatChanged
from actors.meetings.rules import names, tickets
from actors.meetings.state import Config, MeetingTimes
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound, PermissionDenied, Unauthenticated
from tests.unit.meetings.house import (
    END,
    MINUTE,
    SFU,
    START,
    Meeting,
    come,
    passing,
    person,
    reason,
    recording,
    said,
    seat,
    ticket,
    wish,
)


def test_it_is_made_once() -> None:
    meeting = Meeting()
    before = meeting.record
    again = meeting.tell(
        ask.CreateMeeting("session", "other", ("zoe",), START, END, booking="bkg_1", booking_version=1)
    )
    assert meeting.record == before
    assert again.meeting.host_id == "host"


def test_the_window_opens_by_its_timer_and_the_host_may_come_a_day_early() -> None:
    meeting = Meeting(now_ms=START - 25 * 60 * MINUTE)
    for name in ("host", "ann"):
        with pytest.raises(FailedPrecondition) as refusal:
            meeting.join(name)
        assert reason(refusal) == "not_open"
    meeting.pass_time(2 * 60 * MINUTE)
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.join("ann")
    assert (refusal.value.details or {})["opens_at"] == "1970-01-07T22:30:00.000Z"
    assert meeting.join("host").state == "seated"
    assert meeting.record.status == "open"
    assert meeting.join("ann").state == "seated"


def test_a_stale_timer_and_a_stale_version_of_the_booking_change_nothing() -> None:
    meeting = Meeting()
    old = [command for _, command in meeting.timers]
    meeting.tell(ask.FollowBooking(3, START + 60 * MINUTE, END + 60 * MINUTE, "host", ("ann",)))
    before = meeting.record
    meeting.tell(ask.FollowBooking(2, START, END, "other", ("zoe",), cancelled=True))
    meeting.now_ms = END + 31 * MINUTE
    for command in old:
        meeting.tell(command)
    assert meeting.record == before
    assert before.window.opens_at == START + 50 * MINUTE


def test_a_booking_that_is_cancelled_takes_its_meeting_along() -> None:
    meeting = Meeting()
    come(meeting, "host", "ann")
    meeting.tell(ask.FollowBooking(2, START, END, "host", ("ann",), cancelled=True))
    assert meeting.record.status == "cancelled"
    assert [seat.state for seat in meeting.record.seats] == ["left", "left"]
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.join("ann")
    assert reason(refusal) == "cancelled"


def test_a_meeting_in_which_nobody_met_was_missed_and_one_that_stays_empty_ends() -> None:
    meeting = Meeting()
    meeting.pass_time(END + 31 * MINUTE - meeting.now_ms)
    assert meeting.record.status == "missed"
    meeting = Meeting()
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.LeaveSeat())
    meeting.ask(person("ann"), ask.LeaveSeat())
    assert meeting.record.status == "open"
    meeting.pass_time(END - meeting.now_ms - 1)
    assert meeting.record.status == "open", "not before its planned end"
    meeting.pass_time(1)
    assert (meeting.record.status, meeting.record.end_reason) == ("ended", "empty")


REFUSALS: list[tuple[str, dict[str, Any], type[CarewireError], str]] = [
    ("kicked", {}, PermissionDenied, "kicked"),
    ("restricted", {"facts": ask.JoinFacts(restricted=True, unreachable=True)}, PermissionDenied, "restricted"),
    ("blocked", {"facts": ask.JoinFacts(unreachable=True, unpaid_bill="bil_1")}, PermissionDenied, "unreachable"),
    ("over", {"facts": ask.JoinFacts(unpaid_bill="bil_1")}, FailedPrecondition, "over"),
    ("unpaid and locked", {"facts": ask.JoinFacts(unpaid_bill="bil_1")}, FailedPrecondition, "payment_required"),
    ("locked and full", {}, FailedPrecondition, "locked"),
    ("full", {}, FailedPrecondition, "full"),
    ("elsewhere", {"device": "desk"}, Conflict, "joined_elsewhere"),
    ("recorded", {}, FailedPrecondition, "recording_consent"),
]


@pytest.mark.parametrize(("why", "members", "error", "expected"), REFUSALS, ids=[each[0] for each in REFUSALS])
def test_the_first_that_fails_answers(
    why: str, members: dict[str, Any], error: type[CarewireError], expected: str
) -> None:
    full = Config(
        provider="sfu", lobby="off", max_participants=2, locked=why in ("unpaid and locked", "locked and full")
    )
    meeting = Meeting(("ann", "ben"), full if "full" in why or "locked" in why else SFU)
    come(meeting, "host")
    if why in ("full", "locked and full"):
        meeting.ask(person("host"), ask.UpdateMeeting(config=wish(SFU)))
        come(meeting, "ben")
        meeting.ask(person("host"), ask.UpdateMeeting(config=wish(full)))
    if why in ("kicked", "elsewhere"):
        come(meeting, "ann")
    if why == "kicked":
        meeting.ask(person("host"), ask.Kick("prt_ann"))
    if why == "over":
        meeting.ask(person("host"), ask.EndMeeting())
    if why == "recorded":
        recording(meeting, "host")
    with pytest.raises(error) as refusal:
        meeting.join("ann", **members)
    assert reason(refusal) == expected


def test_strangers_find_no_meeting() -> None:
    meeting = Meeting()
    with pytest.raises(NotFound):
        meeting.join("zoe")
    with pytest.raises(NotFound):
        meeting.ask(person("zoe"), ask.EndMeeting())
    with pytest.raises(NotFound):
        meeting.ask(person("zoe"), ask.LeaveSeat())


def test_the_booked_wait_for_the_host_and_then_need_not() -> None:
    meeting = Meeting()
    waiting = meeting.join("ann")
    assert (waiting.state, waiting.position) == ("waiting", 1)
    meeting.join("host")
    assert meeting.record.seat_of("ann").admitted  # type: ignore[union-attr]
    assert meeting.join("ann").state == "seated"
    meeting.ask(person("ann"), ask.LeaveSeat())
    meeting.ask(person("host"), ask.LeaveSeat())
    assert meeting.join("ann").state == "seated", "and ever after"
    meeting.join("host")
    meeting.ask(person("host"), ask.ToLobby("prt_ann"))
    assert meeting.join("ann").state == "waiting", "but not when put there"


def test_a_reconnect_resumes_and_another_device_takes_over_when_asked() -> None:
    meeting = Meeting(config=SFU)
    meeting.join("ann", connection="one")
    first, epoch = ticket(meeting, "ann"), seat(meeting, "ann").epoch
    meeting.tell(reports.Connected("prt_ann", meeting.record.media.epoch))
    assert meeting.join("ann", connection="two").resumed
    meeting.tell(first)
    taken = meeting.join("ann", "desk", take_over=True, connection="three")
    assert (taken.resumed, taken.participant.participant_id) == (True, "prt_ann")
    assert seat(meeting, "ann").epoch == epoch + 1
    assert [only for only, left in said(meeting, "meeting_left") if left["reason"] == "moved"] == ["two"]
    with pytest.raises(Unauthenticated):
        meeting.tell(first)


def test_a_kick_voids_tickets_by_identity_and_issue_time_and_a_mesh_gets_another_epoch() -> None:
    meeting = Meeting()
    come(meeting, "host", "ann")
    media = meeting.record.media
    assert media.provider == "mesh"
    old = ticket(meeting, "ann")
    meeting.tell(old)
    meeting.ask(person("host"), ask.Kick("prt_ann"))
    assert meeting.record.media.epoch == media.epoch + 1
    with pytest.raises(PermissionDenied):
        meeting.tell(old)
    with pytest.raises(PermissionDenied):
        meeting.join("ann", "desk", take_over=True)
    meeting.now_ms += 1
    meeting.ask(person("host"), ask.Readmit("prt_ann"))
    meeting.join("ann")
    with pytest.raises(Unauthenticated):
        meeting.tell(old)
    meeting.tell(ticket(meeting, "ann"))


def test_twin_without_the_time_of_issue_the_old_ticket_works() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    old = ticket(meeting, "ann")
    meeting.ask(person("host"), ask.Kick("prt_ann"))
    meeting.now_ms += 1
    meeting.ask(person("host"), ask.Readmit("prt_ann"))
    meeting.join("ann")
    ageless = msgspec.structs.replace(old, issued_at=1 << 60)
    assert tickets.holder(meeting.record, ageless).user == "ann", "all else of the old one is still right"
    with pytest.raises(Unauthenticated):
        meeting.tell(old)


def test_who_is_put_out_holds_nothing_is_let_in_anew_and_nobody_hears_why() -> None:
    meeting = Meeting(config=Config(provider="mesh", lobby="always"), now_ms=START)
    come(meeting, "host")
    meeting.join("ann")
    meeting.ask(person("host"), ask.Admit("prt_ann"))
    meeting.join("ann", connection="sid")
    old, epoch = ticket(meeting, "ann"), meeting.record.media.epoch
    meeting.tell(ask.ForgetParticipant("ann"))
    assert (seat(meeting, "ann").state, meeting.record.media.epoch) == ("left", epoch + 1)
    assert said(meeting, "meeting_left")[-1][1]["reason"] == "kicked"
    left = [event for event, _ in meeting.history if isinstance(event, SeatChanged) and event.change == "left"]
    assert [event.reason for event in left] == ["left"]
    with pytest.raises(Unauthenticated):
        meeting.tell(old)
    assert meeting.join("ann").state == "waiting"
    meeting.tell(ask.ForgetParticipant("ann"))
    meeting.tell(ask.ForgetParticipant("ann"))
    assert (seat(meeting, "ann").state, meeting.record.media.epoch) == ("left", epoch + 1)


def test_who_is_muted_stays_so_until_they_may_and_want_to_be_heard() -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="off", max_participants=3, unmute="ask"))
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.Mute("prt_ann"))
    assert passing(meeting, "ann") == ("camera",)
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.ask(person("ann"), ask.SetMedia(microphone=True))
    assert reason(refusal) == "muted"
    meeting.ask(person("host"), ask.AllowUnmute("prt_ann"))
    assert passing(meeting, "ann") == ("camera",), "nobody can unmute another"
    meeting.ask(person("ann"), ask.SetMedia(microphone=True))
    assert set(passing(meeting, "ann")) == {"microphone", "camera"}


def test_one_screen_at_a_time_and_by_leave() -> None:
    meeting = Meeting(("ann", "ben"), SFU)
    come(meeting, "host", "ann", "ben")
    with pytest.raises(PermissionDenied) as refusal:
        meeting.ask(person("ann"), ask.ShareScreen())
    assert reason(refusal) == "screen"
    for name in ("ann", "ben"):
        meeting.ask(person("host"), ask.AllowScreen(f"prt_{name}", True))
    meeting.ask(person("ann"), ask.ShareScreen())
    with pytest.raises(Conflict):
        meeting.ask(person("ben"), ask.ShareScreen())
    meeting.ask(person("host"), ask.ShareScreen())
    assert "screen" not in passing(meeting, "ann")
    assert "screen" in passing(meeting, "host")


def test_a_mesh_moves_for_a_third_person_and_for_a_mute() -> None:
    both = Config(lobby="off", max_participants=2)
    meeting = Meeting(config=both)
    come(meeting, "host", "ann")
    assert meeting.record.media.provider == "mesh"
    meeting.ask(person("host"), ask.Mute("prt_ann"))
    assert (meeting.record.media.provider, meeting.record.media.epoch) == ("sfu", 2)
    assert {each.state for each in meeting.record.seats} == {"reconnecting"}
    meeting.tell(reports.Connected("prt_ann", 1))
    assert seat(meeting, "ann").state == "reconnecting", "the words of an epoch that has passed are void"


def test_a_seat_is_kept_for_a_while_and_then_left() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    meeting.tell(reports.Lost("prt_ann", meeting.record.media.epoch, meeting.now_ms))
    meeting.pass_time(MeetingTimes().seat - 1)
    assert seat(meeting, "ann").state == "reconnecting"
    meeting.pass_time(1)
    assert seat(meeting, "ann").state == "left"


def test_guests_of_a_group_know_no_names() -> None:
    meeting = Meeting(("ann", "ben"), Config(provider="sfu", lobby="off", names="aliases", max_participants=4))
    come(meeting, "host", "ann", "ben")
    record = meeting.record
    assert names.hides(record, seat(meeting, "ann"), "ben")
    unseated = msgspec.structs.replace(record, seats=record.seats[1:])
    assert not names.hides(unseated, seat(meeting, "ann"), "host"), "who runs it knows before they come in, too"
    assert not names.hides(record, seat(meeting, "ann"), "host")
    assert not names.hides(record, seat(meeting, "host"), "ben")
    assert names.people_for(record, "ben") is None
    assert names.people_for(record, "host") == ("host", "ann", "ben")
    seen = meeting.ask(person("ben"), ask.ListParticipants()).participants
    assert [(one.display_name, one.user_id) for one in seen if one.participant_id == "prt_ann"] == [("Guest 1", UNSET)]
    seen = meeting.ask(person("host"), ask.ListParticipants()).participants
    assert [one.user_id for one in seen] == ["host", "ann", "ben"]


def test_no_fallback_where_the_sfu_reads_nothing() -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="off", max_participants=3, e2ee=True))
    come(meeting, "host")
    meeting.tell(reports.MoveMedia(1, "fallback", "jitsi"))
    assert meeting.record.media.provider == "sfu"


def test_one_that_has_changed_meanwhile_is_not_called_off() -> None:
    meeting = Meeting(booking="")
    seen = meeting.record_seq
    meeting.ask(person("host"), ask.UpdateMeeting(title="Another", versions=(seen,)))
    with pytest.raises(FailedPrecondition) as refused:
        meeting.ask(person("host"), ask.CancelMeeting(versions=(seen,)))
    assert refused.value.details == {"reason": "version", "version": meeting.record_seq}
    meeting.ask(person("host"), ask.CancelMeeting(versions=(meeting.record_seq,)))
    assert meeting.record.over
