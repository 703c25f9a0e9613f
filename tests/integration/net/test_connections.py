"""Connections between processes: who may open one, and what somebody on the way learns of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from typing_extensions import override

from common.errors import StartupError
from common.net.framing import FIRST_METHOD, GREET, PROVE, Calling, ConnectionLost, Listening, PeerRefused, connect
from common.net.proof import CALLER, SharedSecret, fresh_nonce
from common.net.tls import NodeTls, mutual_tls
from tests.clients.streams import dropped, stream_to
from tests.partners.certificates import make_node

SECRET = b"known to both ends and to nobody else"
WITHIN_S = 5.0


class Echo(Listening):
    """Sends every request back."""

    @override
    def request(self, call: int, method: int, payload: bytes) -> None:
        self.reply(call, payload)


@contextlib.asynccontextmanager
async def listening(
    secret: bytes = SECRET,
    *,
    purpose: str = "test",
    nonce: Callable[[], bytes] = fresh_nonce,
    tls: NodeTls | None = None,
) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(
        lambda: Echo(SharedSecret(secret, purpose), nonce), "127.0.0.1", 0, ssl=None if tls is None else tls.listener
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextlib.asynccontextmanager
async def calling(
    port: int, secret: bytes = SECRET, *, purpose: str = "test", tls: NodeTls | None = None
) -> AsyncIterator[Calling]:
    shared = SharedSecret(secret, purpose)
    connection = await connect(Calling, "127.0.0.1", port, shared, tls=tls, within_s=WITHIN_S)
    try:
        yield connection
    finally:
        connection.hang_up()


class Eavesdropper:
    """Stands between the ends and writes down what each says."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.caller = bytearray()
        self.listener = bytearray()

    @contextlib.asynccontextmanager
    async def between(self) -> AsyncIterator[int]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with stream_to("127.0.0.1", self._port) as (upstream_reader, upstream_writer):
                await asyncio.gather(
                    self._copy(reader, upstream_writer, self.caller),
                    self._copy(upstream_reader, writer, self.listener),
                )
        finally:
            await dropped(writer)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: bytearray) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                heard += data
                writer.write(data)
        writer.close()


async def overheard(
    *, nonce: Callable[[], bytes] = fresh_nonce, tls: NodeTls | None = None
) -> tuple[Eavesdropper, bytes]:
    """A whole conversation, and what the caller was answered."""
    async with listening(nonce=nonce, tls=tls) as port:
        ear = Eavesdropper(port)
        async with ear.between() as between, calling(between, tls=tls) as connection:
            return ear, await connection.call(FIRST_METHOD, b"a word in confidence")


async def stranger(port: int) -> Calling:
    """Connected, and not proven."""
    _, connection = await asyncio.get_running_loop().create_connection(Calling, "127.0.0.1", port)
    return connection


async def test_both_know_the_secret_and_talk() -> None:
    async with listening() as port, calling(port) as connection:
        assert await connection.call(FIRST_METHOD, b"hello") == b"hello"
        calls = [connection.call(FIRST_METHOD, b"%d" % number) for number in range(100)]
        assert await asyncio.gather(*calls) == [b"%d" % number for number in range(100)]


async def test_a_caller_says_nothing_to_a_listener_that_does_not_know_the_secret() -> None:
    async with listening(b"another") as port:
        ear = Eavesdropper(port)
        async with ear.between() as between:
            with pytest.raises(PeerRefused):
                async with calling(between):
                    raise AssertionError("connected")
        assert len(ear.caller) == 9 + 32  # a header and a nonce


async def test_a_listener_refuses_a_caller_that_does_not_know_the_secret() -> None:
    async with listening() as port:
        connection, nonce = await stranger(port), fresh_nonce()
        answer = await connection.call(GREET, nonce)
        with pytest.raises(ConnectionLost):
            await connection.call(PROVE, SharedSecret(b"another", "test").proof(CALLER, nonce, answer[:32]))


async def test_a_listener_does_not_take_its_own_proof_back() -> None:
    async with listening() as port:
        connection = await stranger(port)
        answer = await connection.call(GREET, fresh_nonce())
        with pytest.raises(ConnectionLost):
            await connection.call(PROVE, answer[32:])


async def test_a_secret_for_one_purpose_opens_nothing_else() -> None:
    async with listening(purpose="figures") as port:
        with pytest.raises(PeerRefused):
            async with calling(port, purpose="shard"):
                raise AssertionError("connected")


async def test_whoever_listens_in_does_not_learn_the_secret() -> None:
    ear, answer = await overheard()
    assert answer == b"a word in confidence"
    for heard in (ear.caller, ear.listener):
        assert SECRET not in heard
        assert SECRET.hex().encode() not in heard


async def replay(port: int, heard: bytes) -> bytes:
    answer = bytearray()
    async with stream_to("127.0.0.1", port) as (reader, writer):
        writer.write(heard)
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            async with asyncio.timeout(1.0):
                while data := await reader.read(65536):
                    answer += data
    return bytes(answer)


async def test_what_was_overheard_opens_no_connection() -> None:
    ear, _ = await overheard()
    async with listening() as port:
        assert b"a word in confidence" not in await replay(port, bytes(ear.caller))


async def test_what_was_overheard_would_open_one_if_nonces_came_twice() -> None:
    """The twin: fresh nonces are what keeps a recording out."""

    def always_the_same() -> bytes:
        return bytes(32)

    ear, _ = await overheard(nonce=always_the_same)
    async with listening(nonce=always_the_same) as port:
        assert b"a word in confidence" in await replay(port, bytes(ear.caller))


async def test_with_tls_nobody_on_the_way_reads_what_is_said(tmp_path: Path) -> None:
    ear, answer = await overheard(tls=make_node(tmp_path).tls())
    assert answer == b"a word in confidence"
    assert b"confidence" not in ear.caller + ear.listener


async def test_without_tls_everybody_on_the_way_reads_what_is_said() -> None:
    """The twin: the proof alone hides nothing."""
    ear, _ = await overheard()
    assert b"confidence" in ear.caller
    assert b"confidence" in ear.listener


async def test_with_tls_certificates_of_another_authority_are_refused_both_ways(tmp_path: Path) -> None:
    ours, theirs = make_node(tmp_path / "ours").tls(), make_node(tmp_path / "theirs").tls()
    for listener, caller in ((ours, theirs), (theirs, ours)):
        async with listening(tls=listener) as port:
            with pytest.raises(OSError, match=r"."):
                async with calling(port, tls=caller):
                    raise AssertionError("connected")


async def test_whoever_talks_in_the_clear_to_a_listener_with_tls_is_not_answered(tmp_path: Path) -> None:
    async with listening(tls=make_node(tmp_path).tls()) as port:
        with pytest.raises(OSError, match=r"."):
            async with calling(port):
                raise AssertionError("connected")


def test_files_that_do_not_belong_together_are_refused_at_start_naming_the_settings(tmp_path: Path) -> None:
    one, other = make_node(tmp_path / "one"), make_node(tmp_path / "other")
    for cert, key, ca in (
        (one.cert, other.key, one.ca),
        (one.cert, one.key, tmp_path / "missing.pem"),
        (one.key, one.key, one.ca),
    ):
        with pytest.raises(StartupError, match="CAREWIRE_CLUSTER__TLS_CERT"):
            mutual_tls(cert, key, ca)
