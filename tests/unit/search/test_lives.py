"""Lives of rooms, with searches in between: what is found, counted and corrected is what a plain look through all that
the caller may read at that moment finds. The index lags behind, or not: what it believes never shows."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA
from typing_extensions import override

from actors.inboxes.kind import InboxKind
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import Principal
from actors.kernel.history.library import StoredLibrary
from actors.rooms.pairs import PairKind
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.rooms.service import Rooms
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from common.errors import CarewireError
from config.settings import KernelSettings, RoomSettings
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import wanted_of
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.doors.answers import SearchPage
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.port import (
    Among,
    Applied,
    Best,
    Change,
    Condition,
    Engine,
    Every,
    Filters,
    Found,
    Hit,
    Key,
    Keys,
    Node,
    Put,
    Term,
    Tree,
)
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.index import Asked, Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.questions import AnsweredQuestion, Question
from serve_app.capabilities.search.sources.conversations import RoomFeeder
from serve_app.capabilities.search.sources.entry import Feeder, Opened, Reader, Scope
from serve_app.capabilities.search.sources.messages import MessageFeeder, MessageSource
from serve_app.follower.consumer import Turned
from serve_app.follower.source import TurnOpener
from store.memory.stores import memory_stores
from tests.simulation.loop import VirtualLoop, run

USERS: Final = ("ann", "bob", "cyd")
ROOMS: Final = ("r0", "r1")
STEMS: Final = {"garden": "g", "gardens": "g", "heron": "h", "herons": "h", "quiet": "q", "pardon": "p", "pardons": "p"}
QUERIES: Final = (*STEMS, "gardem", "heran", "quieet")
ENGLISH: Final = Analyser()


class PlainEngine:
    """An engine that looks at every document."""

    name = "plain"

    def __init__(self) -> None:
        self._known: dict[Key, Change] = {}

    async def apply(self, changes: Sequence[Change], *, generation: int | None = None) -> Applied:
        for one in changes:
            known = self._known.get(one.key)
            if known is None or one.version >= known.version:
                self._known[one.key] = one
        return Applied()

    async def find(self, tree: Tree, filters: Filters, **how: Any) -> Found:
        hits = [Hit(one.key, one.version, one.at) for one in self._puts(filters) if _fits(one, tree)]
        return Found(tuple(hits[: how["limit"]]), len(hits) > how["limit"])

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        puts = self._puts(filters)
        counts = {term: sum(_matches(one, term) for one in puts) for term in terms}
        return {term: count for term, count in counts.items() if count}

    async def scan(self, filters: Filters, *, generation: int | None = None) -> AsyncIterator[Sequence[Hit]]:
        yield [Hit(one.key, one.version, one.at) for one in self._puts(filters)]

    def _puts(self, filters: Filters) -> list[Put]:
        return [one for one in self._known.values() if isinstance(one, Put) and _passes(one, filters)]


def _passes(one: Put, filters: Filters) -> bool:
    either = [all(_holds(one, condition) for condition in some) for some in filters.either]
    return all(_holds(one, condition) for condition in filters.every) and (not either or any(either))


def _holds(one: Put, condition: Condition) -> bool:
    match condition:
        case Among(name="type", values=values):
            return one.key.type in values
        case Among(name=name, values=values):
            return not values.isdisjoint(one.filters.get(name, ()))
        case Keys(keys=keys):
            return one.key in keys
    return (condition.since or 0) <= one.at < (condition.until or one.at + 1)


def _fits(one: Put, tree: Tree) -> bool:
    if any(_matches(one, node) for node in tree.never) or not all(_matches(one, node) for node in tree.must):
        return False
    return bool(tree.must) or not tree.some or any(_matches(one, node) for node in tree.some)


def _matches(one: Put, node: Node) -> bool:
    match node:
        case Term(token=token, field=field):
            return token in (one.words if field == "words" else one.beginnings)
        case Best(terms=terms):
            return any(_matches(one, term) for term in terms)
        case Every(parts=parts):
            return all(_matches(one, part) for part in parts)


class Direct:
    """The way to the index, without a way."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    async def find(self, question: Question) -> AnsweredQuestion:
        return await self._answering.answer(question)

    async def order(self, q: str, texts: Sequence[str]) -> Sequence[int]:
        return range(len(texts))


class Trusting(MessageSource):
    """The twin: what the index says is believed, and opened as the owner of the rooms sees it."""

    @override
    async def scope(self, reader: Reader) -> Scope:
        return [()]

    @override
    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        return await super().open(ids, Reader(Principal("ann"), "", _nowhere))


async def _nowhere(_: str) -> Sequence[str]:
    return ()


class TickingClock(SystemClock):
    """Never the same millisecond twice."""

    def __init__(self) -> None:
        self._now_ms = super().now_ms()

    @override
    def now_ms(self) -> int:
        self._now_ms += 1
        return self._now_ms


class Life:
    """Two rooms of ann's, and who searches in them."""

    def __init__(self, *, trusting: bool = False) -> None:
        self._clock = TickingClock()
        self._kinds = (RoomKind(RoomSettings()), PairKind(), InboxKind())
        indexes = [index for kind in self._kinds for index in kind.indexes]
        self._stores = memory_stores(self._clock, indexes)
        self._cluster = LocalCluster(
            self._stores,
            self._kinds,
            settings=KernelSettings(linger_ms=0),
            clock=self._clock,
            reactions=reactions_of(["room"]),
            shards=1,
        )
        self._said: list[tuple[str, str, str]] = []  # room, message, sender
        self._turns = dict.fromkeys(ROOMS, 0)
        self._trusting = trusting
        self.fed = True

    async def __aenter__(self) -> "Life":
        await self._cluster.start()
        region = await self._cluster.region("lives", lambda _: None)
        self.rooms = Rooms(region, self._stores.views, self._clock)
        engine, blinder = cast("Engine", PlainEngine()), Blinder(IndexKey("k1", bytes(32)), ENGLISH)
        self._opening = TurnOpener(self._kinds, self._stores)
        library = StoredLibrary(self._kinds[0], self._stores)
        answering = Answering(Asked(engine, blinder), engine, self._clock)
        feeders: list[Feeder] = [RoomFeeder(), MessageFeeder(library)]
        self._indexer = Indexer(engine, feeders, self._all_of, answering.remembered.changed)
        await self._indexer.begin(Written(engine, blinder, texts=True, number=1))
        unused: Any = None
        self._search = Search(
            Direct(answering),
            {"messages": (Trusting if self._trusting else MessageSource)(region)},
            self.rooms.memberships,
            unused,
            unused,
            unused,
            entities=region,
            analyser=ENGLISH,
        )
        for room in ROOMS:
            await self.rooms.create(room, c.Create(members=()), by=Principal("ann"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._cluster.stop()

    async def do(self, deed: Sequence[Any]) -> None:
        """One thing; what the room refuses did not happen."""
        self.fed = False
        with suppress(CarewireError):
            await self._do(*deed)

    async def _do(self, what: str, room: str, user: str, words: str, which: int) -> None:
        by, owner = Principal(user), Principal("ann")
        target = self._said[which % len(self._said)] if self._said else None
        match what:
            case "add":
                await self.rooms.ask(room, c.AddMembers((user,)), by=owner)
            case "remove":
                await self.rooms.ask(room, c.RemoveMember(user), by=owner)
            case "leave" if user != "ann":
                await self.rooms.ask(room, c.Leave(), by=by)
            case "say":
                posted = await self.rooms.ask(room, c.Post(body=words), by=by)
                self._said.append((room, posted.id, user))
            case "edit" if target is not None:
                await self.rooms.ask(target[0], c.Edit(target[1], words), by=Principal(target[2]))
            case "delete" if target is not None:
                await self.rooms.ask(target[0], c.Delete(target[1]), by=owner)
            case "hide":
                await self.rooms.ask(room, c.Update(searchable=which % 2 == 0), by=owner)
            case "feed":
                await self.feed()

    async def feed(self) -> None:
        """The index hears of everything."""
        for room in ROOMS:
            turns = await self._stores.journal.turns(f"room:{room}", after=self._turns[room], limit=1000)
            if turns:
                self._turns[room] = turns[-1].turn
                await self._indexer.take(await self._opening.open(turns))
        self.fed = True

    async def _all_of(self, entity: str) -> Sequence[Turned]:
        return await self._opening.open(await self._stores.journal.turns(entity, after=0, limit=1000))

    async def found(self, user: str, q: str) -> SearchPage:
        """What search says."""
        wanted = wanted_of(Ask(q=q, type="messages", facets="room_id", limit=50), ["messages"])
        return await self._search.search(wanted, by=Principal(user), trace="")

    async def readable(self, user: str) -> dict[str, tuple[str, str]]:
        """All that a person can read where search is allowed, by its id: room, and words."""
        seen: dict[str, tuple[str, str]] = {}
        for room in ROOMS:
            try:
                line = await self.rooms.ask(room, c.Glance(), by=Principal(user))
                page = await self.rooms.ask(room, c.History(limit=200), by=Principal(user))
            except CarewireError:
                continue
            if line.room.searchable:
                seen |= {one.id: (room, one.body) for one in page.messages if one.deleted_at is None}
        return seen


def plain_scan(readable: Mapping[str, tuple[str, str]], q: str) -> dict[str, str]:
    """Messages that say it, by id, with their room; if none does, those that say it but for one slip."""
    stem = STEMS.get(q, q)
    said = {id_: room for id_, (room, body) in readable.items() if any(STEMS[one] == stem for one in body.split())}
    if said:
        return said
    return {id_: room for id_, (room, body) in readable.items() if any(_is_slip(q, one) for one in body.split())}


def _is_slip(q: str, word: str) -> bool:
    return any(OSA.distance(q, form) == 1 for form, stem in STEMS.items() if stem == STEMS[word])


DEEDS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "add", "remove", "leave", "say", "say", "say", "say", "edit", "delete", "hide", "feed"]
        ),
        st.sampled_from(ROOMS),
        st.sampled_from(USERS),
        st.lists(st.sampled_from(sorted(STEMS)), min_size=1, max_size=3).map(" ".join),
        st.integers(0, 20),
    ),
    min_size=5,
    max_size=16,
)


async def _judge(life: Life, user: str, q: str) -> None:
    page, readable = await life.found(user, q), await life.readable(user)
    ids = {hit.id for hit in page.hits}
    assert ids <= set(readable)
    assert page.total.value == len(ids)
    rooms = Counter(readable[id_][0] for id_ in ids)
    assert page.facets is not None
    assert {one.value: one.count for one in page.facets["room_id"]} == rooms
    for one in page.corrected:
        assert any(one.to in (hit.snippet or "").split() for hit in page.hits)
    if life.fed:
        assert ids == set(plain_scan(readable, q)), (q, user)


@settings(max_examples=15, deadline=None)
@given(DEEDS, st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(QUERIES)), min_size=1, max_size=4))
def test_what_is_found_is_what_a_plain_look_through_all_that_one_may_read_finds(
    deeds: list[tuple[Any, ...]], asked: list[tuple[str, str]]
) -> None:
    async def lived() -> None:
        async with Life() as life:
            for number, deed in enumerate(deeds):
                await life.do(deed)
                await _judge(life, *asked[number % len(asked)])
            await life.feed()
            for user, q in asked:
                await _judge(life, user, q)

    run(VirtualLoop(), lived())


async def test_who_believes_the_index_shows_what_is_no_longer_theirs() -> None:
    for trusting in (False, True):
        async with Life(trusting=trusting) as life:
            await life.do(("add", "r0", "bob", "", 0))
            await life.do(("say", "r0", "ann", "quiet heron", 0))
            await life.feed()
            assert [hit.snippet for hit in (await life.found("bob", "heron")).hits] == ["quiet heron"]
            await life.do(("remove", "r0", "bob", "", 0))
            assert bool((await life.found("bob", "heron")).hits) is trusting
