"""The search process without Ray: the index, whoever feeds it, and whoever is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import AnyKind
from common.clock import Clock
from common.errors import Unavailable
from common.net.ports import PortRange
from common.net.tls import NodeTls
from config.settings import Settings
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.meaning.ranking import Ranking
from serve_app.capabilities.search.port import Engine, Generation
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.feeding import PeopleFollowing
from serve_app.capabilities.search.process.index import Asked, Written
from serve_app.capabilities.search.process.indexer import NAME, Indexer
from serve_app.capabilities.search.process.keys import IndexKeys
from serve_app.capabilities.search.process.link import FIND, ORDER, STATE, WORK, SearchListener
from serve_app.capabilities.search.process.metrics import SearchMetrics
from serve_app.capabilities.search.process.questions import (
    AnsweredQuestion,
    IndexerJob,
    Order,
    Question,
    State,
    Texts,
    kind_of,
    pack,
)
from serve_app.capabilities.search.process.working import Everything, Working
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
_question: Final = msgspec.msgpack.Decoder(Question).decode
_work: Final = msgspec.msgpack.Decoder(IndexerJob).decode
_texts: Final = msgspec.msgpack.Decoder(Texts).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchContext:
    """What the process has. `kinds`: of all pools. `root`: what keys are derived from."""

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
        self.engine, self._positions = engine, Positions(database)
        self._analyser = Analyser(settings.languages)
        self._texts = settings.prefixes == "all"
        self._keys = IndexKeys(database, stores.vault)
        directory = directory_of(database, stores, context.clock, context.root)
        self._opening = TurnOpener(context.kinds, stores)
        self._database = database
        everybody = people_feeder(directory, context.region, context.clock)
        feeders = feeders_of(context.kinds, stores, context.region, directory, everybody=everybody)
        self._indexer = Indexer(engine, feeders, self._turns_of)
        self._people = PeopleFollowing(database, everybody, lambda fed: self._indexer.apply(fed))
        self._standing = standing_of(context.region, everybody)
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
        self._working = Working(
            engine,
            self._indexer,
            Everything(self._indexer, Past(database, stores, self._opening), self._standing),
            self._begun,
            keys=self._keys,
            database=database,
            clock=context.clock,
            drifted=metrics.drift.set,
        )
        self._seconds = metrics.seconds
        self._answering: Answering | None = None
        self._generation: Generation | None = None
        self._ranking = Ranking()
        answers = {FIND: self._find, STATE: self._state, WORK: self._work}
        self._listener = SearchListener(database, answers | ({ORDER: self._order} if settings.rerank else {}))

    async def start(self, host: str, ports: PortRange | None, tls: NodeTls | None) -> None:
        """Open the index, or begin one; answer; read on. Raises StartupError, Unavailable."""
        await self.engine.start()
        await self._open()
        await self._listener.start(host, ports, tls)
        await self._follower.start()
        for standing in self._standing:
            async for page in standing.all():
                await self._indexer.apply(page)
        await self._people.start()

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        await self._listener.stop()
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
        return not self._follower.has_caught_up(NAME)

    def lag_ms(self) -> int:
        """How old the oldest change is that is not in it yet."""
        return round(self._follower.lag_s(NAME) * 1000)

    async def _open(self) -> None:
        """What serves, if it can be asked; else an empty one, which is filled from the beginning of everything."""
        serving = await self.engine.serving()
        for one in await self.engine.generations():
            if serving is None or one.number != serving.number:
                await self.engine.drop(one.number)
        key = None if serving is None else await self._keys.get(serving.key_id)
        if serving is None or key is None or serving.analysis != self._analyser.version:
            key = await self._keys.make()
            former, number = serving, 1 if serving is None else serving.number + 1
            serving = Generation(number, key.id, self._analyser.version)
            await self._positions.forget(NAME)
            await self.engine.create(serving)
            await self.engine.swap(serving.number)
            if former is not None:
                await self.engine.drop(former.number)
                await self._keys.destroy(former.key_id)
        await self._begun(serving, Blinder(key, self._analyser))

    async def _begun(self, generation: Generation, blinder: Blinder) -> None:
        """This one serves from now on."""
        self._generation = generation
        self._answering = Answering(Asked(self.engine, blinder), self.engine)
        self._working.serves(blinder, texts=self._texts)
        await self._indexer.begin(Written(self.engine, blinder, texts=self._texts))

    async def _turns_of(self, entity: str) -> Sequence[Turned]:
        return await self._opening.open(await turns_since(self._database, entity, 0))

    async def _find(self, payload: bytes) -> bytes:
        question = _question(payload)
        with self._seconds.labels(kind_of(question)).time():
            answered = await self._answer(question)
        return pack(msgspec.structs.replace(answered, lag_ms=self.lag_ms(), building=self.building))

    async def _answer(self, question: Question) -> AnsweredQuestion:
        """By one generation alone: the next may have another key, under which the words asked for are other tokens."""
        while (answering := self._answering) is not None:
            try:
                answered = await answering.answer(question)
            except Unavailable:
                if answering is self._answering:
                    raise
                continue
            if answering is self._answering:
                return answered
        raise Unavailable("The index is being opened. Please try again in a moment.", retry_after_s=1.0)

    async def _order(self, payload: bytes) -> bytes:
        asked = _texts(payload)
        return pack(Order(await self._ranking.order(asked.q, asked.texts)))

    async def _state(self, _: bytes) -> bytes:
        return pack(await self.state())

    async def state(self) -> State:
        """How it is. Raises Unavailable."""
        serving = await self.engine.serving()
        if serving is None:
            raise Unavailable("The index is being opened. Please try again in a moment.", retry_after_s=1.0)
        plain = State(
            engine=self.engine.name,
            index=f"{self.engine.name}-{serving.number}",
            generation=serving.number,
            key_id=serving.key_id,
            documents=serving.documents,
            lag_ms=self.lag_ms(),
            building=self.building,
        )
        return self._working.shown(plain)

    async def _work(self, payload: bytes) -> bytes:
        work = _work(payload)
        self._working.begin(work)
        return pack(self._working.shown(await self.state(), work.job))
