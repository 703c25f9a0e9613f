"""The same port with and without a doorway: whoever connects must not notice which one it is."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from realtime.socketio import AsyncServer, FastHandshake, OpeningRequest
from realtime.websocket.frames import framed
from tests.clients.streams import Stream, stream_to
from tests.clients.wire_rig import until

PATIENCE_S = 30.0
KEY = base64.b64encode(b"sixteen bytes ..").decode()
FULL = [("Content-Type", "text/plain"), ("Retry-After", "3")]
SOUND = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(
    query: str = "EIO=4&transport=websocket",
    *,
    line: str = "GET /socket.io/?{query} HTTP/1.1",
    extra: str = "",
    body: str = "",
    **changes: str | None,
) -> bytes:
    """The bytes of a request. `changes`: headers, with `_` for `-`; None leaves one out."""
    headers: Mapping[str, str | None] = SOUND | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [line.format(query=query), *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return ("\r\n".join(lines) + "\r\n" + extra + "\r\n" + body).encode("latin-1")


def masked(text: str) -> bytes:
    """A short text frame of a client; its mask is 0."""
    frame = framed(text.encode())
    return frame[:1] + bytes([frame[1] | 0x80]) + bytes(4) + frame[2:]


@dataclass
class Ports:
    """One server, at two ports: aiohttp's own, and one with a doorway."""

    server: AsyncServer
    doorway: FastHandshake
    plain: int
    quick: int
    opened: int = 0
    full: bool = False

    def admit(self, request: OpeningRequest) -> dict[str, Any] | None:
        """Counts those who come by the doorway."""
        self.opened += not isinstance(request, web.Request)
        return {"status": "503 SERVICE UNAVAILABLE", "headers": [*FULL], "response": b"full"} if self.full else None


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    def environ_of(request: OpeningRequest) -> dict[str, Any]:
        return {"REMOTE_ADDR": request.remote}

    def admit(request: OpeningRequest) -> dict[str, Any] | None:
        return made.admit(request)

    server = AsyncServer(
        async_mode="aiohttp", environ_of=environ_of, admit=admit, cors_allowed_origins=["https://good.example"]
    )
    server.on("connect", lambda sid, environ, auth: None)
    server.on("echo", lambda sid, data: data)
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.server is not None
    doorway = FastHandshake(server.eio, "socket.io", runner.server)
    listener = await asyncio.get_running_loop().create_server(doorway, "127.0.0.1", 0)
    made = Ports(server, doorway, runner.addresses[0][1], listener.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        listener.close()
        doorway.close()
        await server.shutdown()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Stream]:
    async with asyncio.timeout(PATIENCE_S), stream_to("127.0.0.1", port) as stream:
        yield stream


async def head_of(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), {name.lower(): value for name, value in headers.items()}


async def frame_from(reader: asyncio.StreamReader) -> str:
    first, length = await reader.readexactly(2)
    assert first == 0x81
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    return (await reader.readexactly(length)).decode()


async def answer(port: int, data: bytes) -> tuple[Any, ...]:
    """What the request is answered with, apart from what is never the same."""
    async with connected(port) as (reader, writer):
        writer.write(data)
        status, headers = await head_of(reader)
        if status == 101:
            opened = json.loads((await frame_from(reader))[1:])
            return status, headers, {name: value for name, value in opened.items() if name != "sid"}
        body = await reader.readexactly(int(headers["content-length"]))
        if "transport=polling" in data.decode("latin-1"):
            body = b""  # the id
        kept = {name: headers.get(name) for name in ("content-type", "retry-after", "access-control-allow-origin")}
        return status, kept, body


PLAIN = {
    "as sioload writes it": request(),
    "in other letters": request(upgrade="WebSocket", UPGRADE=None, connection="keep-alive, upgrade"),
    "with what a browser says besides": request(
        "EIO=4&transport=websocket&t=pX3.k-_~1",
        Origin="https://good.example",
        User_Agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        Accept_Language="de,en;q=0.7",
        Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits",
        Cookie="a=b; c=d",
        Pragma="",
    ),
    "of another origin": request(Origin="https://evil.example"),
    "a key that is none": request(Sec_WebSocket_Key="short"),
    "an older version": request(Sec_WebSocket_Version="8"),
}
NOT_PLAIN = {
    "polling": request("EIO=4&transport=polling"),
    "an upgrade": request("EIO=4&transport=websocket&sid=none"),
    "an older protocol": request("EIO=3&transport=websocket"),
    "no protocol": request("transport=websocket"),
    "an unknown transport": request("EIO=4&transport=tin"),
    "no query": request(line="GET /socket.io/ HTTP/1.1"),
    "percent signs": request("EIO=4&transport=web%73ocket"),
    "an equals sign in a value": request("EIO=4&transport=websocket&t=abc="),
    "equals signs everywhere": request("EIO=4&transport=websocket&a=" + "aa=" * 60 + "!"),
    "a parameter twice": request("EIO=4&transport=websocket&transport=polling"),
    "another path": request(line="GET /other/?{query} HTTP/1.1"),
    "another method": request(line="POST /socket.io/?{query} HTTP/1.1", Content_Length="0"),
    "a whole address": request(line="GET http://127.0.0.1/socket.io/?{query} HTTP/1.1"),
    "no wish to upgrade": request(Upgrade=None),
    "another wish": request(Upgrade="h2c"),
    "a header twice": request(extra="Upgrade: websocket\r\n"),
    "a body": request(Content_Length="2", body="40"),
    "no space behind a name": request(extra="X-One:1\r\n"),
    "a name with a space": request(extra="X One: 1\r\n"),
    "a folded line": request(extra="X-One: 1\r\n 2\r\n"),
    "a bare line feed": request(extra="X-One: 1\nX-Two: 2\r\n"),
    "a control character": request(extra="X-One: 1\x0b2\r\n"),
    "letters beyond ASCII": request(extra="X-One: \xe9\r\n"),
    "a head of 9 KB": request(extra="".join(f"X-{number}: {'x' * 900}\r\n" for number in range(10))),
    "another version": request(line="GET /socket.io/?{query} HTTP/1.0"),
    "nonsense": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("data", (PLAIN | NOT_PLAIN).values(), ids=(PLAIN | NOT_PLAIN).keys())
async def test_both_answer_the_same(ports: Ports, data: bytes) -> None:
    assert await answer(ports.quick, data) == await answer(ports.plain, data)


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN.keys())
async def test_who_is_sent_away_is_told_the_same(ports: Ports, data: bytes) -> None:
    ports.full = True
    assert await answer(ports.quick, data) == await answer(ports.plain, data)


async def test_plain_requests_do_not_need_aiohttp_and_others_do(ports: Ports) -> None:
    for data in (PLAIN["as sioload writes it"], PLAIN["with what a browser says besides"]):
        await answer(ports.quick, data)
    assert ports.opened == 2
    for data in NOT_PLAIN.values():
        await answer(ports.quick, data)
    assert ports.opened == 2 + 1  # a name may stand right before its value


async def test_a_request_may_come_in_pieces_and_with_what_follows_it(ports: Ports) -> None:
    for pieces in ([request()], [request()[:40], request()[40:]]):
        async with connected(ports.quick) as (reader, writer):
            await until(lambda: len(ports.doorway.waiting) == 1, "nobody waits")
            for piece in pieces[:-1]:
                writer.write(piece)
                await until(lambda: any(step.came for step in ports.doorway.waiting), "nothing came")
            writer.write(pieces[-1] + masked("40") + masked('421["echo","hello"]'))
            assert (await head_of(reader))[0] == 101
            assert (await frame_from(reader))[0] == "0"
            assert (await frame_from(reader))[:2] == "40"
            assert await frame_from(reader) == '431["hello"]'


@pytest.mark.parametrize("start", [b"", b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nX-A: a"])
async def test_who_does_not_finish_a_head_is_hung_up_on_in_time(ports: Ports, start: bytes) -> None:
    ports.server.eio.head_timeout = 0.2
    async with connected(ports.quick) as (reader, writer):
        writer.write(start)
        for _ in range(3):  # a byte now and then makes no difference
            writer.write(start and b"x")
        assert await reader.read() == b""
    await until(lambda: not ports.doorway.waiting and not len(ports.server.eio.wheel), "they are remembered")


async def test_bytes_that_are_no_request_are_answered_at_once(ports: Ports) -> None:
    async with connected(ports.quick) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # TLS, at a port without it
        assert (await head_of(reader))[0] == 400


async def test_a_connect_handler_of_the_applications_own_is_asked(ports: Ports) -> None:
    asked = []

    async def connect(sid: str, environ: dict[str, Any]) -> bool:
        asked.append(environ["REMOTE_ADDR"])
        return False

    ports.server.eio.on("connect", connect)
    assert (await answer(ports.quick, request()))[0] == 401
    assert asked == ["127.0.0.1"]


async def test_who_says_nothing_is_hung_up_on_in_time_and_when_the_port_closes(ports: Ports) -> None:
    async with connected(ports.quick) as (reader, _):
        await until(lambda: len(ports.doorway.waiting) == 1, "nobody waits")
        (doorstep,) = ports.doorway.waiting
        doorstep.due(0.0)
        assert await reader.read() == b""
    async with connected(ports.quick) as (reader, _):
        await until(lambda: len(ports.doorway.waiting) == 1, "nobody waits")
        ports.doorway.close()
        assert await reader.read() == b""
    await until(lambda: not ports.doorway.waiting and not len(ports.server.eio.wheel), "they are remembered")
