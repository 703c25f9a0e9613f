"""Who is among the people of a meeting, who waits, and what hosts take from them."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.entity import SYSTEM
from actors.meetings import commands as ask
from actors.meetings.state import Config
from common.errors import FailedPrecondition, PermissionDenied, Unauthenticated
from tests.unit.meetings.house import SFU, Meeting, come, passing, person, reason, said, seat, wish


def test_who_is_inside_comes_back_to_their_seat_when_there_is_room_for_fewer_by_now() -> None:
    meeting = Meeting(("ann", "ben", "eve"), SFU)
    come(meeting, "host", "ann", "ben")
    two = msgspec.structs.replace(SFU, max_participants=2)
    meeting.ask(person("host"), ask.UpdateMeeting(config=wish(two)))
    assert meeting.join("ann").resumed
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.join("eve")
    assert reason(refusal) == "full"
    meeting.ask(person("ann"), ask.LeaveSeat())
    with pytest.raises(FailedPrecondition):
        meeting.join("ann")


def test_who_is_no_more_among_its_people_is_out_until_they_are_again() -> None:
    meeting = Meeting(("ann", "ben"), SFU, booking="")
    come(meeting, "host", "ann", "ben")
    meeting.ask(person("host"), ask.UpdateMeeting(people=("ben",)))
    assert (seat(meeting, "ann").state, passing(meeting, "ann")) == ("denied", ())
    with pytest.raises(PermissionDenied) as refusal:
        meeting.join("ann")
    assert reason(refusal) == "denied"
    with pytest.raises(Unauthenticated):
        meeting.tell(ask.CheckTicket("prt_ann", "phone", 0, 1, meeting.now_ms))
    meeting.ask(person("host"), ask.UpdateMeeting(people=("ann", "ben")))
    assert meeting.join("ann").state == "seated"
    assert seat(meeting, "ben").state == "connected"


def test_who_was_removed_or_not_let_in_stays_so_whoever_else_comes() -> None:
    meeting = Meeting(("ann", "ben"), SFU, booking="")
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.Kick("prt_ann"))
    meeting.ask(person("host"), ask.UpdateMeeting(people=("ben",)))
    meeting.ask(person("host"), ask.UpdateMeeting(people=("ann", "ben", "eve")))
    with pytest.raises(PermissionDenied) as refusal:
        meeting.join("ann")
    assert reason(refusal) == "kicked"


LEAVING_THE_LOBBY: Any = {
    "by themselves": ("ann", ask.LeaveSeat()),
    "removed": ("host", ask.Kick("prt_ann")),
    "denied": ("host", ask.Deny("prt_ann")),
    "admitted": ("host", ask.Admit()),
    "dismissed": ("host", ask.UpdateMeeting(people=())),
    "forgotten": ("", ask.ForgetParticipant("ann")),
}


@pytest.mark.parametrize("how", LEAVING_THE_LOBBY)
def test_who_runs_it_hears_who_waits_and_who_does_not_any_more(how: str) -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="always", max_participants=3), booking="")
    come(meeting, "host")
    assert meeting.join("ann").state == "waiting"
    by, command = LEAVING_THE_LOBBY[how]
    meeting.ask(person(by) if by else SYSTEM, command)
    waiting = [[one["participant_id"] for one in told["waiting"]] for _, told in said(meeting, "lobby_updated")]
    assert waiting == [["prt_ann"], []]


@pytest.mark.parametrize("unmute", ["self", "ask"])
def test_a_screen_that_is_muted_is_shared_no_more_until_they_may_again(unmute: Any) -> None:
    open_to_all = Config(provider="sfu", lobby="off", max_participants=4, screen_sharing="everyone", unmute=unmute)
    meeting = Meeting(("ann", "ben"), open_to_all)
    come(meeting, "host", "ann", "ben")
    meeting.ask(person("ann"), ask.ShareScreen())
    meeting.ask(person("host"), ask.Mute("prt_ann", "screen"))
    meeting.ask(person("ben"), ask.ShareScreen())  # the place is free
    meeting.ask(person("ben"), ask.StopScreen())
    if unmute == "ask":
        with pytest.raises(FailedPrecondition) as refusal:
            meeting.ask(person("ann"), ask.ShareScreen())
        assert reason(refusal) == "muted"
        meeting.ask(person("host"), ask.AllowUnmute("prt_ann"))
    meeting.ask(person("ann"), ask.ShareScreen())
    assert "screen" in passing(meeting, "ann")
