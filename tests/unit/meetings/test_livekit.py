"""What LiveKit tells of its rooms: told from what others send, and counted for what it is."""

import base64
import hashlib
import json
from typing import Any

import jwt
import msgspec
import pytest

from actors.kernel.contract.entity import Recorded
from actors.meetings.access.doors import Livekit
from actors.meetings.access.elsewhere import named_by, room_name
from actors.meetings.activities import LIVEKIT, LIVEKIT_PERMISSIONS, CloseElsewhere, MayPublish, PermitElsewhere
from actors.meetings.commands import AllowScreen, EndMeeting, Kick, Mute, SetMedia
from actors.meetings.events import ElsewhereHeard
from actors.meetings.outcomes.outcome import effects, still
from actors.meetings.reports import SeenElsewhere
from actors.meetings.state import Config, Interval
from common.errors import InvalidArgument
from serve_app.capabilities.meetings.webhooks import livekit_partner
from tests.unit.meetings.house import DOORS, MINUTE, Meeting, person, seat

SECRET = "s" * 32
KEYS = Livekit("wss://live.example.org", "key", SECRET)
PARTNER = livekit_partner(DOORS, KEYS)
NOW_S = 1_700_000_000


def body(room: str = "x", event: str = "participant_joined", **more: Any) -> bytes:
    told = {
        "event": event,
        "room": {"sid": "RM_1", "name": room, "metadata": "what somebody wrote"},
        "participant": {"sid": "PA_1", "identity": "prt_ann", "name": "Ann Secret"},
        "id": "EV_1",
        "createdAt": str(NOW_S),
        **more,
    }
    return json.dumps(told).encode()


def signed(
    raw: bytes, *, secret: str = SECRET, issuer: str = "key", at_s: float = NOW_S, **more: Any
) -> dict[str, str]:
    """As LiveKit's server signs it (`livekit.api.WebhookReceiver` takes it)."""
    mac = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    claims = {"iss": issuer, "nbf": int(at_s), "exp": int(at_s) + 300, "sha256": mac, **more}
    return {"authorization": jwt.encode(claims, secret, algorithm="HS256")}


def test_what_the_server_has_signed_just_now_is_taken() -> None:
    raw = body()
    PARTNER.verifier.verify(signed(raw), raw, NOW_S * 1000)
    PARTNER.verifier.verify(signed(raw), raw, (NOW_S + 290) * 1000)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "x.y.z"},
        signed(body(), secret="t" * 32),
        signed(body(), issuer="another"),
        signed(b"another body"),
        signed(body(), at_s=NOW_S - 3600),
        signed(body(), at_s=NOW_S + 3600),
        {"authorization": jwt.encode({"iss": "key", "video": {"roomJoin": True}}, SECRET, algorithm="HS256")},
        {"authorization": jwt.encode({"iss": "key", "exp": NOW_S + 300}, SECRET, algorithm="HS256")},
    ],
    ids=["none", "nonsense", "secret", "issuer", "body", "old", "ahead", "no_expiry", "no_hash"],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        PARTNER.verifier.verify(headers, body(), NOW_S * 1000)


def test_while_keys_change_what_the_earlier_ones_have_signed_is_taken_too() -> None:
    raw, before = body(), msgspec.structs.replace(KEYS, key="new", secret="n" * 32, earlier=(("key", SECRET),))
    changing, changed = (
        livekit_partner(DOORS, before),
        livekit_partner(DOORS, msgspec.structs.replace(before, earlier=())),
    )
    for headers in (signed(raw), signed(raw, issuer="new", secret="n" * 32)):
        changing.verifier.verify(headers, raw, NOW_S * 1000)
    with pytest.raises(InvalidArgument):
        changed.verifier.verify(signed(raw), raw, NOW_S * 1000)
    for headers in (signed(raw, issuer="new"), signed(raw, secret="n" * 32)):
        with pytest.raises(InvalidArgument):
            changing.verifier.verify(headers, raw, NOW_S * 1000)


def test_only_we_read_the_name_of_a_room() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("host")
    name = room_name(DOORS, meeting.record)
    assert named_by(DOORS, name) == ("mtg_1", 1)
    assert room_name(DOORS, meeting.record) == name
    for other in ("", "cw", "cw!", name[:-1], name[:-2] + "aa", "lobby of somebody else"):
        assert named_by(DOORS, other) is None
    assert named_by(msgspec.structs.replace(DOORS, key=b"of another house, of 32 bytes..."), name) is None


def test_a_meeting_is_told_who_came_and_no_name_is_kept() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("host")
    name = room_name(DOORS, meeting.record)
    for event, there in (("participant_joined", True), ("participant_left", False)):
        (arrival,) = PARTNER.events(body(name, event))
        (again,) = PARTNER.events(arrival.body)
        assert again == arrival
        assert b"Secret" not in arrival.body
        assert b"wrote" not in arrival.body
        letter = PARTNER.to(arrival, "arrival:livekit:EV_1")
        assert letter is not None
        told = msgspec.msgpack.decode(letter.command, type=SeenElsewhere)
        assert (letter.to, told.participant, told.epoch, told.there) == ("meeting:mtg_1", "prt_ann", 1, there)
        assert (told.at, told.arrival) == (NOW_S * 1000, "arrival:livekit:EV_1")
    for other in (body(name, "track_published"), body("somebody's room")):
        (arrival,) = PARTNER.events(other)
        assert PARTNER.to(arrival, "a") is None
    for rubbish in (b"", b"[]", b'{"event": 1}', body(createdAt="soon")):
        with pytest.raises((ValueError, msgspec.MsgspecError)):
            PARTNER.events(rubbish)


def seen(meeting: Meeting, *, there: bool, at: int, epoch: int = 1) -> None:
    command = SeenElsewhere(participant="prt_ann", epoch=epoch, there=there, at=at, arrival="arrival:livekit:1")
    meeting.tell(command)


def stays(meeting: Meeting) -> list[Interval]:
    return list(meeting.record.intervals)


def test_a_stay_is_as_long_as_the_partner_saw_it() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("host")
    meeting.join("ann")
    begin = meeting.now_ms
    seen(meeting, there=True, at=begin)
    assert seat(meeting, "ann").state == "connected"
    meeting.now_ms += 10_000
    seen(meeting, there=False, at=begin + 8_000)  # it comes late
    (stay,) = stays(meeting)
    assert (stay.begin, stay.end) == (begin, begin + 8_000)
    seen(meeting, there=True, at=begin)  # out of order, of the stay that is over
    assert stays(meeting) == [stay]
    seen(meeting, there=True, at=begin + 9_000)
    seen(meeting, there=False, at=begin + 3_000)  # and of the one before
    assert [bool(each.end) for each in stays(meeting)] == [True, False]


def test_words_of_another_epoch_are_taken_and_say_nothing() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("ann")
    seen(meeting, there=True, at=meeting.now_ms, epoch=2)
    assert not stays(meeting)
    heard = [event for event, _ in meeting.history if isinstance(event, ElsewhereHeard)]
    assert [event.arrival for event in heard] == ["arrival:livekit:1"]
    owed = effects(Recorded(1, meeting.now_ms, 1, heard[0]), "mtg_1", DOORS)
    assert owed is not None
    assert [letter.to for letter in owed.letters] == ["arrival:livekit:1"]


def test_without_reports_a_stay_ends_where_it_was_last_seen() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("ann")
    seen(meeting, there=True, at=meeting.now_ms)
    meeting.pass_time(MINUTE)
    assert all(stay.end for stay in stays(meeting))


def test_what_who_was_put_out_holds_is_void_and_nobody_elses() -> None:
    meeting = Meeting(people=("ann", "eve"), config=Config(provider="livekit", lobby="off", max_participants=4))
    for name in ("host", "ann", "eve"):
        meeting.join(name)
    meeting.now_ms += 1
    room = room_name(DOORS, meeting.record)
    before = len(meeting.history)
    meeting.ask(person("host"), Kick(seat(meeting, "eve").participant))
    closed = [
        msgspec.msgpack.decode(one.payload, type=CloseElsewhere)
        for event, _ in meeting.history[before:]
        if (owed := effects(Recorded(1, meeting.now_ms, 1, event), "mtg_1", DOORS)) is not None
        for one in owed.activities
        if one.connector == LIVEKIT
    ]
    (one,) = closed
    assert one.room == room
    assert [each.participant for each in one.voided] == [seat(meeting, "eve").participant]
    assert one.voided[0].before_s * 1000 >= meeting.now_ms


def permitted(meeting: Meeting, since: int) -> list[PermitElsewhere]:
    """What LiveKit was told since."""
    return [
        msgspec.msgpack.decode(one.payload, type=PermitElsewhere)
        for event, _ in meeting.history[since:]
        if (owed := effects(Recorded(1, meeting.now_ms, 1, event), "mtg_1", DOORS)) is not None
        for one in owed.activities
        if one.connector == LIVEKIT_PERMISSIONS and still(meeting.record, one.key)
    ]


def at_livekit() -> Meeting:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    for name in ("host", "ann"):
        meeting.join(name)
        seen_now(meeting, name)
    return meeting


def seen_now(meeting: Meeting, name: str) -> None:
    meeting.tell(SeenElsewhere(participant=f"prt_{name}", epoch=1, there=True, at=meeting.now_ms, arrival="arrival:1"))


def test_who_is_muted_may_not_send_it_there_until_they_unmute_themselves() -> None:
    meeting = at_livekit()
    before = len(meeting.history)
    meeting.ask(person("host"), Mute("prt_ann"))
    (told,) = permitted(meeting, before)
    assert told.room == room_name(DOORS, meeting.record)
    assert MayPublish("prt_ann", ("camera",)) in told.seats
    assert MayPublish("prt_host", ("microphone", "camera", "screen")) in told.seats
    before = len(meeting.history)
    meeting.ask(person("ann"), SetMedia(microphone=True))
    (told,) = permitted(meeting, before)
    assert MayPublish("prt_ann", ("microphone", "camera")) in told.seats


def test_who_comes_with_a_token_of_an_earlier_moment_is_held_to_what_they_may_by_now() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    meeting.join("host")
    meeting.join("ann")
    meeting.ask(person("host"), Mute("prt_ann"))
    before = len(meeting.history)
    seen_now(meeting, "ann")
    (told,) = permitted(meeting, before)
    assert MayPublish("prt_ann", ("camera",)) in told.seats


def test_livekit_is_told_of_nothing_that_does_not_change_what_passes_there() -> None:
    meeting = at_livekit()
    before = len(meeting.history)
    meeting.ask(person("ann"), SetMedia(camera=False))  # that is theirs to switch
    assert not permitted(meeting, before)
    meeting.ask(person("host"), AllowScreen("prt_ann", True))
    (told,) = permitted(meeting, before)
    assert MayPublish("prt_ann", ("microphone", "camera", "screen")) in told.seats
    meeting.ask(person("host"), EndMeeting())
    assert not permitted(meeting, before)
