"""Messages that wait for each other end up in one turn: a busy room in virtual time, with the costs of a real one."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from actors.kernel.caller.channel import ShardChannel
from actors.kernel.caller.region import Region
from actors.kernel.caller.shard_client import ShardClient
from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Attach, Principal
from actors.kernel.lib.pacing import Pacer
from store.ports.stores import Stores
from tests.simulation.loop import run
from tests.simulation.world import SETTINGS, World
from tests.unit.kernel.ledger import LedgerKind, Write

ROOM = "ledger:a"
ANN = Principal("ann")
IN_FLIGHT = 4
INSERT_S, FANOUT_S, CLIENT_S, CALL_S = 0.002, 0.004, 0.002, 0.0002


class SlowJournal:
    """Each append takes its time, and is counted."""

    def __init__(self, journal: Any) -> None:
        self._journal = journal
        self.appends = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, turns: Any) -> Any:
        self.appends += 1
        await asyncio.sleep(INSERT_S)
        return await self._journal.append(turns)


class Near:
    """A shard on the same machine."""

    def __init__(self, world: World, shard: str) -> None:
        self._world, self._shard = world, shard

    async def subscribe(self, request: bytes) -> bytes:
        return await self._world.shards[self._shard].subscribe(request)

    async def submit(self, request: bytes) -> bytes:
        await asyncio.sleep(CALL_S)
        return await self._world.shards[self._shard].submit(request)

    async def fetch(self, request: bytes) -> bytes:
        await asyncio.sleep(CALL_S)
        return await self._world.shards[self._shard].fetch(request)


class BusyRoom(World):
    """`IN_FLIGHT` clients, each of which writes again when everybody has heard what it wrote before."""

    def __init__(self, client_s: float = CLIENT_S) -> None:
        """`client_s`: how long a client takes to write again."""
        super().__init__(1, rate=0.0, settings=SETTINGS.model_copy(update={"linger_ms": 5.0}), kinds=(LedgerKind(),))
        self._client_s = client_s
        self.journal = SlowJournal(self.sound.journal)
        self.written = 0
        self._writing: set[asyncio.Task[None]] = set()

    @property
    @override
    def stores(self) -> Stores:
        return replace(self.sound, journal=self.journal)

    @override
    def client(self, shard: str) -> ShardClient:
        return Near(self, shard)

    async def per_turn(self) -> float:
        """Messages a turn, once it has settled."""
        await self.start(shards=1)
        region = Region(
            "gateway", self, {"ledger": "rooms"}, settings=self.settings, clock=self.clock, on_deliveries=self._deliver
        )
        self.regions["gateway"] = region
        await region.start()
        await region.submit(ROOM, Attach(), by=ANN, listen=True)
        for _ in range(IN_FLIGHT):
            self._write()
            await asyncio.sleep(0.0035)
        await asyncio.sleep(0.5)
        appends, written = self.journal.appends, self.written
        await asyncio.sleep(1.0)
        return (self.written - written) / (self.journal.appends - appends)

    def _deliver(self, deliveries: Iterable[protocol.TopicDelivery]) -> None:
        self.loop.now_s += FANOUT_S  # writing to five hundred sockets, however many frames each gets
        for _ in deliveries:
            self.loop.call_later(self._client_s, self._write)

    def _write(self) -> None:
        self.written += 1
        task = self.loop.create_task(self._submit())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _submit(self) -> None:
        await self.regions["gateway"].submit(ROOM, Write("hi"), by=ANN)


def test_messages_that_are_under_way_together_are_stored_together() -> None:
    room = BusyRoom()
    assert run(room.loop, room.per_turn()) > IN_FLIGHT - 0.5


def test_with_the_linger_alone_they_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    began = Pacer.began
    monkeypatch.setattr(Pacer, "began", lambda self, **_: began(self))
    monkeypatch.setattr(Pacer, "worked", lambda *_: None)
    monkeypatch.setattr(ShardChannel, "_is_full", lambda _: False)
    room = BusyRoom()
    assert run(room.loop, room.per_turn()) < IN_FLIGHT / 2


def written(client_s: float) -> int:
    """How many messages a busy room gets through."""
    room = BusyRoom(client_s)
    run(room.loop, room.per_turn())
    return room.written


def test_when_everybody_is_back_nobody_waits_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = written(0.0005)
    monkeypatch.setattr(ShardChannel, "_is_full", lambda _: False)
    assert at_once > 1.3 * written(0.0005)
