"""Processes ask each other over TCP, and only those who know the key are answered."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from serve_app.processes.peers import PeerProcess, ask_process
from store.mongo.processes import Process
from tests.clients.streams import stream_to
from tests.partners.certificates import make_node


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    peer = PeerProcess(
        "gateway-0", "gateway", host="127.0.0.1", metrics=lambda: b"# page\n" * 50_000, stats=lambda: {"n": 1}
    )
    yield await peer.start()
    await peer.close()


async def test_a_peer_answers_whole_pages(process: Process) -> None:
    assert await ask_process(process, "metrics", 2.0) == b"# page\n" * 50_000
    assert await ask_process(process, "stats", 2.0) == b'{"n": 1}'


async def test_a_wrong_key_gets_nothing(process: Process) -> None:
    with pytest.raises(ConnectionError):
        await ask_process(replace(process, key="guessed"), "stats", 2.0)


async def test_a_stranger_who_says_nonsense_does_no_harm(process: Process) -> None:
    host, _, port = process.address.rpartition(":")
    for nonsense in (b"\n", b"x" * 100_000, b"\xff\xfe\n", b""):
        async with stream_to(host, int(port)) as (reader, writer):
            writer.write(nonsense)
            writer.write_eof()
            with contextlib.suppress(ConnectionResetError):  # as good as nothing
                assert await reader.read() == b""
    assert await ask_process(process, "stats", 2.0) == b'{"n": 1}'


async def test_a_peer_that_is_gone_is_an_os_error(process: Process) -> None:
    with pytest.raises(OSError, match=r"."):
        await ask_process(replace(process, address="127.0.0.1:1"), "stats", 2.0)


async def test_with_tls_figures_are_told_to_nodes_of_the_installation_only(tmp_path: Path) -> None:
    ours, theirs = make_node(tmp_path / "ours").tls(), make_node(tmp_path / "theirs").tls()
    peer = PeerProcess("gateway-0", "gateway", host="127.0.0.1", metrics=bytes, stats=lambda: {"n": 1}, tls=ours)
    process = await peer.start()
    try:
        assert await ask_process(process, "stats", 2.0, ours) == b'{"n": 1}'
        for tls in (None, theirs):
            with pytest.raises(OSError, match=r"."):
                await ask_process(process, "stats", 2.0, tls)
    finally:
        await peer.close()
