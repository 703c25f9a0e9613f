"""Who is among the people of a meeting, who waits, and what hosts take from them."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from actors.kernel.contract.entity import SYSTEM, Principal, Recorded
from actors.meetings import commands as ask
from actors.meetings.events import SeatChanged
from actors.meetings.outcomes.outcome import told_to
from actors.meetings.state import Config
from common.errors import FailedPrecondition, NotFound, PermissionDenied, Unauthenticated
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


@pytest.mark.parametrize("lobby", ["off", "until_host"])
@pytest.mark.parametrize("role", ["guest", "cohost"])
def test_who_was_sent_to_the_lobby_waits_there_also_after_they_went_away(lobby: Any, role: Any) -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby=lobby, max_participants=3))
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.SetRole("prt_ann", role))
    meeting.ask(person("host"), ask.ToLobby("prt_ann"))
    assert meeting.join("ann").state == "waiting"
    meeting.ask(person("ann"), ask.LeaveSeat())
    assert meeting.join("ann").state == "waiting"
    meeting.ask(person("host"), ask.Admit())
    assert meeting.join("ann").state == "seated"


SHARING = [("host", False, False), ("granted", False, True), ("everyone", True, True)]


@pytest.mark.parametrize(("sharing", "at_first", "granted"), SHARING)
def test_whoever_sees_somebody_sees_whether_they_may_share(sharing: Any, at_first: bool, granted: bool) -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="off", max_participants=4, screen_sharing=sharing))
    come(meeting, "host", "ann")
    meeting.ask(Principal("root", "admin"), ask.TakeSeat("prt_root", "desk", observe=True))
    assert _may_share(meeting) == {"prt_host": True, "prt_ann": at_first, "prt_root": False}
    meeting.ask(person("host"), ask.AllowScreen("prt_ann", True))
    meeting.ask(person("host"), ask.AllowScreen("prt_root", True))
    assert _may_share(meeting) == {"prt_host": True, "prt_ann": granted, "prt_root": False}
    changed = [event for event, _ in meeting.history if isinstance(event, SeatChanged)]
    told = [told_to(Recorded(1, meeting.now_ms, 1, event), "Ann", "mtg_1", knows=True) for event in changed]
    shown = [payload["participant"] for _, payload in filter(None, told)]
    assert {one.participant_id: one.may_share for one in shown} == _may_share(meeting)


def _may_share(meeting: Meeting) -> dict[str, bool]:
    found = meeting.ask(person("host"), ask.ListParticipants()).participants
    return {one.participant_id: one.may_share for one in found}


def test_the_host_stops_a_screen_also_before_they_are_in() -> None:
    meeting = Meeting(
        ("ann", "ben"), Config(provider="sfu", lobby="off", max_participants=4, screen_sharing="everyone")
    )
    meeting.ask(person("host"), ask.MakeRoom())
    come(meeting, "ann", "ben")
    meeting.ask(person("ann"), ask.ShareScreen())
    with pytest.raises(PermissionDenied):
        meeting.ask(person("ben"), ask.StopScreen("prt_ann"))
    with pytest.raises(NotFound):
        meeting.ask(person("zoe"), ask.StopScreen("prt_ann"))
    meeting.ask(person("host"), ask.StopScreen("prt_ann"))
    assert "screen" not in passing(meeting, "ann")


def test_what_is_over_is_not_live_enough_to_be_recorded() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host")
    meeting.ask(person("host"), ask.EndMeeting())
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    assert reason(refusal) == "not_live"


def test_the_evidence_of_a_client_names_no_guest_whom_they_do_not_know() -> None:
    meeting = Meeting(("ann", "ben"), booking="bkg_1")
    meeting.ask(person("host"), ask.UpdateMeeting(config=ask.ConfigWish(names="aliases", provider="sfu", lobby="off")))
    come(meeting, "host", "ann", "ben")
    meeting.now_ms += 1000
    seen = {name: _known_in_evidence(meeting, name) for name in ("host", "ann")}
    assert seen == {"host": {"host", "ann", "ben"}, "ann": {"host", "ann", UNSET}}


def _known_in_evidence(meeting: Meeting, reader: str) -> set[Any]:
    return {stay.user_id for stay in meeting.ask(person(reader), ask.GetEvidence()).evidence.presence}
