"""The wire between regions and shards, over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.kernel.caller.direct import DirectClient, DirectServer, ShardAddress
from actors.kernel.caller.shard_client import ShardGone
from common.net.framing import Calling, ConnectionLost, connect
from common.net.proof import SharedSecret
from tests.clients.streams import stream_to
from tests.partners.certificates import make_node


class Echo:
    """Answers each method in its own way; `fetch` waits until it is told."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.seen: list[bytes] = []

    async def subscribe(self, request: bytes) -> bytes:
        return b"subscribed " + request

    async def submit(self, request: bytes) -> bytes:
        self.seen.append(request)
        return b"taken " + request

    async def fetch(self, request: bytes) -> bytes:
        await self.go_on.wait()
        return b"fetched " + request


class Place:
    """Knows where the shard is by now."""

    def __init__(self) -> None:
        self.shard = Echo()
        self.server = DirectServer(self.shard, "rooms-0")
        self.address: ShardAddress | None = None
        self.asked = 0

    async def open(self) -> None:
        self.server = DirectServer(self.shard, "rooms-0")
        self.address = await self.server.start("127.0.0.1")

    async def locate(self) -> ShardAddress:
        self.asked += 1
        if self.address is None:
            raise ShardGone("nobody knows")
        return self.address


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    await place.open()
    yield place
    await place.server.close()


async def test_calls_run_side_by_side_on_one_connection(place: Place) -> None:
    client = DirectClient(place.locate)
    waiting = asyncio.ensure_future(client.fetch(b"a"))
    assert await client.subscribe(b"b") == b"subscribed b"
    assert await client.submit(b"c" * 200_000) == b"taken " + b"c" * 200_000
    assert not waiting.done()
    place.shard.go_on.set()
    assert await waiting == b"fetched a"
    assert place.asked == 1


async def test_what_is_sent_arrives_in_its_order(place: Place) -> None:
    client = DirectClient(place.locate)
    await client.subscribe(b"")
    requests = [b"%d" % number + b"x" * (number % 7 * 10_000) for number in range(100)]
    await asyncio.gather(*(client.submit(request) for request in requests))
    assert place.shard.seen == requests


async def test_a_lost_connection_fails_what_waits_and_the_next_call_finds_the_new_life(place: Place) -> None:
    client = DirectClient(place.locate)
    await client.subscribe(b"")
    waiting = asyncio.ensure_future(client.fetch(b"a"))
    await client.submit(b"fetch has been sent before this")
    await place.server.close()
    with pytest.raises(ShardGone):
        await waiting
    with pytest.raises(ShardGone):
        await client.submit(b"nobody listens there any more")
    await place.open()
    assert await client.submit(b"again") == b"taken again"


async def test_nobody_connects_without_the_secret_of_this_life(place: Place) -> None:
    assert place.address is not None
    old = place.address
    await place.server.close()
    await place.open()
    place.address = place.address._replace(secret=old.secret)
    with pytest.raises(ShardGone):
        await DirectClient(place.locate).submit(b"let me in")
    assert place.shard.seen == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00\x00\x05\x00\x00\x00\x01\x03",  # a submit, before any proof
        b"\x00\x00\x00\x01\x00",  # shorter than a header
        b"\xff\xff\xff\xff" + b"x" * 100,  # longer than anything
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_whoever_speaks_another_language_is_hung_up_on(place: Place, sent: bytes) -> None:
    assert place.address is not None
    async with stream_to(place.address.host, place.address.port) as (reader, writer):
        writer.write(sent)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
    assert place.shard.seen == []


async def test_a_call_that_is_given_up_drops_the_connection_because_the_other_side_may_hang(place: Place) -> None:
    client = DirectClient(place.locate)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.fetch(b"for ever"), 0.05)
    assert await client.submit(b"on a new connection") == b"taken on a new connection"
    assert place.asked == 2


async def test_a_request_that_no_shard_knows_ends_the_connection(place: Place) -> None:
    assert place.address is not None
    host, port, secret = place.address
    connection = await connect(Calling, host, port, SharedSecret(secret, "shard"), tls=None, within_s=5)
    with pytest.raises(ConnectionLost):
        await connection.call(99, b"")


async def test_with_tls_regions_and_shards_talk_as_without(tmp_path: Path) -> None:
    tls = make_node(tmp_path).tls()
    shard = Echo()
    server = DirectServer(shard, "rooms-0", tls)
    address = await server.start("127.0.0.1")

    async def locate() -> ShardAddress:
        return address

    try:
        assert await DirectClient(locate, tls).submit(b"c" * 200_000) == b"taken " + b"c" * 200_000
        with pytest.raises(ShardGone):
            await DirectClient(locate).submit(b"in the clear")
    finally:
        await server.close()
    assert len(shard.seen) == 1


class Workplace:
    """Has no work, and sees who hangs up."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hung_up = asyncio.Event()

    async def work(self, request: bytes) -> bytes:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.hung_up.set()
            raise
        return request


async def test_a_runner_that_hangs_up_is_seen_to(place: Place) -> None:
    """Its activities are given back at once, so its death must be seen where it waits."""
    workplace = Workplace()
    server = DirectServer(place.shard, "rooms-0", workplace=workplace)
    address = await server.start("127.0.0.1")

    async def locate() -> ShardAddress:
        return address

    try:
        asking = asyncio.ensure_future(DirectClient(locate).work(b""))
        await asyncio.wait_for(workplace.asked.wait(), 10)
        asking.cancel()
        await asyncio.wait_for(workplace.hung_up.wait(), 10)
    finally:
        await server.close()


async def test_who_has_no_work_hangs_up_on_runners(place: Place) -> None:
    with pytest.raises(ShardGone):
        await DirectClient(place.locate).work(b"")
