"""The search process without Ray: the index, whoever feeds it, and whoever is answered."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from common.errors import CarewireError, Unavailable
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.net.ports import PortRange
from common.net.tls import NodeTls
from config.settings import Settings
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.erased import ErasedPeople
from serve_app.capabilities.search.meaning.ranking import Ranking
from serve_app.capabilities.search.port import Engine, Generation, Key
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.feeding import PeopleFollowing
from serve_app.capabilities.search.process.index import ServingGeneration, Written
from serve_app.capabilities.search.process.indexer import NAME, Indexer
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.link import FIND, ORDER, STATE, WORK, SearchListener
from serve_app.capabilities.search.process.making.everything import Everything
from serve_app.capabilities.search.process.making.maker import FILL, Maker
from serve_app.capabilities.search.process.making.notes import Making, Notes
from serve_app.capabilities.search.process.making.serving import Served, opening
from serve_app.capabilities.search.process.metrics import SearchMetrics
from serve_app.capabilities.search.process.questions import (
    AnsweredQuestion,
    IndexerJob,
    IndexState,
    Order,
    Question,
    Texts,
    kind_of,
    pack,
)
from serve_app.capabilities.search.process.working import Working
from serve_app.capabilities.search.sources.people import NamesRemembered
from serve_app.capabilities.search.sources.table import directory_of, feeders_of, people_feeder, standing_of
from serve_app.follower.consumer import Turned
from serve_app.follower.follower import Follower, OpenFeed
from serve_app.follower.metrics import FollowerMetrics
from serve_app.follower.positions import Positions
from serve_app.follower.source import Past, TurnOpener
from store.mongo.client import Database
from store.mongo.kernel.feed import turns_since
from store.ports.stores import Stores

LEASE: Final = "search"
_LOOK_S: Final = 1.0  # between two looks at whether the index is there
_RECENT_S: Final = 5.0  # that a start waits for the newest: in a small house it is never without them
log = get_logger(__name__)
_question: Final = msgspec.msgpack.Decoder(Question).decode
_work: Final = msgspec.msgpack.Decoder(IndexerJob).decode
_texts: Final = msgspec.msgpack.Decoder(Texts).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchContext:
    """What the process has. `kinds`: at least those that feeders read. `root`: what keys are derived from."""

    settings: Settings
    clock: Clock
    region: Region
    stores: Stores
    database: Database
    kinds: Sequence[AnyKind]
    root: str
    registry: CollectorRegistry
    feed: OpenFeed


class SearchProcess:
    """One a process; of several, one reads and answers, and the others wait for its lease."""

    def __init__(self, context: SearchContext, engine: Engine) -> None:
        settings, database, stores = context.settings.search, context.database, context.stores
        self.engine, self._notes, self._clock = engine, Notes(database), context.clock
        self._texts = settings.prefixes == "all"
        keys = IndexKeys(database, stores.vault)
        self._served = Served(
            engine=engine,
            keys=keys,
            notes=self._notes,
            positions=Positions(database),
            analyser=Analyser(settings.languages),
        )
        directory = directory_of(database, stores, context.clock, context.root)
        self._opening = TurnOpener(context.kinds, stores)
        self._database = database
        everybody = people_feeder(directory, context.region, context.clock)
        names = NamesRemembered(directory.names)
        feeders = feeders_of(context.kinds, stores, context.region, names, everybody=everybody)
        self._indexer = Indexer(engine, feeders, self._turns_of, self._changed)
        standing = standing_of(context.region, everybody)
        self._people = PeopleFollowing(
            database, everybody, standing, lambda fed: self._indexer.apply(fed), changed=names.forget
        )
        self._follower = Follower(
            consumers=[self._indexer],
            kinds=context.kinds,
            database=database,
            stores=stores,
            clock=context.clock,
            feed=context.feed,
            metrics=FollowerMetrics(context.registry),
            lease=LEASE,
        )
        metrics = SearchMetrics(context.registry)
        everything = Everything(self._indexer, Past(database, stores, self._opening), standing)
        self._maker = Maker(
            engine=engine, indexer=self._indexer, everything=everything, begun=self._begun, keys=keys, notes=self._notes
        )
        self._working = Working(
            engine=engine,
            indexer=self._indexer,
            everything=everything,
            maker=self._maker,
            erased=ErasedPeople(database, stores.vault),
            database=database,
            clock=context.clock,
            drifted=metrics.drift.set,
        )
        self._seconds = metrics.seconds
        self._answering: Answering | None = None
        self._awaited: Making | None = None  # it serves, and lacks the newest
        self._has_recent = asyncio.Event()
        self._watching = Tasks("search")
        self._ranking = Ranking()
        answers = {FIND: self._find, STATE: self._state, WORK: self._work}
        self._listener = SearchListener(database, answers | ({ORDER: self._order} if settings.rerank else {}))

    async def start(self, host: str, ports: PortRange | None, tls: NodeTls | None) -> None:
        """Open the index, or begin one; answer; read on. Raises StartupError, Unavailable."""
        await self.engine.start()
        await self._working.recall()
        await self._open()
        await self._listener.start(host, ports, tls)
        await self._people.start()
        self._watching.spawn(self._watch())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_recent.wait(), _RECENT_S)

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        await self._listener.stop()
        await self._watching.cancel()
        await self._working.stop()
        await self._people.stop()
        await self._follower.stop()
        await self.engine.close()

    def stats(self) -> Mapping[str, object]:
        """For `carewire status` and `/health`."""
        follower = self._follower.stats()
        return {**follower, "engine": self.engine.name, "lag_ms": self.lag_ms(), "building": self.building}

    @property
    def building(self) -> bool:
        """Is not everything in it yet?"""
        return self._awaited is not None or self._working.filling or not self._follower.has_caught_up(NAME)

    def lag_ms(self) -> int:
        """How old the oldest change is that is not in it yet."""
        return round(self._follower.lag_s(NAME) * 1000)

    async def _open(self) -> None:
        """What serves, or an empty one; read on, and go on with what was being made."""
        opened = await self._served.open()
        making = opened.making
        self._awaited = making if making is not None and making.kind == FILL and not making.recent else None
        await self._begun(opened.generation, opened.blinder)
        if self._awaited is None:
            self._has_recent.set()
            if making is not None:
                await self._working.resume(making)
        await self._follower.start()

    async def _watch(self) -> None:
        """An index that is lost is begun anew; one that has the newest is filled; one that holds words of the erased is
        made anew."""
        while True:
            try:
                await self._looked()
            except CarewireError as error:
                log.warning("search.not_looked_after", code=error.code)
            except Exception:
                log.exception("search.not_looked_after")
            await asyncio.sleep(_LOOK_S if self._awaited is None else _LOOK_S / 20)

    async def _looked(self) -> None:
        if await self.engine.serving() is None:
            await self._reopen()
        elif self._awaited is not None and self._follower.has_caught_up(NAME):
            making = replace(self._awaited, recent=True)
            await self._notes.write(making)
            self._awaited = None
            self._has_recent.set()
            await self._working.resume(making)
        elif self._awaited is None:
            await self._working.renew()

    async def _reopen(self) -> None:
        log.warning("search.index_lost")
        self._has_recent.clear()
        await self._working.stop()
        await self._follower.stop()
        await self._open()
        self._people.read_all()

    async def _begun(self, generation: Generation, blinder: Blinder) -> None:
        """This one serves from now on."""
        excluded = self._indexer.excluded.rooms
        self._answering = Answering(ServingGeneration(self.engine, blinder), self.engine, self._clock, excluded)
        self._maker.serves(blinder, texts=self._texts)
        await self._indexer.begin(Written(self.engine, blinder, texts=self._texts, number=generation.number))

    async def _turns_of(self, entity: str) -> Sequence[Turned]:
        return await self._opening.open(await turns_since(self._database, entity, 0))

    def _changed(self, keys: Sequence[Key]) -> None:
        if self._answering is not None:
            self._answering.remembered.changed(keys)

    async def _find(self, payload: bytes) -> bytes:
        question = _question(payload)
        with self._seconds.labels(kind_of(question)).time():
            answered = await self._answer(question)
        return pack(msgspec.structs.replace(answered, lag_ms=self.lag_ms(), building=self.building))

    async def _answer(self, question: Question) -> AnsweredQuestion:
        """By one generation alone: the next may have another key, under which the words asked for are other tokens."""
        while self._has_recent.is_set() and (answering := self._answering) is not None:
            try:
                answered = await answering.answer(question)
            except Unavailable:
                if answering is self._answering:
                    raise
                continue
            if answering is self._answering:
                return answered
        raise opening()

    async def _order(self, payload: bytes) -> bytes:
        asked = _texts(payload)
        return pack(Order(await self._ranking.order(asked.q, asked.texts)))

    async def _state(self, _: bytes) -> bytes:
        return pack(self._working.shown(await self.state()))

    async def state(self) -> IndexState:
        """How it is. Raises Unavailable."""
        serving = await self.engine.serving()
        if serving is None:
            raise opening()
        return IndexState(
            engine=self.engine.name,
            index=f"{self.engine.name}-{serving.number}",
            generation=serving.number,
            key_id=serving.key_id,
            documents=serving.documents,
            lag_ms=self.lag_ms(),
            building=self.building,
        )

    async def _work(self, payload: bytes) -> bytes:
        work = _work(payload)
        if self._awaited is None:
            self._working.begin(work)
        return pack(self._working.shown(await self.state(), work.job))
