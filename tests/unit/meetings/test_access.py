"""What seats are handed: tickets, credentials of relays, tokens of rooms elsewhere."""

import base64
import hashlib
import hmac

import jwt
import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from actors.meetings.access import elsewhere, tickets
from actors.meetings.access.doors import Jitsi, Livekit, TurnServers
from actors.meetings.access.ice import ice_servers
from actors.meetings.access.media import JitsiMedia, LivekitMedia, media_for
from actors.meetings.commands import Mute, TakeSeat
from actors.meetings.rules.signalling import is_relay, relayed_only
from actors.meetings.state import Config, Media
from common.errors import Unauthenticated
from serve_app.capabilities.meetings.relays.probe import RelayAddress, address_of
from tests.unit.meetings.house import DOORS, SFU, Meeting, come, person, reason, seat

SECRET = "s" * 32
JITSI = Jitsi("https://meet.example.org", SECRET, "carewire", "meet.example.org")
LIVEKIT = Livekit("wss://live.example.org", "key", SECRET)
ELSEWHERE = msgspec.structs.replace(DOORS, jitsi=JITSI, livekit=LIVEKIT)


def test_credentials_of_relays_are_those_that_coturn_computes() -> None:
    (server,) = ice_servers(TurnServers(("turn:a",), "secret", 600), "prt_1", 1_000_500)
    assert server.username == "1600:prt_1"
    mac = hmac.digest(b"secret", b"1600:prt_1", hashlib.sha1)
    assert base64.b64decode(server.credential) == mac
    assert ice_servers(TurnServers(), "prt_1", 0) == []


@pytest.mark.parametrize("wrong", ["user", "meeting", "late", "altered", "nonsense"])
def test_a_ticket_is_for_one_seat_of_one_meeting_and_a_while(wrong: str) -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "ann")
    token = tickets.issued(DOORS, meeting.record, seat(meeting, "ann"), meeting.now_ms).token
    read = tickets.read(DOORS, "mtg_1", "ann", token, meeting.now_ms + 119_000)
    assert meeting.tell(read).participant == "prt_ann"
    user, id_, late = ("ben" if wrong == "user" else "ann"), ("mtg_2" if wrong == "meeting" else "mtg_1"), 0
    if wrong == "late":
        late = 122_000
    token = {"altered": token[:-4] + "AAAA", "nonsense": "x.y"}.get(wrong, token)
    with pytest.raises(Unauthenticated) as refusal:
        tickets.read(DOORS, id_, user, token, meeting.now_ms + late)
    assert reason(refusal) == "ticket"


def test_a_token_of_jitsi_opens_one_room_and_names_nobody() -> None:
    meeting = Meeting(config=Config(provider="jitsi", lobby="off"))
    come(meeting, "host", "ann")
    record = meeting.record
    media = media_for(ELSEWHERE, record, seat(meeting, "ann"), "Guest 1", meeting.now_ms)
    assert isinstance(media, JitsiMedia)
    options = {"verify_exp": False, "verify_nbf": False}
    claims = jwt.decode(media.jwt, SECRET, algorithms=["HS256"], audience="jitsi", options=options)  # type: ignore[arg-type]
    assert (claims["iss"], claims["sub"], claims["room"]) == ("carewire", "meet.example.org", media.room)
    assert claims["exp"] * 1000 - meeting.now_ms <= 600_000
    user = {"id": "prt_ann", "name": "Guest 1", "moderator": False, "affiliation": "member"}
    assert claims["context"]["user"] == user
    assert media.url.startswith(f"https://meet.example.org/{media.room}?jwt={media.jwt}#config.")
    assert not any(word in media.room for word in ("mtg", "bkg", "ann"))
    host = media_for(ELSEWHERE, record, seat(meeting, "host"), "Host", meeting.now_ms)
    assert isinstance(host, JitsiMedia)
    moderates = jwt.decode(host.jwt, options={"verify_signature": False})["context"]["user"]["moderator"]
    assert (moderates, host.room) == (True, media.room)


def test_after_a_kick_the_room_elsewhere_has_another_name() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off"))
    come(meeting, "host", "ann")
    before = elsewhere.room_name(ELSEWHERE, meeting.record)
    moved = msgspec.structs.replace(meeting.record, media=Media("livekit", meeting.record.media.epoch + 1))
    assert elsewhere.room_name(ELSEWHERE, moved) != before
    media = media_for(ELSEWHERE, meeting.record, seat(meeting, "ann"), "Ann", meeting.now_ms)
    assert isinstance(media, LivekitMedia)
    options = {"verify_exp": False, "verify_nbf": False}
    claims = jwt.decode(media.token, SECRET, algorithms=["HS256"], options=options)  # type: ignore[arg-type]
    assert (claims["sub"], claims["iss"], claims["video"]["room"]) == ("prt_ann", "key", before)
    assert "roomAdmin" not in claims["video"]
    assert claims["video"]["canPublishSources"] == ["microphone", "camera"]


def test_a_token_of_livekit_lets_nobody_send_what_the_meeting_does_not() -> None:
    meeting = Meeting(config=Config(provider="livekit", lobby="off", screen_sharing="everyone", max_participants=4))
    come(meeting, "host", "ann")
    meeting.ask(person("host"), Mute("prt_ann", "camera"))
    meeting.ask(Principal("root", "admin"), TakeSeat("prt_root", "desk", observe=True))
    sources = {name: _may_send(meeting, name) for name in ("host", "ann", "root")}
    screen = ["screen_share", "screen_share_audio"]
    assert sources == {
        "host": (True, ["microphone", "camera", *screen]),
        "ann": (True, ["microphone", *screen]),
        "root": (False, []),
    }


def _may_send(meeting: Meeting, name: str) -> tuple[bool, list[str]]:
    media = media_for(ELSEWHERE, meeting.record, seat(meeting, name), "Guest", meeting.now_ms)
    assert isinstance(media, LivekitMedia)
    grants = jwt.decode(media.token, options={"verify_signature": False})["video"]
    return grants["canPublish"], grants["canPublishSources"]


def test_with_relays_alone_nothing_passes_that_tells_where_somebody_is() -> None:
    host = "candidate:1 1 udp 2122260223 192.168.1.4 54321 typ host"
    relay = "candidate:2 1 udp 41885439 203.0.113.9 3478 typ relay raddr 0.0.0.0 rport 0"
    assert (is_relay(host), is_relay(relay)) == (False, True)
    sdp = f"v=0\r\na={host}\r\na={relay}\r\nm=audio\r\n"
    assert relayed_only(sdp) == f"v=0\r\na={relay}\r\nm=audio\r\n"


def test_the_first_address_over_udp_is_looked_at_and_else_the_first_relay() -> None:
    urls = ("stun:a:1", "turns:b:2", "turn:c:3?transport=tcp", "turn:d", "turn:[::1]:4")
    assert address_of(urls) == RelayAddress("udp", "d", 3478)
    assert address_of(urls[4:]) == RelayAddress("udp", "::1", 4)
    assert address_of(urls[:3]) == RelayAddress("tls", "b", 2)
    assert address_of(urls[2:3]) == RelayAddress("tcp", "c", 3)
    assert address_of(("turns:b",)) == RelayAddress("tls", "b", 5349)
    assert address_of(urls[:1]) is None
