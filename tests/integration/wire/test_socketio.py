"""The Socket.IO server over real sockets: every case of the official protocol suite, and what else must hold.

The cases of that suite that are Engine.IO's are run here too, through the Socket.IO server.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from realtime.socketio import AsyncServer
from tests.clients.wire_rig import (
    PING_INTERVAL_S,
    PING_TIMEOUT_S,
    Wire,
    closed,
    said,
    said_beside_pings,
    serving,
    until,
)
from tests.skipping import skip

CONNECT_S = 15.0
OPEN_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


@dataclass
class Talk:
    """A server that answers `message` and `message-with-ack`, with a client for it."""

    server: AsyncServer
    wire: Wire
    gone: list[str] = field(default_factory=list)

    async def connected(self, packet: str = "40", answer: str = "40") -> aiohttp.ClientWebSocketResponse:
        """A WebSocket that has connected, and has been told what it authenticated with."""
        websocket = await self.wire.opened()
        await self.handshake(websocket, packet, answer)
        assert "auth" in await said_beside_pings(websocket)
        return websocket

    async def still_answers(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        await websocket.send_str('42["message","still here"]')
        while (data := await said_beside_pings(websocket)) != '42["message-back","still here"]':
            assert data == '42["auth",{}]'

    async def handshake(self, websocket: aiohttp.ClientWebSocketResponse, packet: str, answer: str) -> None:
        await websocket.send_str(packet)
        data = await said_beside_pings(websocket)
        assert data.startswith(answer), data
        about = json.loads(data[len(answer) :])
        assert set(about) == {"sid"}
        assert isinstance(about["sid"], str)


@contextlib.asynccontextmanager
async def talking(**options: Any) -> AsyncIterator[Talk]:
    server = AsyncServer(**{"ping_interval": 20, "ping_timeout": 20, "logger": False} | options)
    async with serving(server, "socket.io") as url, Wire(url) as wire:
        talk = Talk(server, wire)
        for namespace in ("/", "/custom"):
            _answer(talk, namespace)
        yield talk


def _answer(talk: Talk, namespace: str) -> None:
    server = talk.server

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        server.start_background_task(greet, sid, auth)

    async def greet(sid: str, auth: Any) -> None:
        await until(lambda: server.manager.is_connected(sid, namespace), "the connection")
        await server.emit("auth", auth or {}, to=sid, namespace=namespace)

    async def message(sid: str, *data: Any) -> None:
        await server.emit("message-back", data, to=sid, namespace=namespace)

    server.on("connect", connect, namespace=namespace)
    server.on("message", message, namespace=namespace)
    server.on("message-with-ack", lambda sid, *data: data, namespace=namespace)
    server.on("disconnect", lambda sid, reason: talk.gone.append(reason), namespace=namespace)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """Pings do not disturb."""
    async with talking() as one:
        yield one


@pytest.fixture
async def quick() -> AsyncIterator[Talk]:
    """Pings come as soon as time is skipped."""
    async with talking(ping_interval=PING_INTERVAL_S, ping_timeout=PING_TIMEOUT_S) as one:
        yield one


# Engine.IO, through the Socket.IO server


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_session_opens_with_all_that_the_client_must_know(quick: Talk, transport: str) -> None:
    if transport == "polling":
        status, text = await quick.wire.request(EIO="4", transport="polling")
        assert status == 200
    else:
        text = await said(await quick.wire.websocket())
    about = json.loads(text[1:])
    assert (text[0], set(about)) == ("0", OPEN_KEYS)
    assert about["upgrades"] == (["websocket"] if transport == "polling" else [])
    assert (about["pingInterval"], about["pingTimeout"], about["maxPayload"]) == (6000, 4000, 1_000_000)


@pytest.mark.parametrize(
    "query",
    [{"transport": "?"}, {"EIO": "abc", "transport": "?"}, {"EIO": "4"}, {"EIO": "4", "transport": "abc"}],
)
async def test_a_handshake_that_makes_no_sense_is_refused(talk: Talk, query: dict[str, str]) -> None:
    assert (await talk.wire.request(**_with(query, "polling")))[0] == 400
    assert await talk.wire.refused(**_with(query, "websocket")) == 400


def _with(query: dict[str, str], transport: str) -> dict[str, str]:
    return {key: transport if value == "?" else value for key, value in query.items()}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_session_is_opened_by_get_only(talk: Talk, method: str) -> None:
    assert (await talk.wire.request(method, EIO="4", transport="polling"))[0] == 400


async def test_clients_that_answer_pings_stay(quick: Talk) -> None:
    sid, websocket = await quick.wire.open_polling(), await quick.wire.opened()
    for _ in range(3):
        skip(PING_INTERVAL_S)
        assert await said(websocket) == "2"
        await websocket.send_str("3")
        assert await quick.wire.poll(sid) == (200, "2")
        assert await quick.wire.post(sid, "3") == (200, "ok")


async def test_clients_that_do_not_are_closed(quick: Talk) -> None:
    sid, websocket = await quick.wire.open_polling(), await quick.wire.opened()
    skip(PING_INTERVAL_S)
    assert await said(websocket) == "2"
    skip(PING_TIMEOUT_S)
    await closed(websocket)
    await until(lambda: sid not in quick.server.eio.sockets, "the end of the session")
    assert (await quick.wire.poll(sid))[0] == 400


async def test_a_close_packet_closes_either_transport(talk: Talk) -> None:
    sid = await talk.wire.open_polling()
    waiting = asyncio.create_task(talk.wire.poll(sid))
    await until(lambda: talk.server.eio.sockets[sid].poll is not None, "the poll")
    await talk.wire.post(sid, "1")
    assert await waiting == (200, "6")
    assert (await talk.wire.poll(sid))[0] == 400
    websocket = await talk.wire.opened()
    await websocket.send_str("1")
    await closed(websocket)


async def test_a_client_upgrades_once_and_polls_no_more(talk: Talk) -> None:
    sid = await talk.wire.open_polling()
    websocket = await talk.wire.websocket(sid=sid)
    await websocket.send_str("2probe")
    assert await said(websocket) == "3probe"
    await websocket.send_str("5")
    await until(lambda: talk.server.eio.sockets[sid].upgraded, "the upgrade")
    assert (await talk.wire.poll(sid))[0] == 400
    await closed(await talk.wire.websocket(sid=sid))
    await talk.handshake(websocket, "40", "40")


# connect


@pytest.mark.parametrize(
    ("packet", "answer", "told"),
    [
        ("40", "40", '42["auth",{}]'),
        ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
        ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
        ('40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'),
    ],
)
async def test_a_client_connects(talk: Talk, packet: str, answer: str, told: str) -> None:
    websocket = await talk.wire.opened()
    await talk.handshake(websocket, packet, answer)
    assert await said(websocket) == told


async def test_an_unknown_namespace_is_refused(talk: Talk) -> None:
    websocket = await talk.wire.opened()
    await websocket.send_str("40/random")
    assert await said(websocket) == '44/random,{"message":"Invalid namespace"}'


async def test_a_client_that_never_connects_is_closed() -> None:
    async with talking(connect_timeout=CONNECT_S) as talk:
        silent, connected = await talk.wire.opened(), await talk.connected()
        skip(CONNECT_S)
        await closed(silent)
        await talk.still_answers(connected)
        assert talk.gone == []


async def test_a_client_that_has_left_its_last_namespace_is_closed_in_time() -> None:
    async with talking(connect_timeout=CONNECT_S) as talk:
        by_itself, sent_away, keeps_one = [await talk.connected() for _ in range(3)]
        await talk.handshake(keeps_one, "40/custom", "40/custom,")
        for websocket in (by_itself, keeps_one):
            await websocket.send_str("41")
        await until(lambda: len(talk.server.manager.rooms["/"][None]) == 1, "they are still there")
        (sid,) = talk.server.manager.rooms["/"][None]
        await talk.server.disconnect(sid)
        skip(CONNECT_S)
        await asyncio.gather(closed(by_itself), closed(sent_away))
        await keeps_one.send_str('42/custom,["message","still here"]')
        while (data := await said(keeps_one)) != '42/custom,["message-back","still here"]':
            assert data == '42/custom,["auth",{}]'


async def test_a_client_that_comes_back_into_a_namespace_in_time_stays() -> None:
    async with talking(connect_timeout=CONNECT_S) as talk:
        websocket, leaves = await talk.connected(), await talk.connected()
        await websocket.send_str("41")
        await talk.handshake(websocket, "40", "40")
        await leaves.send_str("41")
        await until(lambda: len(talk.server.manager.rooms["/"][None]) == 1, "it is still there")
        skip(CONNECT_S)
        await closed(leaves)  # its time is up, so the other's would be
        await talk.still_answers(websocket)


async def test_one_client_with_much_to_say_lets_the_others_have_their_turn(talk: Talk) -> None:
    """Though its handlers wait for nothing, and all of it came at once."""
    turns, seen = [0], []

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> bool:
        seen.append(turns[0])
        return False

    async def go_round() -> None:
        while len(seen) < 500:
            turns[0] += 1
            await asyncio.sleep(0)

    talk.server.on("connect", connect, namespace="/busy")
    sid = await talk.wire.open_polling()
    going = asyncio.create_task(go_round())
    assert (await talk.wire.post(sid, "\x1e".join(["40/busy,"] * 500)))[0] == 200
    await going
    assert len(set(seen)) > 20


async def test_a_client_that_leaves_while_it_is_connected_is_disconnected_after() -> None:
    async with talking() as talk:
        release, told = asyncio.Event(), []

        async def connect(sid: str, environ: dict[str, Any]) -> None:
            told.append("connect")
            await release.wait()

        talk.server.on("connect", connect)
        websocket = await talk.wire.opened()
        await websocket.send_str("40")
        await until(lambda: told == ["connect"], "the connect handler")
        await websocket.close()
        release.set()
        await until(lambda: talk.gone == ["transport close"], "the disconnect handler")
        assert talk.server.manager.rooms == {}
        assert talk.server.environ == {}
        assert talk.server.eio.sockets == {}


# disconnect


async def test_a_client_leaves_the_main_namespace_and_stays_connected(quick: Talk) -> None:
    websocket = await quick.connected()
    await websocket.send_str("41")
    await until(lambda: quick.gone == ["client disconnect"], "the disconnect")
    skip(PING_INTERVAL_S)
    assert await said(websocket) == "2"


async def test_a_client_leaves_one_namespace_and_keeps_the_other(talk: Talk) -> None:
    websocket = await talk.connected()
    await talk.handshake(websocket, "40/custom", "40/custom,")
    assert await said(websocket) == '42/custom,["auth",{}]'
    await websocket.send_str("41/custom")
    await websocket.send_str('42["message","message to main namespace"]')
    assert await said(websocket) == '42["message-back","message to main namespace"]'


# messages


async def test_events_and_acks_go_both_ways(talk: Talk) -> None:
    websocket = await talk.connected()
    await websocket.send_str('42["message",1,"2",{"3":[true]}]')
    assert await said(websocket) == '42["message-back",1,"2",{"3":[true]}]'
    await websocket.send_str('42456["message-with-ack",1,"2",{"3":[false]}]')
    assert await said(websocket) == '43456[1,"2",{"3":[false]}]'


@pytest.mark.parametrize(
    ("head", "answer"),
    [('452-["message",', '452-["message-back",'), ('452-789["message-with-ack",', "462-789[")],
)
async def test_binary_attachments_go_both_ways(talk: Talk, head: str, answer: str) -> None:
    places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    websocket = await talk.connected()
    await websocket.send_str(head + places)
    for attachment in (b"\x01\x02\x03", b"\x04\x05\x06"):
        await websocket.send_bytes(attachment)
    assert [await said(websocket) for _ in range(3)] == [answer + places, b"\x01\x02\x03", b"\x04\x05\x06"]


MALFORMED = [
    "4abc",
    "4",
    "42",
    "42{}",
    "42[]",
    "42[{}]",
    '42["disconnect"]',
    '42["connect"]',
    '42abc["message-with-ack",1]',
    "43",
    '43["no id"]',
    "44",
    "47",
    "40[]",
    '4599999999999-["message"]',
    '4565-["message",{"_placeholder":true,"num":0}]',
    b"\x01",
]


@pytest.mark.parametrize("packet", MALFORMED)
async def test_a_malformed_packet_closes_the_connection(talk: Talk, packet: str | bytes) -> None:
    websocket = await talk.connected()
    await (websocket.send_bytes(packet) if isinstance(packet, bytes) else websocket.send_str(packet))
    await closed(websocket)
    await until(lambda: talk.gone == ["parse error"], "the disconnect")


@pytest.mark.parametrize("packet", ["4abc", "42[]", '42["message"]x'])
async def test_a_malformed_handshake_closes_the_connection(talk: Talk, packet: str) -> None:
    websocket = await talk.wire.opened()
    await websocket.send_str(packet)
    await closed(websocket)


async def test_text_in_the_place_of_an_attachment_closes_the_connection(talk: Talk) -> None:
    websocket = await talk.connected()
    await websocket.send_str('451-["message",{"_placeholder":true,"num":0}]')
    await websocket.send_str('42["message"]')
    await closed(websocket)
    await until(lambda: talk.gone == ["parse error"], "the disconnect")
    assert talk.server.unfinished == {}


# what the wire path adds


async def test_prepared_frames_keep_their_place_among_emits_and_acks(talk: Talk) -> None:
    websockets = [await talk.connected() for _ in range(3)]
    sids = [sid for sid, _ in talk.server.manager.get_participants("/", None)]
    frame = talk.server.prepare(b'["news",{"seq":2}]')
    await talk.server.emit("news", {"seq": 1})
    talk.server.write_frame([*sids, "nobody"], frame)
    await talk.server.emit("news", {"seq": 3})
    for websocket in websockets:
        assert [json.loads((await said(websocket))[2:])[1]["seq"] for _ in range(3)] == [1, 2, 3]


async def test_a_prepared_frame_reaches_polling_clients_and_namespaces(talk: Talk) -> None:
    sid = await talk.wire.open_polling()
    await talk.wire.post(sid, "40/custom")
    heard = ""
    while "auth" not in heard:
        heard = (await talk.wire.poll(sid))[1]
    people = [one for one, _ in talk.server.manager.get_participants("/custom", None)]
    talk.server.write_frame(people, talk.server.prepare(b'["news",1]', "/custom"), "/custom")
    assert await talk.wire.poll(sid) == (200, '42/custom,["news",1]')
    assert talk.server.socket(people[0], "/custom").sid == sid


async def test_a_handler_that_waits_does_not_hold_up_the_others(talk: Talk) -> None:
    release = asyncio.Event()

    async def slow(sid: str) -> str:
        await release.wait()
        return "at last"

    talk.server.on("slow", slow)
    websocket = await talk.connected()
    await websocket.send_str('421["slow"]')
    await websocket.send_str('422["message-with-ack","quick"]')
    assert await said(websocket) == '432["quick"]'
    release.set()
    assert await said(websocket) == '431["at last"]'


async def test_without_async_handlers_the_next_packet_waits() -> None:
    async with talking(async_handlers=False) as talk:
        release = asyncio.Event()

        async def slow(sid: str) -> str:
            await release.wait()
            return "first"

        talk.server.on("slow", slow)
        websocket = await talk.connected()
        await websocket.send_str('421["slow"]')
        await websocket.send_str('422["message-with-ack","second"]')
        await until(lambda: any(one.backlog for one in talk.server.eio.sockets.values()), "the backlog")
        release.set()
        assert [await said(websocket), await said(websocket)] == ['431["first"]', '432["second"]']


@pytest.mark.parametrize("keys", [None, (), ("REMOTE_ADDR",)])
async def test_the_environ_is_kept_as_far_as_it_is_wanted(keys: tuple[str, ...] | None) -> None:
    async with talking(environ_keys=keys) as talk:
        await talk.connected()
        ((sid, _),) = talk.server.manager.get_participants("/", None)
        environ = talk.server.get_environ(sid)
        assert environ.get("REMOTE_ADDR") == (None if keys == () else "127.0.0.1")
        assert ("QUERY_STRING" in environ) == (keys is None)


async def test_the_application_may_say_what_it_wants_to_know_of_a_request() -> None:
    async with talking(environ_of=lambda request: {"PATH": request.path}) as talk:
        await talk.connected()
        ((sid, _),) = talk.server.manager.get_participants("/", None)
        assert talk.server.get_environ(sid) == {"PATH": "/socket.io/"}
