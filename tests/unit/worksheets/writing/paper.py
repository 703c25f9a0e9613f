"""The document of an assignment over the kernel, and hands that write in it."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from pycrdt import Doc, Map, Text

from actors.kernel.caller.region import Region
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.commands import answer_to
from actors.kernel.contract.entity import Command, Principal
from actors.worksheets.document.commands import JoinDocument, Plain, SaveDraft
from common.errors import CarewireError
from config.settings import KernelSettings
from store.memory import memory_stores
from store.ports.stores import Stores
from tests.simulation.faults import Dice, FaultyJournal
from tests.simulation.loop import VirtualClock
from tests.unit.worksheets.sheet import CLARA, SheetKind

ID = "assignment:asg_1"


class Desk:
    """A cluster with one region, whose journal is as sound as `dice` say."""

    def __init__(self, kind: SheetKind | None = None, *, dice: Dice | None = None) -> None:
        loop: Any = asyncio.get_running_loop()
        clock = self.clock = VirtualClock(loop)
        self.sound = memory_stores(clock, [])
        journal: Any = self.sound.journal if dice is None else FaultyJournal(self.sound.journal, dice)
        self.stores: Stores = replace(self.sound, journal=journal)
        settings = KernelSettings(snapshot_every=20)
        self.cluster = LocalCluster(self.stores, [kind or SheetKind()], settings=settings, clock=clock, shards=1)
        self.region: Region

    async def __aenter__(self) -> "Desk":
        await self.cluster.start()
        self.region = await self.cluster.region("desk", lambda _: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.region.close()
        await self.cluster.stop()

    async def ask(self, command: Command[Any], by: Principal = CLARA) -> Any:
        reply = await self.region.submit(ID, command, by=by)
        return answer_to(command, reply.data)

    async def refused(self, command: Command[Any], by: Principal = CLARA) -> CarewireError:
        with pytest.raises(CarewireError) as refused:
            await self.ask(command, by)
        return refused.value

    async def document(self) -> "Doc[Any]":
        doc: Doc[Any] = Doc()
        doc.apply_update((await self.ask(JoinDocument())).sync)
        return doc

    async def secrets(self) -> list[int]:
        """Numbers of the events that still have one."""
        turns = await self.sound.journal.turns(ID, after=0, limit=10_000)
        found = []
        for turn in turns:
            for offset, blob in enumerate(turn.events):
                if msgspec.msgpack.decode(blob)[2] is not None:
                    found.append(turn.first_seq + offset)
        return found


class Hand:
    """Somebody's own document."""

    def __init__(self, number: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=number)

    def text(self, root: str, at: int, text: str) -> bytes:
        before = self.doc.get_state()
        self.doc.get(root, type=Text).insert(at, text)
        return self.doc.get_update(before)

    def put(self, key: str, value: Any) -> bytes:
        before = self.doc.get_state()
        self.doc.get("answers", type=Map)[key] = value
        return self.doc.get_update(before)


def save(base: int | None = None, **plain: Any) -> SaveDraft:
    return SaveDraft(secret=msgspec.msgpack.encode(Plain(**plain)), base=base)
