"""Indexes that are made while everything goes on, by lives that end in between. The engine and the notes are real; what
is told is played."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase

from common.clock import SystemClock
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.erased import ErasedPeople
from serve_app.capabilities.search.port import Filters, Generation, Key
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.checking import Checking, Drifted
from serve_app.capabilities.search.process.index import ServingGeneration, Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.making.everything import Everything
from serve_app.capabilities.search.process.making.maker import FILL, Maker
from serve_app.capabilities.search.process.making.notes import Making, Notes
from serve_app.capabilities.search.process.making.serving import Served
from serve_app.capabilities.search.process.questions import IndexerJob, IndexState, Question
from serve_app.capabilities.search.process.working import Working
from serve_app.capabilities.search.sources.entry import Entry, Fed, Feeder
from serve_app.follower.consumer import Turned
from serve_app.follower.positions import Positions
from serve_app.follower.source import Past
from store.memory.stores import memory_stores
from tests.waiting import eventually

STATE = IndexState(engine="", index="", generation=0, key_id="", documents=0, lag_ms=0, building=False)


async def until(met: Callable[[], bool], what: str) -> None:
    """Wait for it."""

    async def now() -> bool:
        return met()

    await eventually(now, what)


@dataclass
class Told:
    """A journal: rooms, each with so many turns. `stuck_at`: nothing behind this room is told before `goes_on`."""

    rooms: dict[str, int] = field(default_factory=dict)
    asked_after: list[str] = field(default_factory=list)
    stuck_at: str = "~"
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def since(self, kinds: Iterable[str], at_ms: int, *, after: str = "") -> AsyncIterator[list[Turned]]:
        self.asked_after.append(after)
        for entity in sorted(self.rooms):
            if entity > after:
                if entity >= self.stuck_at:
                    await self.goes_on.wait()
                yield turns_of(entity, range(1, self.rooms[entity] + 1))


def turns_of(entity: str, numbers: Iterable[int]) -> list[Turned]:
    return [Turned(entity, number, number, ()) for number in numbers]


class Lines:
    """A turn is a message that says its number."""

    kinds = frozenset({"room"})

    async def read(self, turned: Turned) -> Sequence[Fed]:
        room = turned.entity.partition(":")[2]
        key = Key("messages", f"{room}#{turned.turn}")
        return [Entry(key, turned.turn, turned.at_ms, text=f"night {turned.turn}", filters={"room": [room]})]


class Life:
    """A process, but for the ways to it."""

    def __init__(self, folder: Path, database: AsyncIOMotorDatabase[Any], vault: Any, told: Told) -> None:
        clock = SystemClock()
        self.engine, self.told = TantivyEngine(folder, clock, commit_every_s=0.001), told
        self.keys, self.notes = IndexKeys(database, vault), Notes(database)
        self.served = Served(self.engine, self.keys, self.notes, Positions(database), Analyser())
        self.indexer = Indexer(self.engine, [cast("Feeder", Lines())], self._turns_of, self._changed)
        self.everything = Everything(self.indexer, cast("Past", told), [])
        self.maker = Maker(self.engine, self.indexer, self.everything, self._begun, self.keys, self.notes)
        erased = ErasedPeople(database, vault)
        self.working = Working(
            self.engine,
            self.indexer,
            self.everything,
            self.maker,
            erased,
            database=database,
            clock=clock,
            drifted=lambda _: None,
        )
        self._clock = clock

    async def begin(self) -> Making | None:
        """Open, and go on with what was being made."""
        await self.engine.start()
        opened = await self.served.open()
        await self._begun(opened.generation, opened.blinder)
        if opened.making is not None:
            await self.working.resume(opened.making)
        return opened.making

    async def end(self) -> None:
        await self.working.stop()
        await self.engine.close()

    async def say(self, room: str) -> None:
        """One more, heard at once."""
        entity = f"room:{room}"
        self.told.rooms[entity] = number = self.told.rooms.get(entity, 0) + 1
        await self.indexer.take(turns_of(entity, [number]))

    async def done(self, kind: str = "reindex", job: str = "job") -> IndexState:
        """IndexerJob, to its end."""
        self.working.begin(IndexerJob(kind=kind, job=job))
        await until(lambda: self.working.idle, f"{kind} goes on")
        return self.working.shown(STATE, job)

    async def found(self) -> list[str]:
        """Whatever was said."""
        answered = await self.answering.answer(Question(q="night", every=[], either=[], limit=500))
        return sorted(one.id for one in answered.candidates)

    async def drift(self) -> Drifted:
        checking = Checking(self.engine, self.everything.pages, self.indexer.apply, lambda _: None)
        return await checking.look(repair=False)

    async def _begun(self, generation: Generation, blinder: Blinder) -> None:
        self.answering = Answering(ServingGeneration(self.engine, blinder), self.engine, self._clock)
        self.maker.serves(blinder, texts=False)
        await self.indexer.begin(Written(self.engine, blinder, texts=False, number=generation.number))

    def _changed(self, keys: Sequence[Key]) -> None:
        self.answering.remembered.changed(keys)

    async def _turns_of(self, entity: str) -> Sequence[Turned]:
        return turns_of(entity, range(1, self.told.rooms[entity] + 1))


@pytest.fixture
def vault() -> Any:
    return memory_stores(SystemClock(), []).vault


def everything_in(told: Told) -> list[str]:
    return sorted(f"{room[5:]}#{n}" for room, many in told.rooms.items() for n in range(1, many + 1))


async def test_twenty_others_come_to_serve_while_all_search_and_talk(
    tmp_path: Path, mongo: AsyncIOMotorDatabase[Any], vault: Any
) -> None:
    life = Life(tmp_path, mongo, vault, Told({f"room:r{n}": 5 for n in range(10)}))
    await life.begin()
    await until(lambda: life.working.idle, "the first one is not filled")
    over, looks = False, 0

    async def look() -> None:
        nonlocal looks
        while not over:
            said, answering = everything_in(life.told), life.answering
            found = await life.found()
            if answering is life.answering:  # else it is asked again, as the process does
                assert len(found) == len(set(found))
                assert set(said[:50]) <= set(found)
                looks += 1
            await asyncio.sleep(0.001)

    async def talk() -> int:
        said = 0
        while not over and said < 300:
            await life.say(f"s{said % 7}")
            said += 1
        return said

    async with asyncio.TaskGroup() as beside:
        beside.create_task(look())
        talking = beside.create_task(talk())
        for number in range(20):
            state = await life.done("rotate" if number % 2 else "reindex", f"job {number}")
            assert not state.failed
            assert state.result["documents"] >= 50
        over = True
    assert talking.result() > 20
    assert looks > 20
    assert await life.found() == everything_in(life.told)
    assert await life.drift() == Drifted()
    assert [one.number for one in await life.engine.generations()] == [21]
    assert await mongo["search"].count_documents({"_id": {"$regex": "^key "}}) == 1
    await life.end()


async def test_the_next_life_goes_on_where_the_last_one_ended(
    tmp_path: Path, mongo: AsyncIOMotorDatabase[Any], vault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve_app.capabilities.search.process.making.everything._AT_ONCE", 3)
    told = Told({f"room:r{n}": 3 for n in range(6)})
    life = Life(tmp_path, mongo, vault, told)
    await life.begin()
    await until(lambda: life.working.idle, "the first one is not filled")
    told.stuck_at = "room:r4"
    life.working.begin(IndexerJob(kind="rotate", job="job"))
    await until(lambda: life.maker.making is not None and life.maker.making.done >= 12, "it does not begin")
    seen = life.working.shown(STATE, "job")
    assert (seen.making, seen.done, seen.total) == (True, 12, 18)
    await life.end()

    told.asked_after.clear()
    life = Life(tmp_path, mongo, vault, told)
    making = await life.begin()
    assert making is not None
    assert (making.kind, making.job, making.number) == ("rotate", "job", 2)
    assert [one.number for one in await life.engine.generations()] == [1, 2]
    await life.say("r0")  # of what lies behind it: the one that is made hears of it too
    told.goes_on.set()
    await until(lambda: life.working.idle, "it does not go on")
    assert told.asked_after == ["room:r2"]
    assert life.working.shown(STATE, "job").result == {"documents": 21}
    assert await life.found() == everything_in(told)
    serving = await life.engine.serving()
    assert serving is not None
    assert serving.number == 2
    assert await life.notes.read() is None
    assert await life.drift() == Drifted()
    await life.end()


async def test_an_index_that_is_begun_is_filled_with_what_is_older_and_by_the_next_life_too(
    tmp_path: Path, mongo: AsyncIOMotorDatabase[Any], vault: Any
) -> None:
    told = Told({f"room:r{n}": 2 for n in range(4)}, stuck_at="room:r0")
    life = Life(tmp_path, mongo, vault, told)
    making = await life.begin()
    assert making == Making(number=1, kind=FILL)
    assert life.working.filling
    await life.say("r9")
    assert await life.found() == ["r9#1"]
    await life.end()
    life = Life(tmp_path, mongo, vault, told)
    assert await life.begin() == Making(number=1, kind=FILL)
    told.goes_on.set()
    await until(lambda: not life.working.filling, "it is not filled")
    assert await life.found() == everything_in(told)
    await life.end()


async def test_what_is_said_while_the_index_is_compared_is_neither_missing_nor_too_much(
    tmp_path: Path, mongo: AsyncIOMotorDatabase[Any], vault: Any
) -> None:
    """Said after the sources were read, and before the index was: once it was taken for too much, and put out."""
    told = Told({"room:r0": 3, "room:r1": 3})
    life = Life(tmp_path, mongo, vault, told)
    await life.begin()
    await until(lambda: life.working.idle, "the first one is not filled")
    looks = 0

    async def sources() -> AsyncIterator[Sequence[Fed]]:
        nonlocal looks
        async for page in life.everything.pages():
            yield page
        looks += 1
        if looks == 1:
            await life.say("r0")

    checking = Checking(life.engine, sources, life.indexer.apply, lambda _: None)
    assert await checking.look(repair=True) == Drifted()
    assert looks == 2
    assert await life.found() == everything_in(told)
    hits = [hit async for page in life.engine.scan(Filters()) for hit in page]
    assert len(hits) == 7
    await life.end()
