"""What one connection to the REST API may make it keep, and for how long. Each bound has the connection that it must
not hurt beside the one that it stops."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import pytest
import uvicorn

from config.settings import HttpSettings
from serve_app.edge.api.connections import ConnectionCount
from serve_app.edge.api.listener import HttpListener
from tests.clients.streams import stream_to
from tests.system.harness import free_ports, wait_until

QUICK: Final = {"header_timeout_s": 0.3, "body_timeout_s": 0.3, "write_timeout_s": 0.3}
HELLO: Final = b"GET / HTTP/1.1\r\nHost: x\r\n"


class App:
    """Reads the body, tells its length, and keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.bodies: list[int] = []
        self.answer = b"ok"
        self.early = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        if not self.early:
            await self.read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]})
        await send({"type": "http.response.body", "body": self.answer})

    async def read(self, receive: Any) -> None:
        total = 0
        while (message := await receive())["type"] == "http.request":
            total += len(message["body"])
            if not message["more_body"]:
                self.bodies.append(total)
                return


class Peer:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, *parts: bytes, every_s: float = 0.0) -> None:
        for part in parts:
            self.writer.write(part)
            try:
                await self.writer.drain()
            except ConnectionError:
                return
            await asyncio.sleep(every_s)

    async def status(self, within_s: float = 5.0) -> int:
        """Of the next answer; 0 when the connection ends without one."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), within_s)
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def rest(self, within_s: float = 5.0) -> bytes:
        """What comes until the server closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), within_s)
        except ConnectionError:
            return b""


class Place:
    """A listener with its application."""

    def __init__(self, app: App, port: int, peers: AsyncExitStack) -> None:
        self.app, self.port = app, port
        self._peers = peers

    async def peer(self) -> Peer:
        return Peer(*await self._peers.enter_async_context(stream_to("127.0.0.1", self.port)))


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Place]:
    app, port = App(), free_ports(1)[0]
    listener = HttpListener(app, HttpSettings(port=port, **settings))
    await listener.start()
    try:
        async with AsyncExitStack() as peers:
            yield Place(app, port, peers)
    finally:
        await listener.stop()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with listening() as place:
        yield place


@pytest.fixture
async def hurried() -> AsyncIterator[Place]:
    async with listening(**QUICK) as place:
        yield place


HEADS: Final = {
    "one long header": (HELLO + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    "one that does not end": (HELLO + b"X-A: " + b"a" * 80_000, 431),
    "a name that does not end": (HELLO + b"a" * 80_000, 431),
    "many": (HELLO + b"".join(b"X-%d: a\r\n" % n for n in range(150)) + b"\r\n", 431),
    "many that do not end": (HELLO + b"".join(b"X-%d: a\r\n" % n for n in range(150)), 431),
    "together": (HELLO + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(50)) + b"\r\n", 431),
    "an address": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "an address that does not end": (b"GET /" + b"a" * 80_000, 414),
    "blank lines": (b"\r\n" * 40_000, 431),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "an address that is none": (b"CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", HEADS)
async def test_a_head_beyond_the_bounds_is_refused_before_it_is_read(name: str, place: Place) -> None:
    head, status = HEADS[name]
    peer = await place.peer()
    await peer.says(head)
    assert await peer.status() == status
    answer = await peer.rest()
    assert b"application/problem+json" in answer
    assert b"onnection: close" in answer
    assert place.app.seen == []


async def test_the_largest_head_that_is_allowed_arrives_whole(place: Place) -> None:
    peer = await place.peer()
    many = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 300) for n in range(90))
    for _ in range(3):
        await peer.says(b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
        assert await peer.status() == 200
        await asyncio.wait_for(peer.reader.readuntil(b"0\r\n\r\n"), 5)
    assert [len(scope["headers"]) for scope in place.app.seen] == [91] * 3


async def test_sixty_megabytes_of_one_header_are_not_taken(place: Place) -> None:
    peer = await place.peer()
    sent = 0
    peer.writer.write(HELLO + b"X-A: ")
    try:
        for _ in range(60):
            peer.writer.write(b"a" * (1 << 20))
            await asyncio.wait_for(peer.writer.drain(), 5)
            sent += 1
    except (ConnectionError, TimeoutError):
        pass
    status = await peer.status()
    assert status == 431
    assert place.app.seen == []


CHUNKED: Final = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_trailers_are_read_and_dropped_but_never_become_headers(place: Place) -> None:
    peer = await place.peer()
    await peer.says(CHUNKED + b"2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    assert await peer.status() == 200
    assert b"authorization" not in dict(place.app.seen[0]["headers"])
    assert place.app.bodies == [2]


@pytest.mark.parametrize(
    "tail",
    [
        b"0\r\nX-A: " + b"a" * 80_000,
        b"0\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(150)) + b"\r\n",
        b"2;a=" + b"a" * 80_000,
    ],
    ids=["long", "many", "extension"],
)
async def test_what_stands_between_and_behind_chunks_is_bounded_too(tail: bytes, place: Place) -> None:
    peer = await place.peer()
    await peer.says(CHUNKED + b"2\r\nhi\r\n" + tail)
    assert await peer.status() == 431
    await peer.rest()
    assert place.app.bodies == []


async def test_a_megabyte_of_body_in_small_chunks_arrives(place: Place) -> None:
    peer = await place.peer()
    await peer.says(CHUNKED + b"40\r\n%s\r\n" % (b"a" * 64) * 16_000 + b"0\r\n\r\n")
    assert await peer.status() == 200
    assert place.app.bodies == [64 * 16_000]


LATE: Final = {
    "not a byte": b"",
    "half a line": b"GET / HT",
    "half a head": HELLO + b"X-A: a",
    "a blank line": b"\r\n",
    "no body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    "half a chunk": CHUNKED + b"40\r\nab",
}


@pytest.mark.parametrize("name", LATE)
async def test_who_does_not_finish_is_closed(name: str, hurried: Place) -> None:
    peer = await hurried.peer()
    await peer.says(LATE[name])
    assert await peer.status() == 0, "a late answer might be taken for that to another request"


@pytest.mark.parametrize("start", [HELLO + b"X-A: ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"])
async def test_a_byte_now_and_then_buys_no_time(start: bytes, hurried: Place) -> None:
    peer = await hurried.peer()
    trickle = asyncio.create_task(peer.says(start, *[b"a"] * 400, every_s=0.02))
    began = time.monotonic()
    assert await peer.status() == 0
    assert time.monotonic() - began < 3
    trickle.cancel()


async def test_a_body_that_comes_steadily_has_the_time_it_needs(hurried: Place) -> None:
    peer = await hurried.peer()
    await peer.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n", *[b"a" * 1000] * 10, every_s=0.08)
    assert await peer.status() == 200
    assert hurried.app.bodies == [10_000]


async def test_a_request_that_begins_in_time_after_a_pause_is_answered_and_one_that_stops_is_closed(
    hurried: Place,
) -> None:
    peer = await hurried.peer()
    await peer.says(HELLO + b"\r\n")
    assert await peer.status() == 200
    await asyncio.wait_for(peer.reader.readuntil(b"0\r\n\r\n"), 5)
    await peer.says(every_s=0.5)
    await peer.says(HELLO + b"\r\n", HELLO)
    assert await peer.status() == 200
    await asyncio.wait_for(peer.reader.readuntil(b"0\r\n\r\n"), 5)
    assert await peer.status() == 0


async def test_a_body_behind_its_answer_has_a_deadline_too(hurried: Place) -> None:
    hurried.app.early = True
    peer = await hurried.peer()
    await peer.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    answer = await peer.rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1, "nobody has asked for a second answer"


async def test_who_is_answered_early_and_sends_no_body_is_closed_long_before_a_body_is_late(place: Place) -> None:
    place.app.early = True
    peers = [await place.peer() for _ in range(20)]
    for peer in peers:
        await peer.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    for answer in await asyncio.gather(*(peer.rest(10.0) for peer in peers)):
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_who_is_answered_early_and_goes_on_keeps_the_connection(place: Place) -> None:
    place.app.early = True
    peer = await place.peer()
    await peer.says(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
    await asyncio.wait_for(peer.reader.readuntil(b"0\r\n\r\n"), 5)
    await peer.says(*[b"a"] * 4, every_s=0.7)
    await peer.says(HELLO + b"\r\n")
    assert await peer.status() == 200


async def test_who_does_not_read_the_answer_is_cut(hurried: Place) -> None:
    hurried.app.answer = b"a" * (64 << 20)
    peer = await hurried.peer()
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's
    await peer.says(HELLO + b"\r\n", every_s=2.0)
    peer.writer.transport.resume_reading()  # type: ignore[attr-defined] # a socket's
    assert len(await peer.rest(30)) < 64 << 20


async def test_what_follows_a_good_request_does_not_take_its_answer(place: Place) -> None:
    peer = await place.peer()
    await peer.says(HELLO + b"\r\n" + b"nonsense\r\n\r\n")
    assert await peer.status() == 200
    assert (await peer.rest()).count(b"HTTP/1.1") == 0


async def test_few_requests_wait_on_one_connection(place: Place) -> None:
    peer = await place.peer()
    await peer.says((HELLO + b"\r\n") * 2000)
    await peer.rest()
    assert len(place.app.seen) <= 20


async def test_connections_are_counted_and_there_is_room_again_when_one_has_gone() -> None:
    async with listening(max_connections_per_address=2) as place:
        first, second = await place.peer(), await place.peer()
        for peer in (first, second):
            await peer.says(HELLO + b"\r\n")
            assert await peer.status() == 200
        third = await place.peer()
        assert await third.status() == 503
        assert b"Retry-After" in await third.rest()
        first.writer.close()
        for _ in range(100):
            again = await place.peer()
            await again.says(HELLO + b"\r\n")
            if (status := await again.status()) == 200:
                break
            await again.rest()
        assert status == 200


def test_connections_are_bounded_in_all_and_of_one_network() -> None:
    admission = ConnectionCount(5, 2)
    assert [admission.admit("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [admission.admit(f"2001:db8::{n}") for n in range(3)] == [True, True, False], "one subscriber"
    assert [admission.admit(f"192.0.2.{n}") for n in range(2, 4)] == [True, False], "five in all"
    admission.leave("192.0.2.1")
    assert admission.admit("192.0.2.9")


def test_behind_a_proxy_all_connections_are_the_proxys() -> None:
    admission = ConnectionCount(50, None)
    assert all(admission.admit("192.0.2.1") for _ in range(50))
    assert not admission.admit("192.0.2.1")


async def test_without_these_bounds_the_server_takes_all_that() -> None:
    """The twin: uvicorn as it comes."""
    app, port = App(), free_ports(1)[0]
    server = uvicorn.Server(uvicorn.Config(app, port=port, http="httptools", lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    try:
        await wait_until(lambda: server.started, within_s=10, what="uvicorn")
        async with AsyncExitStack() as peers:
            place = Place(app, port, peers)
            huge, silent = await place.peer(), await place.peer()
            await huge.says(HELLO + b"X-A: " + b"a" * (8 << 20) + b"\r\n\r\n")
            assert await huge.status() == 200
            assert max(len(value) for _, value in app.seen[0]["headers"]) == 8 << 20
            trailing = await place.peer()
            await trailing.says(CHUNKED + b"2\r\nhi\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
            assert await trailing.status() == 200
            assert b"authorization" in dict(app.seen[1]["headers"])
            with pytest.raises(TimeoutError):
                await silent.status(within_s=1.0)
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 10)
