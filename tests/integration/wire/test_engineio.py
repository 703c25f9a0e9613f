"""The Engine.IO server over real sockets: every case of the official protocol suite about handshakes and messages."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.clients.streams import stream_to
from tests.clients.wire_rig import closed, said, until
from tests.integration.wire.echo import Echo

OPEN_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


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
        "d=4a%ED%A0%80",
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
