"""Entities that owe letters and activities, and a partner that answers at once: for the benchmark of activities."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from actors.kernel.caller.shard_client import WorkClient
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.activities import Activity
from actors.kernel.contract.entity import (
    Command,
    Context,
    Decision,
    Effects,
    Event,
    Kind,
    Letter,
    Principal,
    Recorded,
)
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector
from store.ports.maps import PartitionMap

ENTITIES: Final = 1000
PAYLOAD: Final = b"x" * 100
_DRAIN_S: Final = 60.0


def entity_of(number: int) -> str:
    """In turn."""
    return f"debtor:{number % ENTITIES}"


class Owe(Command[None], frozen=True, tag="owe"):
    """Do it, and owe what `what` says."""

    number: int
    what: str


class NoteLetter(Command[None], frozen=True, tag="told"):
    """What a letter says."""

    number: int


class DebtIncurred(Event, frozen=True, kw_only=True, array_like=True, tag="owed"):
    """It was asked for."""

    number: int
    what: str


class WasTold(Event, frozen=True, kw_only=True, array_like=True, tag="was_told"):
    """The letter has come."""

    number: int


class Debtor:
    """An entity that does what it is told."""

    def decide(self, command: Owe | NoteLetter, context: Context, version: int) -> Decision:
        """One event."""
        del context, version
        if isinstance(command, NoteLetter):
            return Decision(events=[WasTold(number=command.number)])
        return Decision(events=[DebtIncurred(number=command.number, what=command.what)])

    def apply(self, event: DebtIncurred | WasTold, seq: int, at_ms: int) -> None:
        """It has no state."""


class DebtorKind(Kind[Debtor, Owe | NoteLetter, DebtIncurred | WasTold]):
    """`debtor:<number>`."""

    name = "debtor"
    commands = Owe | NoteLetter
    events = DebtIncurred | WasTold

    @override
    def create(self, key: str) -> Debtor:
        return Debtor()

    @override
    def snapshot(self, entity: Debtor) -> bytes:
        return b""

    @override
    def restore(self, key: str, state: bytes) -> Debtor:
        return Debtor()

    @override
    def admit(self, entity: Debtor, by: Principal) -> None:
        return None

    @override
    def show(self, entity_id: str, recorded: Recorded[DebtIncurred | WasTold], part: None) -> None:
        return None

    @override
    def effects(self, entity_id: str, recorded: Recorded[DebtIncurred | WasTold], part: None) -> Effects | None:
        event = recorded.event
        if isinstance(event, WasTold) or not event.what:
            return None
        if event.what == "letter":
            told = msgspec.msgpack.encode(NoteLetter(event.number))
            return Effects(letters=[Letter(entity_of(event.number + 1), told)])
        activity = Activity(connector="bench", key=f"{event.number}", payload=PAYLOAD, owner="ann")
        return Effects(activities=[activity])


class InstantPartner(Connector):
    """A partner that answers at once. `begun` holds when each call began."""

    name = "bench"
    remembers_s = FOR_EVER_S
    capacity = Capacity(at_once=400, call_s=20.0)

    def __init__(self) -> None:
        self.begun: dict[bytes, float] = {}
        self._wanted = 0
        self._reached = asyncio.Event()

    @override
    async def carry_out(self, call: Call) -> bytes:
        self.begun[call.key.mark] = time.perf_counter()
        if len(self.begun) >= self._wanted:
            self._reached.set()
        return b""

    async def reached(self, count: int) -> None:
        """Wait until it was called so often."""
        self._wanted = count
        self._reached.clear()
        if len(self.begun) < count:
            async with asyncio.timeout(_DRAIN_S):
                await self._reached.wait()

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        return None


@dataclass(frozen=True)
class Places:
    """Where there is work, in this process."""

    cluster: LocalCluster

    async def read_map(self, pool: str) -> PartitionMap:
        """See `activities.runner.Workplaces`."""
        return await self.cluster.read_map(pool)

    def workplace(self, shard: str) -> WorkClient:
        """See `activities.runner.Workplaces`."""
        return self.cluster.workplace(shard)
