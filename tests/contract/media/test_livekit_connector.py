"""The connectors to LiveKit, against the wire of LiveKit's room service."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from actors.meetings.access.doors import Livekit
from actors.meetings.activities import CloseElsewhere, MayPublish, PermitElsewhere, Voided
from common.clock import SystemClock
from serve_app.activities.connector import Call, Later, Misconfigured, Refused, Unreadable
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.meetings.connectors.livekit import LivekitConnector, LivekitPermissionConnector

SECRET = "s" * 32
SOURCES = {"CAMERA", "MICROPHONE", "SCREEN_SHARE", "SCREEN_SHARE_AUDIO"}


@dataclass
class RoomService:
    """As LiveKit has it: a token of the house is asked for, with the grants that the method needs; nobody is removed
    from a room that is not there, or changed in it. `sends`: who sends what, by identity (`livekit.TrackSource`); what
    they may not any more goes. `status`: what it answers instead."""

    rooms: set[str] = field(default_factory=set)
    sends: dict[str, set[str]] = field(default_factory=dict)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    status: int = 0
    url: str = ""

    async def serve(self, request: web.Request) -> web.Response:
        method, body = request.match_info["method"], await request.json()
        token = request.headers["Authorization"].removeprefix("Bearer ")
        try:
            grants = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="key")["video"]
        except jwt.InvalidTokenError:
            return web.json_response({"code": "unauthenticated"}, status=401)
        if self.status:
            return web.json_response({"code": "unavailable"}, status=self.status)
        needed = {"DeleteRoom": "roomCreate"}.get(method, "roomAdmin")
        assert grants[needed]
        assert grants["room"] == body["room"]
        if body["room"] not in self.rooms:
            return web.json_response({"code": "not_found"}, status=404)
        if method == "UpdateParticipant":
            if body["identity"] not in self.sends:
                return web.json_response({"code": "not_found"}, status=404)
            self.sends[body["identity"]] &= permitted(**body["permission"])
        self.told.append((method, body))
        if method == "DeleteRoom":
            self.rooms.remove(body["room"])
        return web.json_response({})


def permitted(
    *, can_subscribe: bool, can_publish: bool, can_publish_data: bool, can_publish_sources: list[str]
) -> set[str]:
    """Of which sources (`ParticipantPermission` of LiveKit's protocol): no list means all."""
    assert can_subscribe
    assert can_publish_data == can_publish
    assert set(can_publish_sources) <= SOURCES
    return set(can_publish_sources or SOURCES) if can_publish else set()


@pytest_asyncio.fixture
async def service() -> AsyncIterator[RoomService]:
    service, app = RoomService(), web.Application()
    app.router.add_post("/twirp/livekit.RoomService/{method}", service.serve)
    async with TestServer(app) as server:
        service.url = f"ws://127.0.0.1:{server.port}"
        yield service


async def close(service: RoomService, room: str, *voided: Voided, secret: str = SECRET, payload: bytes = b"") -> None:
    connector = LivekitConnector(Livekit(service.url, "key", secret), SystemClock())
    packed = payload or msgspec.msgpack.encode(CloseElsewhere(room=room, voided=voided))
    try:
        await connector.carry_out(Call(PartnerKey(bytes(16)), packed, "", 1, 0))
    finally:
        await connector.close()


async def test_what_somebody_holds_is_void_before_the_room_is_closed(service: RoomService) -> None:
    service.rooms.add("cw1")
    await close(service, "cw1", Voided("prt_eve", 1_700_000_001))
    assert service.told == [
        ("RemoveParticipant", {"room": "cw1", "identity": "prt_eve", "revoke_token_ts": "1700000001"}),
        ("DeleteRoom", {"room": "cw1"}),
    ]
    assert not service.rooms


async def test_a_room_that_is_closed_already_is_as_good(service: RoomService) -> None:
    await close(service, "cw1", Voided("prt_eve", 1))
    assert not service.told


@pytest.mark.parametrize(("status", "kind"), [(503, Later), (429, Later), (400, Refused), (403, Misconfigured)])
async def test_what_livekit_says_decides_what_becomes_of_it(
    service: RoomService, status: int, kind: type[Exception]
) -> None:
    service.status = status
    with pytest.raises(kind):
        await close(service, "cw1")


async def test_a_key_that_is_not_ours_and_rubbish_are_told_apart(service: RoomService) -> None:
    with pytest.raises(Misconfigured):
        await close(service, "cw1", secret="t" * 32)
    with pytest.raises(Unreadable):
        await close(service, "cw1", payload=b"\xc1")
    service.url = "ws://127.0.0.1:1"
    with pytest.raises(Later):
        await close(service, "cw1")


async def permit(service: RoomService, *seats: MayPublish, payload: bytes = b"") -> None:
    connector = LivekitPermissionConnector(Livekit(service.url, "key", SECRET), SystemClock())
    packed = payload or msgspec.msgpack.encode(PermitElsewhere(room="cw1", seats=seats))
    try:
        await connector.carry_out(Call(PartnerKey(bytes(16)), packed, "", 1, 0))
    finally:
        await connector.close()


async def test_who_was_muted_sends_it_no_more_and_the_others_go_on(service: RoomService) -> None:
    service.rooms.add("cw1")
    service.sends = {"prt_ann": {"CAMERA", "MICROPHONE"}, "prt_eve": {"CAMERA"}, "prt_host": set(SOURCES)}
    everything = MayPublish("prt_host", ("microphone", "camera", "screen"))
    away = MayPublish("prt_gone", ("camera",))  # not in it yet, or not any more
    await permit(service, away, everything, MayPublish("prt_ann", ("camera",)), MayPublish("prt_eve", ()))
    assert service.sends == {"prt_ann": {"CAMERA"}, "prt_eve": set(), "prt_host": SOURCES}
    assert [body["identity"] for _, body in service.told] == ["prt_host", "prt_ann", "prt_eve"]


async def test_permissions_for_a_room_that_is_closed_are_as_good_and_rubbish_is_told_apart(
    service: RoomService,
) -> None:
    await permit(service, MayPublish("prt_ann", ()))
    assert not service.told
    with pytest.raises(Unreadable):
        await permit(service, payload=b"\xc1")
    service.status = 503
    with pytest.raises(Later):
        await permit(service, MayPublish("prt_ann", ()))
