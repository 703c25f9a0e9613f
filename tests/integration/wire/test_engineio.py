"""The Engine.IO server over real sockets: every case of the official protocol suite, and what else must hold."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from socket import IPPROTO_TCP, SO_SNDBUF, SOL_SOCKET, TCP_INFO
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from realtime.socketio import EngineServer, Frame
from realtime.websocket.connection import CLOSING_S
from realtime.websocket.frames import REFUSED
from tests.skipping import skip
from tests.streams import stream_to
from tests.wire_rig import PATIENCE_S, PING_INTERVAL_S, PING_TIMEOUT_S, Wire, closed, said, serving, until

TCP_CLOSED = 7  # of the states that TCP_INFO begins with
OPEN_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


@dataclass
class Echo:
    """A server that sends every message back, with a client for it."""

    server: EngineServer
    wire: Wire
    gone: list[tuple[str, str]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def echoing(**options: Any) -> AsyncIterator[Echo]:
    # python-engineio keeps one JSON module a process: whichever server came last has chosen it.
    plain: dict[str, Any] = {"ping_interval": 20, "ping_timeout": 20, "logger": False, "json": json}
    server = EngineServer(**plain | options)
    async with serving(server, "engine.io") as url, Wire(url) as wire:
        echo = Echo(server, wire)

        async def message(sid: str, data: Any) -> None:
            await server.send(sid, data)

        def disconnect(sid: str, reason: str) -> None:
            echo.gone.append((sid, reason))

        server.on("message", message)
        server.on("disconnect", disconnect)

        yield echo


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    """Pings do not disturb."""
    async with echoing() as one:
        yield one


@pytest.fixture
async def quick() -> AsyncIterator[Echo]:
    """Pings come as soon as time is skipped."""
    async with echoing(ping_interval=PING_INTERVAL_S, ping_timeout=PING_TIMEOUT_S) as one:
        yield one


# handshake


async def test_a_polling_session_opens_with_all_that_the_client_must_know(quick: Echo) -> None:
    status, text = await quick.wire.request(EIO="4", transport="polling")
    about = json.loads(text[1:])
    assert (status, text[0], set(about)) == (200, "0", OPEN_KEYS)
    assert about["upgrades"] == ["websocket"]
    assert (about["pingInterval"], about["pingTimeout"], about["maxPayload"]) == (6000, 4000, 1_000_000)


async def test_a_websocket_session_opens_with_all_that_the_client_must_know(quick: Echo) -> None:
    about = json.loads((await said(await quick.wire.websocket()))[1:])
    assert set(about) == OPEN_KEYS
    assert about["upgrades"] == []
    assert (about["pingInterval"], about["pingTimeout"], about["maxPayload"]) == (6000, 4000, 1_000_000)


@pytest.mark.parametrize(
    "query",
    [
        {"transport": "polling"},
        {"EIO": "abc", "transport": "polling"},
        {"EIO": "4"},
        {"EIO": "4", "transport": "abc"},
        {"EIO": "4", "transport": "polling", "sid": "nobody"},
        {"EIO": "4", "transport": "polling", "j": "x"},
        {"EIO": "4", "transport": "websocket"},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(echo: Echo, query: dict[str, str]) -> None:
    assert (await echo.wire.request(**query))[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_session_is_opened_by_get_only(echo: Echo, method: str) -> None:
    assert (await echo.wire.request(method, EIO="4", transport="polling"))[0] == 400


@pytest.mark.parametrize(
    "query",
    [
        {"transport": "websocket"},
        {"EIO": "abc", "transport": "websocket"},
        {"EIO": "4"},
        {"EIO": "4", "transport": "abc"},
    ],
)
async def test_a_websocket_that_makes_no_sense_is_refused(echo: Echo, query: dict[str, str]) -> None:
    assert await echo.wire.refused(**query) == 400


# messages


@pytest.mark.parametrize("body", ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="])
async def test_a_payload_is_posted_and_polled(echo: Echo, body: str) -> None:
    sid = await echo.wire.open_polling()
    assert await echo.wire.post(sid, body) == (200, "ok")
    assert await echo.wire.poll(sid) == (200, body)


@pytest.mark.parametrize(
    "body",
    [
        "abc",
        "4fine\x1eabc",
        "b!!!",
        "bä",
        "2",
        "0",
        "5",
        "4ok\x1e",
        "",
        "\x1e",
        "d=",
        "d=%1e",
        "d=4a&d=4b",
        "4" + "[" * 100_000,
    ],
)
async def test_a_malformed_payload_closes_the_session_and_nothing_of_it_is_handled(echo: Echo, body: str) -> None:
    sid = await echo.wire.open_polling()
    assert (await echo.wire.post(sid, body))[0] == 400
    assert (await echo.wire.poll(sid))[0] == 400
    assert echo.gone == [(sid, "parse error")]


async def test_a_payload_may_come_as_a_form(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    assert await echo.wire.post(sid, "d=4a+%C3%A9%3B%26") == (200, "ok")
    assert await echo.wire.poll(sid) == (200, "4a é;&")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 2\r\nContent-Encoding: gzip", b"4a"),
        ("Content-Length: 2\r\nContent-Encoding: deflate", b"4a"),
        ("Transfer-Encoding: chunked", b"zz\r\n4a\r\n0\r\n\r\n"),
        ("Content-Length: 2", b"4\xff"),
    ],
)
async def test_a_payload_that_is_not_what_its_headers_say_is_refused(echo: Echo, headers: str, body: bytes) -> None:
    sid = await echo.wire.open_polling()
    assert await posted_by_hand(echo, sid, headers, body) == 400


async def posted_by_hand(echo: Echo, sid: str, headers: str, body: bytes) -> int:
    """The status that these bytes are answered with, unless the connection is closed: 0."""
    where = urlsplit(echo.wire.url)
    assert where.hostname is not None
    assert where.port is not None
    query = f"EIO=4&transport=polling&sid={sid}"
    async with asyncio.timeout(5.0), stream_to(where.hostname, where.port) as (reader, writer):
        writer.write(f"POST {where.path}?{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode() + body)
        line = await reader.readline()
    return int(line.split()[1]) if line else 0


async def test_a_payload_that_does_not_come_is_refused_in_time_and_ends_the_session(echo: Echo) -> None:
    echo.server.body_timeout = 0.1
    sid = await echo.wire.open_polling()
    assert await posted_by_hand(echo, sid, "Content-Length: 1000", b"4") == 400
    assert echo.gone == [(sid, "parse error")]


async def test_two_posts_at_once_close_the_session(echo: Echo) -> None:
    """Or a client that polls could not be slowed down: each POST of its would bring more."""
    sid = await echo.wire.open_polling()
    echo.server.sockets[sid].pause_reading()
    first = asyncio.create_task(echo.wire.post(sid, "4one"))
    await until(lambda: echo.server.sockets[sid].posting, "the first")
    assert (await echo.wire.post(sid, "4two"))[0] == 400
    assert (await first)[0] == 200
    assert echo.gone == [(sid, "transport error")]


async def test_a_payload_that_is_too_large_closes_the_session(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    assert (await echo.wire.post(sid, "4" + "x" * 1_000_000))[0] == 400
    assert (await echo.wire.poll(sid))[0] == 400


async def test_two_polls_at_once_close_the_session(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    first = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the first poll")
    assert (await echo.wire.poll(sid))[0] == 400
    assert await first == (200, "1")
    assert (await echo.wire.poll(sid))[0] == 400


async def test_a_poll_that_is_given_up_closes_the_session(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    first = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the first poll")
    first.cancel()
    await until(lambda: echo.gone == [(sid, "transport error")], "the disconnect")
    assert (await echo.wire.poll(sid))[0] == 400


async def test_text_and_binary_go_over_a_websocket(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"
    await websocket.send_bytes(b"\x01\x02\x03\x04")
    assert await said(websocket) == b"\x01\x02\x03\x04"


@pytest.mark.parametrize("packet", ["abc", "", "2", "0", "5", "9"])
async def test_a_malformed_packet_closes_the_websocket(echo: Echo, packet: str) -> None:
    websocket = await echo.wire.opened()
    await websocket.send_str(packet)
    await closed(websocket)
    await until(lambda: [reason for _, reason in echo.gone] == ["parse error"], "the disconnect")


async def test_a_message_that_is_too_large_closes_the_websocket_with_1009(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.send_str("4" + "x" * 1_100_000)
    assert await closed(websocket) == 1009
    await until(lambda: [reason for _, reason in echo.gone] == ["transport error"], "the disconnect")


# heartbeat


async def test_a_polling_client_that_answers_pings_stays(quick: Echo) -> None:
    sid = await quick.wire.open_polling()
    for _ in range(3):
        skip(PING_INTERVAL_S)
        assert await quick.wire.poll(sid) == (200, "2")
        assert await quick.wire.post(sid, "3") == (200, "ok")


async def test_a_polling_client_that_does_not_is_closed(quick: Echo) -> None:
    sid = await quick.wire.open_polling()
    skip(PING_INTERVAL_S)
    await until(lambda: bool(quick.server.sockets[sid].outbox), "the ping")
    skip(PING_TIMEOUT_S)
    await until(lambda: quick.gone == [(sid, "ping timeout")], "the disconnect")
    assert (await quick.wire.poll(sid))[0] == 400


async def test_a_websocket_that_answers_pings_stays(quick: Echo) -> None:
    websocket = await quick.wire.opened()
    for _ in range(3):
        skip(PING_INTERVAL_S)
        assert await said(websocket) == "2"
        await websocket.send_str("3")
        await websocket.send_str("4read")
        assert await said(websocket) == "4read"


async def test_a_websocket_that_does_not_is_closed(quick: Echo) -> None:
    websocket = await quick.wire.opened()
    skip(PING_INTERVAL_S)
    assert await said(websocket) == "2"
    skip(PING_TIMEOUT_S)
    await closed(websocket)
    await until(lambda: [reason for _, reason in quick.gone] == ["ping timeout"], "the disconnect")


# close


async def test_a_close_packet_by_post_ends_the_poll_that_waits(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    waiting = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the poll")
    assert await echo.wire.post(sid, "1") == (200, "ok")
    assert await waiting == (200, "6")
    assert (await echo.wire.poll(sid))[0] == 400
    assert echo.gone == [(sid, "client disconnect")]


async def test_a_close_packet_closes_the_websocket(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.send_str("1")
    await closed(websocket)
    await until(lambda: [reason for _, reason in echo.gone] == ["client disconnect"], "the disconnect")


async def test_a_websocket_that_just_goes_is_a_transport_close(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    await websocket.close()
    assert websocket.close_code == 1000
    await until(lambda: [reason for _, reason in echo.gone] == ["transport close"], "the disconnect")
    assert echo.server.sockets == {}


async def test_the_server_disconnects_after_all_it_had_to_say(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (sid,) = echo.server.sockets
    await echo.server.send(sid, "last words")
    await echo.server.disconnect(sid)
    assert echo.gone == [(sid, "server disconnect")]
    assert [await said(websocket), await said(websocket)] == ["4last words", "1"]
    await closed(websocket)


async def test_a_polling_client_hears_the_last_words_too(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    await echo.server.send(sid, "last words")
    await echo.server.disconnect(sid)
    assert await echo.wire.poll(sid) == (200, "4last words\x1e1")
    assert (await echo.wire.poll(sid))[0] == 400
    assert echo.server.sockets == {}


async def test_the_session_is_there_in_the_disconnect_handler(echo: Echo) -> None:
    names = []

    async def disconnect(sid: str, reason: str) -> None:
        async with echo.server.session(sid) as session:
            names.append(session["name"])

    echo.server.on("disconnect", disconnect)

    websocket = await echo.wire.opened()
    (sid,) = echo.server.sockets
    await echo.server.save_session(sid, {"name": "ann"})
    await websocket.close()
    await until(lambda: names == ["ann"], "the disconnect handler")
    with pytest.raises(KeyError):
        await echo.server.get_session(sid)


async def test_a_client_that_the_connect_handler_refuses_gets_401(echo: Echo) -> None:
    echo.server.on("connect", lambda sid, environ: "no")
    assert await echo.wire.request(EIO="4", transport="polling") == (401, '"no"')
    assert await echo.wire.refused(EIO="4", transport="websocket") == 401
    assert echo.server.sockets == {}


# upgrade


async def probing(echo: Echo) -> tuple[str, aiohttp.ClientWebSocketResponse]:
    sid = await echo.wire.open_polling()
    websocket = await echo.wire.websocket(sid=sid)
    await websocket.send_str("2probe")
    assert await said(websocket) == "3probe"
    return sid, websocket


async def test_an_upgrade_ends_polling_with_a_noop_and_echoes_none(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    assert await echo.wire.poll(sid) == (200, "6")
    await websocket.send_str("5")
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"
    assert echo.server.transport(sid) == "websocket"


async def test_an_upgrade_ends_the_poll_that_waits(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    waiting = asyncio.create_task(echo.wire.poll(sid))
    await until(lambda: echo.server.sockets[sid].poll is not None, "the poll")
    websocket = await echo.wire.websocket(sid=sid)
    await websocket.send_str("2probe")
    assert await waiting == (200, "6")


async def test_what_is_sent_while_upgrading_comes_over_the_websocket_in_order(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    for number in range(3):
        await echo.server.send(sid, f"early {number}")
    echo.server.broadcast([echo.server.sockets[sid]], Frame.text("4prepared"))
    await websocket.send_str("5")
    await until(lambda: echo.server.sockets[sid].upgraded, "the upgrade")
    await echo.server.send(sid, "late")
    told = [await said(websocket) for _ in range(5)]
    assert told == ["4early 0", "4early 1", "4early 2", "4prepared", "4late"]


async def test_polling_is_refused_after_the_upgrade_and_the_websocket_goes_on(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    await websocket.send_str("5")
    await until(lambda: echo.server.sockets[sid].upgraded, "the upgrade")
    assert (await echo.wire.poll(sid))[0] == 400
    assert (await echo.wire.post(sid, "4x"))[0] == 400
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"


@pytest.mark.parametrize("finished", [True, False])
async def test_a_second_websocket_is_closed_and_the_first_goes_on(echo: Echo, finished: bool) -> None:
    sid, websocket = await probing(echo)
    if finished:
        await websocket.send_str("5")
    second = await echo.wire.websocket(sid=sid)
    await closed(second)
    if not finished:
        await websocket.send_str("5")
    await websocket.send_str("4hello")
    assert await said(websocket) == "4hello"


@pytest.mark.parametrize("mistake", ["4hello", "5", "", None])
async def test_an_upgrade_that_fails_leaves_polling_as_it_was(echo: Echo, mistake: str | None) -> None:
    sid = await echo.wire.open_polling()
    websocket = await echo.wire.websocket(sid=sid)
    if mistake is None:
        await websocket.close()
    else:
        await websocket.send_str(mistake)
        await closed(websocket)
    await until(lambda: echo.server.sockets[sid].probe is None, "the end of the upgrade")
    assert await echo.wire.post(sid, "4hello") == (200, "ok")
    assert await echo.wire.poll(sid) == (200, "4hello")


async def test_an_upgrade_that_is_never_finished_is_given_up() -> None:
    async with echoing(upgrade_timeout=5.0) as echo:
        sid, websocket = await probing(echo)
        await echo.server.send(sid, "kept")
        skip(5.0)
        await closed(websocket)
        assert await echo.wire.poll(sid) == (200, "4kept")


# what the wire path adds


async def test_frames_of_one_turn_leave_in_one_write(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (socket,) = echo.server.sockets.values()
    frame, writes = Frame.text("4prepared"), []
    assert socket.websocket is not None
    real = socket.websocket.transport

    class Counting:
        def write(self, data: bytes) -> None:
            writes.append(data)
            real.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    socket.websocket.transport = Counting()
    await echo.server.send(socket.sid, "one")
    echo.server.broadcast([socket], frame)
    assert socket.write_frames(frame.wire)
    await echo.server.send(socket.sid, b"\x00")
    assert [await said(websocket) for _ in range(4)] == ["4one", "4prepared", "4prepared", b"\x00"]
    assert len(writes) == 1


async def test_a_slow_consumer_is_closed_and_the_others_are_served() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        slow, quick = await echo.wire.opened(), await echo.wire.opened()
        slow._response.connection.transport.pause_reading()  # type: ignore[union-attr] # it is open
        both = list(echo.server.sockets.values())
        frame = Frame.text("4" + "x" * 50_000)
        for _ in range(2000):
            echo.server.broadcast(both, frame)
            assert len(await said(quick)) == 50_001
            if echo.gone:
                break
        assert echo.gone == [(both[0].sid, "slow consumer")]
        assert not quick.closed
        slow._response.connection.transport.resume_reading()  # type: ignore[union-attr] # it is open
        assert await closed(slow) == REFUSED, "who reads on after all is to know why"


async def test_the_kernel_keeps_nothing_for_a_slow_consumer() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        slow = await echo.wire.opened()
        transport = slow._response.connection.transport  # type: ignore[union-attr] # it is open
        assert transport is not None
        transport.pause_reading()
        sockets = list(echo.server.sockets.values())
        while not echo.gone:
            echo.server.broadcast(sockets, Frame.text("4" + "x" * 50_000))
            await asyncio.sleep(0)
        peer = transport.get_extra_info("socket")
        skip(CLOSING_S)
        await until(lambda: peer.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0] == TCP_CLOSED, "the reset")


async def test_a_client_that_takes_its_time_over_a_long_answer_is_no_slow_consumer() -> None:
    async with echoing(max_buffered_bytes=100_000) as echo:
        client = await echo.wire.opened()
        client._response.connection.transport.pause_reading()  # type: ignore[union-attr] # it is open
        ((sid, socket),) = echo.server.sockets.items()
        kernel = socket.websocket.transport.get_extra_info("socket")  # type: ignore[union-attr] # it is open
        kernel.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536)
        await echo.server.send(sid, "x" * 4_000_000)
        for _ in range(10):
            await asyncio.sleep(0)
            await echo.server.send(sid, "y" * 1000)
        assert socket.waiting_bytes > 100_000, "it did not wait"
        client._response.connection.transport.resume_reading()  # type: ignore[union-attr] # it is open
        assert [len(await said(client)) for _ in range(11)] == [4_000_001] + [1001] * 10


async def test_a_client_that_does_not_poll_is_a_slow_consumer_too() -> None:
    async with echoing(max_buffered_bytes=1000) as echo:
        sid = await echo.wire.open_polling()
        for _ in range(30):
            await echo.server.send(sid, "x" * 100)
        await until(lambda: echo.gone == [(sid, "slow consumer")], "the disconnect")
        assert (await echo.wire.poll(sid))[0] == 400


async def test_a_websocket_that_is_held_is_read_no_further(echo: Echo) -> None:
    websocket = await echo.wire.opened()
    (socket,) = echo.server.sockets.values()
    socket.pause_reading()
    socket.pause_reading()
    await websocket.send_str("4held")
    assert (await echo.wire.request(EIO="4", transport="polling"))[0] == 200  # everybody else is served
    assert not socket.websocket.transport.is_reading()  # type: ignore[union-attr] # it is open
    socket.resume_reading()
    assert await said(websocket) == "4held"


async def test_a_polling_client_that_is_held_waits_for_the_answer_to_its_post(echo: Echo) -> None:
    sid = await echo.wire.open_polling()
    socket = echo.server.sockets[sid]
    socket.pause_reading()
    post = asyncio.create_task(echo.wire.post(sid, "4one"))
    assert await echo.wire.poll(sid) == (200, "4one")
    assert not post.done()
    socket.resume_reading()
    assert await post == (200, "ok")


async def test_a_client_is_held_through_its_upgrade_and_not_after_its_end(echo: Echo) -> None:
    sid, websocket = await probing(echo)
    socket = echo.server.sockets[sid]
    socket.pause_reading()
    await websocket.send_str("5")
    await until(lambda: socket.websocket is not None, "the upgrade")
    assert not socket.websocket.transport.is_reading()  # type: ignore[union-attr] # it is open
    other = await echo.wire.open_polling()
    echo.server.sockets[other].pause_reading()
    post = asyncio.create_task(echo.wire.post(other, "4one"))
    await echo.wire.poll(other)
    echo.server.sockets[other].end("over")
    assert (await post)[0] == 200


async def test_large_messages_are_compressed_for_clients_that_ask_for_it() -> None:
    async with echoing(deflate_threshold=1000) as echo:
        url = echo.wire.url.replace("http", "ws", 1) + "?EIO=4&transport=websocket"
        websocket = await echo.wire.http.ws_connect(url, compress=15)
        assert websocket.compress
        await said(websocket)
        for text in ("4small", "4" + "large " * 1000, "4small again"):
            await websocket.send_str(text)
            assert await said(websocket) == text
        (socket,) = echo.server.sockets.values()
        frame = Frame.text("4" + "x" * 5000)
        echo.server.broadcast([socket], frame)
        assert await said(websocket) == "4" + "x" * 5000
        assert len(frame.deflated) < 100


async def test_compression_is_off_unless_it_is_asked_for(echo: Echo) -> None:
    url = echo.wire.url.replace("http", "ws", 1) + "?EIO=4&transport=websocket"
    assert not (await echo.wire.http.ws_connect(url, compress=15)).compress


async def test_messages_keep_their_order_while_a_handler_waits() -> None:
    async with echoing(async_handlers=False) as echo:
        release, seen = asyncio.Event(), []

        async def message(sid: str, data: str) -> None:
            if data == "wait":
                await release.wait()
            seen.append(data)

        echo.server.on("message", message)

        websocket = await echo.wire.opened()
        for text in ("wait", "second", "third"):
            await websocket.send_str("4" + text)
        await until(lambda: any(one.backlog for one in echo.server.sockets.values()), "the backlog")
        await websocket.close()
        assert (seen, echo.gone) == ([], [])
        release.set()
        await until(lambda: bool(echo.gone), "the disconnect")
        assert seen == ["wait"]  # a client that is gone is not heard any more


async def test_a_handler_that_fails_costs_nobody_the_connection(echo: Echo) -> None:
    def message(sid: str, data: str) -> None:
        raise RuntimeError("on purpose")

    echo.server.on("message", message)

    websocket = await echo.wire.opened()
    await websocket.send_str("4x")
    echo.server.on("message", lambda sid, data: echo.server.sockets[sid].write(Frame.text("4fine")))
    await websocket.send_str("4y")
    assert await asyncio.wait_for(said(websocket), PATIENCE_S) == "4fine"


async def test_the_application_closes_its_sockets_when_it_shuts_down() -> None:
    server = EngineServer()
    gone: list[str] = []
    server.on("disconnect", lambda sid, reason: gone.append(reason))
    async with serving(server, "engine.io") as url, Wire(url) as wire:
        websocket = await wire.opened()
        sid = await wire.open_polling()
        waiting = asyncio.create_task(wire.poll(sid))
        await until(lambda: server.sockets[sid].poll is not None, "the poll")
        leaving = asyncio.create_task(closed(websocket))
        runner_done = asyncio.create_task(_left(server))
        assert await waiting == (200, "1")
        await leaving
        await runner_done
    assert gone == ["server disconnect", "server disconnect"]


async def _left(server: EngineServer) -> None:
    await server._leave(None)  # type: ignore[arg-type] # it is not looked at


async def test_no_task_belongs_to_an_idle_websocket(echo: Echo) -> None:
    before = len(asyncio.all_tasks())
    websockets = [await echo.wire.opened() for _ in range(10)]
    await until(lambda: len(asyncio.all_tasks()) <= before + 1, "the end of aiohttp's tasks")
    await websockets[0].send_str("4still there")
    assert await said(websockets[0]) == "4still there"


HELLO = (
    b"GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("reads", [True, False])
async def test_no_connection_outlives_the_server_though_its_client_does_not_say_good_bye(reads: bool) -> None:
    async with contextlib.AsyncExitStack() as clients:
        async with echoing() as echo:
            host, port = echo.wire.url.split("/")[2].split(":")
            reader, writer = await clients.enter_async_context(stream_to(host, int(port)))
            writer.write(HELLO)
            await until(lambda: bool(echo.server.sockets), "the session")
            (sid,) = echo.server.sockets
            if not reads:
                writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's
                for _ in range(9):
                    await echo.server.send(sid, "x" * 100_000)
            await echo.server.disconnect(sid)
        if not reads:
            writer.transport.resume_reading()  # type: ignore[attr-defined] # a socket's
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                await reader.read()


async def test_bytes_sent_ahead_of_the_answer_are_not_lost(echo: Echo) -> None:
    """A client must not, but one that does is not left hanging with half a frame."""
    host, port = echo.wire.url.split("/")[2].split(":")
    async with asyncio.timeout(PATIENCE_S), stream_to(host, int(port)) as (reader, writer):
        writer.write(HELLO + b"\x81\x83\0\0\0\0" + b"4hi")
        await reader.readuntil(b"\x81\x034hi")


@pytest.mark.parametrize("header", ["Sec-WebSocket-Key: short", "Sec-WebSocket-Version: 12"])
async def test_a_bad_handshake_is_refused_and_leaves_no_session(echo: Echo, header: str) -> None:
    name, _, value = header.partition(": ")
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", name: value}
    params = {"EIO": "4", "transport": "websocket"}
    async with echo.wire.http.get(echo.wire.url, params=params, headers=headers) as response:
        assert response.status == 400
    assert echo.server.sockets == {}
