"""The load client must see what it claims to count: against a good server, and against bad ones."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
from aiohttp import web

from loadtests.lib.client import run
from loadtests.lib.load_socket import ConnectionRefused
from loadtests.lib.workloads import LoadJob, Workload
from loadtests.peers.peer_server import OK, make_app

SMALL = Workload("small", rooms=2, size=3, window=2, rate=50)


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """The port that it is served on."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def a_bad_server(*, lose: int = 0, refuse: int = 0) -> web.Application:
    """Loses every `lose`-th message, and says no to every `refuse`-th."""
    server = socketio.AsyncServer(async_mode="aiohttp")
    app = web.Application()
    server.attach(app)
    numbers = itertools.count(1)

    async def create_room(sid: str, data: Any) -> Any:
        return OK

    async def join_room(sid: str, data: Any) -> Any:
        await server.enter_room(sid, data["room_id"])
        return OK

    async def message(sid: str, data: Any) -> Any:
        number = next(numbers)
        if not lose or number % lose:
            await server.emit("message", data, room=data["room_id"])
        return {"ok": False, "error": {"code": "unavailable"}} if refuse and number % refuse == 0 else OK

    for handler in (create_room, join_room, message):
        server.on(handler.__name__, handler)
    return app


async def test_a_good_server_loses_nothing_and_is_timed() -> None:
    async with served(make_app()) as port:
        found = await run(LoadJob(port, SMALL, warmup_s=0.1, seconds=0.5))
    for phase in (found.saturated, found.paced):
        assert (phase.missing, phase.failed_acks, phase.late_acks) == (0, 0, 0)
        assert phase.deliveries_per_s > 0
    assert 40 <= found.paced.messages_per_s <= 60
    assert found.paced.delivery_p50_ms is not None
    assert 0 < found.paced.delivery_p50_ms < 1000
    assert found.saturated.delivery_p50_ms is None


async def test_lost_messages_and_bad_acks_are_counted() -> None:
    async with served(a_bad_server(lose=5, refuse=5)) as port:
        found = await run(LoadJob(port, SMALL, warmup_s=0.0, seconds=0.4, drain_s=0.5))
    assert found.paced.missing == 3 * 4  # of 20 messages, each to three
    assert found.paced.failed_acks == 4


async def test_a_server_that_lets_nobody_in_ends_the_run() -> None:
    async with served(web.Application()) as port:
        with pytest.raises(ConnectionRefused, match="404"):
            await run(LoadJob(port, SMALL, warmup_s=0.0, seconds=0.1))
