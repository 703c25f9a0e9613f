"""The swarm of the long load tests must see what it claims to count, and come back as clients do."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from aiohttp import web

from loadtests.lib.swarm import Swarm, SwarmRoom, people
from loadtests.peers.peer_server import OK
from loadtests.scenarios.reconnect import Returning, check
from tests.gateway_rig import SECRET, Rig, rig
from tests.integration.loadtests.test_load_client import served
from tests.waiting import eventually


@pytest.fixture
async def system() -> AsyncIterator[Rig]:
    async with rig() as running:
        yield running


def rooms(count: int, size: int) -> list[SwarmRoom]:
    """Rooms full of people."""
    return [people(SwarmRoom(f"r{number}", "groups"), size) for number in range(count)]


def a_careless_server(*, skip: int = 0, repeat: int = 0) -> web.Application:
    """Numbers its messages, but leaves every `skip`-th out and sends every `repeat`-th twice."""
    server = socketio.AsyncServer(async_mode="aiohttp")
    app = web.Application()
    server.attach(app)
    numbers = itertools.count(1)

    async def create_room(sid: str, data: Any) -> Any:
        return OK

    async def join_room(sid: str, data: Any) -> Any:
        await server.enter_room(sid, data["room_id"])
        return {"ok": True, "data": {"last_seq": 0, "end": 0}}

    async def message(sid: str, data: Any) -> Any:
        number = next(numbers)
        numbered = {"seq": number, "body": data["body"]}
        for _ in range(0 if skip and number % skip == 0 else 2 if repeat and number % repeat == 0 else 1):
            await server.emit("message", numbered, room=data["room_id"])
        return {"ok": True, "data": {"seq": number, "end": 0}}

    for handler in (create_room, join_room, message):
        server.on(handler.__name__, handler)
    return app


async def test_a_gateway_loses_nothing_and_every_copy_is_timed(system: Rig) -> None:
    gateway = await system.gateway()
    swarm = Swarm(gateway.port, SECRET, rooms(2, 3))
    try:
        await swarm.connect()
        await swarm.join()
        await swarm.talk(swarm.rooms, rate=50, seconds=0.4)
        await swarm.settled(10.0)
        count, p50, p99 = swarm.interval()
        assert not swarm.trouble, swarm.trouble
        assert (swarm.sent, count) == (20, 60)
        assert 0 < p50 <= p99 < 5000
    finally:
        swarm.close()


async def test_what_is_lost_or_comes_twice_is_counted() -> None:
    async with served(a_careless_server(skip=5, repeat=4)) as port:
        swarm = Swarm(port, SECRET, rooms(1, 2))
        await swarm.connect()
        await swarm.join()
        await swarm.talk(swarm.rooms, rate=200, seconds=0.1)  # 20 messages: 4 left out, 4 sent twice (20 is left out)
        await swarm.settled(0.5)
        swarm.close()
    assert swarm.trouble.lost == 4 * 2
    assert swarm.trouble.doubled == 4 * 2
    assert swarm.trouble.dropped == 0


async def test_a_swarm_comes_back_to_another_gateway_and_misses_nothing(system: Rig) -> None:
    first = await system.gateway()
    swarm = Returning(first.port, SECRET, rooms(2, 3), first_s=0.05)
    try:
        await swarm.connect()
        await swarm.join()
        await swarm.talk(swarm.rooms, rate=100, seconds=0.1)
        talking = asyncio.create_task(swarm.talk(swarm.rooms, rate=50, seconds=1.0))
        swarm.died()
        await first.stop()
        swarm.port = (await system.gateway()).port

        async def all_back() -> bool:
            return len(swarm.back_s) == 6

        await eventually(all_back, "not everybody was back")
        await talking
        await swarm.settled(10.0)
        assert not swarm.trouble, swarm.trouble
        assert swarm.unacked == 0
        assert await check(swarm) == (0, 0)
        assert sum(map(len, swarm.acked.values())) == 60
    finally:
        swarm.close()
