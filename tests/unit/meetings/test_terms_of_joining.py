"""What a meeting is made with, by whom it may be asked, and what becomes of it when nobody comes."""

import jwt
import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.access.doors import Jitsi, Livekit
from actors.meetings.access.media import JitsiMedia, LivekitMedia
from actors.meetings.answers import QualityOf
from actors.meetings.entity import MeetingEntity
from actors.meetings.events import SeatChanged
from actors.meetings.state import CALLED, Config, MeetingTimes, Provider, config_of
from common.errors import CarewireError, FailedPrecondition, PermissionDenied
from tests.unit.meetings.house import (
    DOORS,
    END,
    MINUTE,
    SFU,
    START,
    TERMS,
    Meeting,
    come,
    passing,
    person,
    reason,
    recording,
    seat,
    status,
    wish,
)

SECRET = "a secret of thirty-two characters and more"
ELSEWHERE = msgspec.structs.replace(
    DOORS,
    jitsi=Jitsi("https://meet.example.org", SECRET, "carewire", "meet.example.org"),
    livekit=Livekit("wss://live.example.org", "key", SECRET),
)


def test_sessions_let_the_booked_in_with_the_host_and_all_others_are_asked_for() -> None:
    assert [config_of(kind).lobby for kind in ("session", "group", "call")] == ["until_host", "always", "always"]
    assert CALLED.lobby == "off"
    assert [config_of(kind).names for kind in ("session", "group", "call")] == ["names", "aliases", "names"]
    assert [config_of(kind).max_participants for kind in ("session", "group", "call")] == [2, 12, 2]


def stands(meeting: Meeting) -> str:
    return meeting.record.status


def test_a_meeting_that_was_open_and_is_moved_away_is_not_open_any_more() -> None:
    meeting = Meeting()
    meeting.pass_time(0)
    assert stands(meeting) == "open"
    later = START + 24 * 60 * MINUTE
    meeting.tell(ask.FollowBooking(2, later, later + 50 * MINUTE, "host", ("ann",)))
    assert stands(meeting) == "scheduled"
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.join("ann")
    assert reason(refusal) == "not_open"
    meeting.pass_time(later - 10 * MINUTE - meeting.now_ms)
    assert stands(meeting) == "open"


def test_who_is_in_a_meeting_that_is_moved_stays_in_it() -> None:
    meeting = Meeting()
    come(meeting, "host")
    meeting.tell(ask.FollowBooking(2, START + 60 * MINUTE, END + 60 * MINUTE, "host", ("ann",)))
    assert (meeting.record.status, seat(meeting, "host").state) == ("live", "connected")


def test_a_room_that_everybody_has_left_ends_though_nobody_was_ever_connected() -> None:
    meeting = Meeting()
    meeting.join("host")
    meeting.ask(person("host"), ask.LeaveSeat())
    meeting.pass_time(END - meeting.now_ms)
    assert (meeting.record.status, meeting.record.end_reason) == ("missed", "empty")


@pytest.mark.parametrize("provider", ["jitsi", "livekit"])
def test_no_guests_name_is_in_a_token_of_a_partner(provider: Provider) -> None:
    entity = MeetingEntity("mtg_1", TERMS, ELSEWHERE)
    meeting = Meeting(config=Config(provider=provider, lobby="off"), entity=entity)
    host = _called(meeting.join("host", name="Dr. Tess").media)
    guest = _called(meeting.join("ann", name="Ann Lovelace").media)
    assert (host, guest) == ("Dr. Tess", "Guest 1")


def _called(media: object) -> str:
    assert isinstance(media, JitsiMedia | LivekitMedia)
    token = media.jwt if isinstance(media, JitsiMedia) else media.token
    claims = jwt.decode(token, options={"verify_signature": False})
    assert not any(word in str(claims) for word in ("Lovelace", "bkg_1", "'ann'"))
    return str(claims["context"]["user"]["name"] if isinstance(media, JitsiMedia) else claims["name"])


@pytest.mark.parametrize(
    ("terms", "config", "expected"),
    [
        (TERMS, Config(provider="jitsi", e2ee=True), "e2ee"),
        (MeetingTimes(), Config(provider="jitsi"), "provider"),
        (MeetingTimes(fallbacks=("jitsi",)), Config(provider="livekit"), "provider"),
    ],
)
def test_where_it_cannot_be_held_it_is_not_made_nor_changed_to_be(
    terms: MeetingTimes, config: Config, expected: str
) -> None:
    with pytest.raises(FailedPrecondition) as refusal:
        Meeting(config=config, entity=MeetingEntity("mtg_1", terms, DOORS))
    assert reason(refusal) == expected
    meeting = Meeting(config=Config(), entity=MeetingEntity("mtg_1", terms, DOORS))
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.ask(person("host"), ask.UpdateMeeting(config=wish(config)))
    assert reason(refusal) == expected


def test_what_is_recorded_or_held_elsewhere_is_not_switched_to_end_to_end() -> None:
    recorded = Meeting(config=SFU)
    come(recorded, "host")
    recording(recorded, "host")
    away = Meeting(config=Config(provider="jitsi", lobby="off"))
    come(away, "host")
    for meeting in (recorded, away):
        with pytest.raises(FailedPrecondition) as refusal:
            meeting.ask(person("host"), ask.UpdateMeeting(config=ask.ConfigWish(provider="sfu", e2ee=True)))
        assert reason(refusal) == "e2ee"


def test_how_it_was_is_for_the_host_and_administrators() -> None:
    meeting = Meeting(("ann", "ben"), SFU)
    come(meeting, "host", "ann", "ben")
    meeting.ask(person("host"), ask.SetRole("prt_ann", "cohost"))
    for name in ("ann", "ben"):
        with pytest.raises(PermissionDenied):
            meeting.ask(person(name), ask.GetQuality())
    for by in (person("host"), Principal("root", "admin")):
        assert isinstance(meeting.ask(by, ask.GetQuality()), QualityOf)


@pytest.mark.parametrize("command", [ask.RefreshTicket(), ask.GetIce()])
def test_who_was_removed_is_told_so_whatever_they_ask_for(command: ask.RefreshTicket | ask.GetIce) -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.Kick("prt_ann"))
    with pytest.raises(PermissionDenied) as refusal:
        meeting.ask(person("ann"), command)
    assert reason(refusal) == "kicked"


def test_another_name_is_told_as_that() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "ann")
    meeting.join("ann", name="Ann")
    changes = [event.change for event, _ in meeting.history if isinstance(event, SeatChanged)]
    assert changes == ["joined", "state", "name"]


def test_an_observer_is_neither_heard_nor_seen() -> None:
    meeting = Meeting(("ann", "ben"), SFU)
    come(meeting, "host")
    meeting.join("ann", observe=True)
    assert (seat(meeting, "ann").role, passing(meeting, "ann")) == ("observer", ())
    meeting.ask(person("ann"), ask.SetMedia(microphone=True, camera=True))
    assert passing(meeting, "ann") == ()
    supervisor = Principal("root", "admin")
    assert meeting.ask(supervisor, ask.TakeSeat("prt_root", "desk", observe=True)).participant.role == "observer"
    with pytest.raises(CarewireError):
        meeting.ask(Principal("zoe", "therapist"), ask.TakeSeat("prt_zoe", "desk", observe=True))


def test_a_recording_that_is_gone_is_shown_as_gone() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host")
    recording(meeting, "host")
    meeting.ask(person("host"), ask.EndMeeting())
    for word in ("ready", "deleted"):
        meeting.tell(reports.RecorderSays("rec_1", 0, word, "expired"))
        assert status(meeting) == word
