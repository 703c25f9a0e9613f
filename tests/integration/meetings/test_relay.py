"""Credentials, and the look at a relay, against a real one."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors.meetings.access.doors import TurnServers
from actors.meetings.house import doors_of
from common.clock import SystemClock
from config.settings import Settings, TurnSettings
from serve_app.capabilities.meetings.relays.probe import RelayDown, allocate
from serve_app.launch.relay import EmbeddedRelay
from tests.mongo import free_port
from tests.waiting import eventually

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(shutil.which("turnserver") is None, reason="no turnserver here: apt install coturn"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TurnServers]:
    settings = TurnSettings(embedded=True, port=free_port())
    running = EmbeddedRelay(settings, tmp_path_factory.mktemp("relay"))
    await running.start()
    turn = doors_of(Settings(turn=settings)).turn

    async def answers() -> bool:
        try:
            await allocate(turn, SystemClock().now_ms())
        except RelayDown:
            return False
        return True

    try:
        await eventually(answers, "the relay does not answer")
        yield turn
    finally:
        await running.stop()


async def test_what_people_get_opens_a_relay_and_expires(relay: TurnServers) -> None:
    now_ms = SystemClock().now_ms()
    await allocate(relay, now_ms)
    with pytest.raises(RelayDown):
        await allocate(relay, now_ms - 3_600_000)
    with pytest.raises(RelayDown):
        await allocate(TurnServers(relay.urls, "another secret", 600), now_ms)


async def test_a_relay_that_is_not_there_is_down() -> None:
    gone = TurnServers((f"turn:127.0.0.1:{free_port()}?transport=udp",), "secret", 600)
    async with asyncio.timeout(5):
        with pytest.raises(RelayDown):
            await allocate(gone, SystemClock().now_ms())


async def test_a_relay_that_is_reached_over_tcp_alone_is_looked_at_over_tcp(relay: TurnServers) -> None:
    now_ms = SystemClock().now_ms()
    over_tcp = tuple(f"{url.partition('?')[0]}?transport=tcp" for url in relay.urls if url.startswith("turn:"))
    await allocate(TurnServers(over_tcp, relay.secret, 600), now_ms)
    with pytest.raises(RelayDown):
        await allocate(TurnServers(over_tcp, "another secret", 600), now_ms)
    gone = TurnServers((f"turns:127.0.0.1:{free_port()}",), relay.secret, 600)
    with pytest.raises(RelayDown):
        await allocate(gone, now_ms)
