"""Two rooms and a conversation that belongs to care, in the memory of one process, with an index that hears of them
when it is told to: what happens in them, and what is found by then."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from typing_extensions import override

from actors.inboxes.kind import InboxKind
from actors.kernel.cluster.local import LocalCluster
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.library import StoredLibrary
from actors.rooms.conversation.binding import Bond
from actors.rooms.conversation.commands import Bar, Converse, FollowCare, Stead
from actors.rooms.conversation.policy import PLAIN
from actors.rooms.keeping.commands import Age, Expire, Overdue, RoomRetention
from actors.rooms.pairs import PairKind
from actors.rooms.room import commands as c
from actors.rooms.room.kind import RoomKind
from actors.rooms.safety.commands import TakeDown
from actors.rooms.service import Rooms
from actors.workflows.table import reactions_of
from common.clock import SystemClock
from common.errors import CarewireError
from config.settings import KernelSettings, RoomSettings
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.pages import CandidateList, PageStart
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
    IndexHit,
    Key,
    Keys,
    Node,
    Put,
    Term,
    Tree,
)
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.index import ServingGeneration, Written
from serve_app.capabilities.search.process.indexer import Indexer
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question
from serve_app.capabilities.search.sources.conversations import RoomFeeder
from serve_app.capabilities.search.sources.entry import Feeder, Opened, Reader, Scope
from serve_app.capabilities.search.sources.messages import MessageFeeder, MessageSource
from serve_app.capabilities.search.sources.permits import RoomPermits
from serve_app.follower.consumer import Turned
from serve_app.follower.source import TurnOpener
from store.memory.stores import memory_stores
from store.ports.holds import HOLDS, owner_of
from store.ports.views import Scalar, View

USERS: Final = ("ann", "bob", "cyd", "tess", "eve")
ROOMS: Final = ("r0", "r1")
TALK: Final = "talk"
"""The conversation of ann with tess, her therapist; eve stands in for tess at times."""
STEMS: Final = {"garden": "g", "gardens": "g", "heron": "h", "herons": "h", "quiet": "q", "pardon": "p", "pardons": "p"}
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
        hits = [IndexHit(one.key, one.version, one.at) for one in self._puts(filters) if _fits(one, tree)]
        return Found(tuple(hits[: how["limit"]]), len(hits) > how["limit"])

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        puts = self._puts(filters)
        counts = {term: sum(_matches(one, term) for one in puts) for term in terms}
        return {term: count for term, count in counts.items() if count}

    async def occurring(self, terms: Sequence[Term]) -> Collection[Term]:
        return (await self.count(terms, Filters())).keys()

    async def scan(self, filters: Filters, *, generation: int | None = None) -> AsyncIterator[Sequence[IndexHit]]:
        yield [IndexHit(one.key, one.version, one.at) for one in self._puts(filters)]

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


class Everywhere(MessageSource):
    """Whoever asks is asked for in all rooms."""

    @override
    async def scope(self, reader: Reader) -> Scope:
        return [()]


class Trusting(Everywhere):
    """The twin: what the index says is believed, and opened as the owner of the rooms sees it."""

    @override
    async def stand(self, candidates: Sequence[HitCandidate], reader: Reader) -> Mapping[str, bool]:
        return {one.id: True for one in candidates}

    @override
    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        return await super().open(ids, Reader(Principal("ann"), "", _everywhere))


class Keeping(Trusting):
    """Another twin: what was opened once is kept, and shown to whoever asks."""

    def __init__(self, *what: Any, **more: Any) -> None:
        super().__init__(*what, **more)
        self._kept: dict[str, Opened] = {}

    @override
    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        self._kept = {**await super().open(ids, reader), **self._kept}
        return {id_: self._kept[id_] for id_ in ids if id_ in self._kept}


class Ageless(RoomPermits):
    """One more: what a room has said of somebody once holds for ever."""

    @override
    async def _epochs(self, rooms: Sequence[str], reader: Reader) -> Mapping[str, tuple[int, int]]:
        return dict.fromkeys(rooms, (1, 0))


class Unturned:
    """Pages that nobody turns."""

    async def keep(self, note: CandidateList, user: str) -> bytes:
        return b""

    def cursor(self, place: PageStart, user: str, named: Sequence[object]) -> str:
        return ""


async def _everywhere(_: str) -> Mapping[str, int]:
    return dict.fromkeys((*ROOMS, TALK), 1)


class TickingClock(SystemClock):
    """Never the same millisecond twice."""

    def __init__(self) -> None:
        self._now_ms = super().now_ms()

    @override
    def now_ms(self) -> int:
        self._now_ms += 1
        return self._now_ms


_NOW: Final = RoomRetention(usual=Age(days=0))
_BEGIN: Final = Converse(
    relation="client_therapist",
    other="tess",
    policy=PLAIN,
    policy_version=1,
    therapist="tess",
    bond=Bond("care_1", 0, 1, "active"),
)


class Life:
    """Two rooms of ann's, and her conversation with tess; and who searches in them.

    It keeps account of what the house promises to whom (`promised`), from what has happened alone.
    """

    def __init__(self, source: type[MessageSource] = MessageSource, permits: type[RoomPermits] = RoomPermits) -> None:
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
        self._at: dict[tuple[str, int], str] = {}  # messages by room and seq
        self._seats: dict[str, dict[str, int]] = {room: {"ann": 0} for room in ROOMS} | {TALK: {"ann": 0, "tess": 0}}
        self._gone: set[str] = set()
        self._erased: set[str] = set()
        self._turns = dict.fromkeys((*ROOMS, TALK), 0)
        self._source, self._permits = source, permits
        self._care_version = 1
        self._held: list[str] = []
        self.fed = True

    async def __aenter__(self) -> "Life":
        await self._cluster.start()
        region = await self._cluster.region("lives", lambda _: None)
        self.rooms = Rooms(region, self._stores.views, self._clock)
        engine, blinder = cast("Engine", PlainEngine()), Blinder(IndexKey("k1", bytes(32)), ENGLISH)
        self._opening = TurnOpener(self._kinds, self._stores)
        library = StoredLibrary(self._kinds[0], self._stores)
        feeders: list[Feeder] = [RoomFeeder(), MessageFeeder(library)]
        self._indexer = Indexer(engine, feeders, self._all_of, lambda keys: answering.remembered.changed(keys))
        answering = Answering(ServingGeneration(engine, blinder), engine, self._clock, self._indexer.excluded.rooms)
        await self._indexer.begin(Written(engine, blinder, texts=True, number=1))
        unused: Any = None
        permits = self._permits(region, self._stores.views)
        self._search = Search(
            Direct(answering),
            {"messages": self._source(permits, library, self._stores.views, self._is_in_doubt)},
            self.rooms.joined,
            cast("Any", Unturned()),
            unused,
            unused,
            entities=region,
            analyser=ENGLISH,
        )
        for room in ROOMS:
            await self.rooms.create(room, c.Create(members=()), by=Principal("ann"))
        await self.rooms.ask(TALK, _BEGIN, by=Principal("ann", "client"))
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
                self._seats[room].setdefault(user, 0)
            case "remove":
                await self.rooms.ask(room, c.RemoveMember(user), by=owner)
                self._seats[room].pop(user, None)
            case "leave" if user != "ann":
                await self.rooms.ask(room, c.Leave(), by=by)
                self._seats[room].pop(user, None)
            case "say":
                posted = await self.rooms.ask(room, c.Post(body=words), by=by)
                self._said.append((room, posted.id, user))
                if isinstance(posted.seq, int):
                    self._at[room, posted.seq] = posted.id
            case "edit" if target is not None:
                await self.rooms.ask(target[0], c.Edit(target[1], words), by=Principal(target[2]))
            case "delete" if target is not None:
                await self.rooms.ask(target[0], c.RetractMessage(target[1]), by=owner)
                self._gone.add(target[1])
            case "take_down" if target is not None:
                await self.rooms.ask(target[0], TakeDown(message_id=target[1]), by=SYSTEM)
                self._gone.add(target[1])
            case "cover" | "cover_blindly":
                await self._care("active", Stead("eve", hidden=what == "cover_blindly"))
            case "active" | "paused" | "ended":
                await self._care(what)
            case "block" | "unblock":
                await self.rooms.ask(TALK, Bar("ann", "tess", what == "block"), by=SYSTEM)
            case "expire":
                await self._expire(room, 2 + which)
            case "hold" | "release":
                await self._hold(what == "hold")
            case "erase" if not self._held:
                await self._stores.vault.erase(user)
                self._erased.add(user)
            case "hide":
                await self.rooms.ask(room, c.Update(searchable=which % 2 == 0), by=owner)
            case "feed":
                await self.feed()

    async def _care(self, state: str, *covers: Stead) -> None:
        self._care_version += 1
        bond = Bond("care_1", 0, self._care_version, state)
        await self.rooms.ask(TALK, FollowCare(bond, covers=covers), by=SYSTEM)
        for one in covers:
            self._seats[TALK].setdefault(one.user, len(self._said) if one.hidden else 0)
        if not covers:
            self._seats[TALK].pop("eve", None)

    async def _expire(self, room: str, limit: int) -> None:
        """The oldest of a room have had their time."""
        due = await self.rooms.ask(room, Overdue(terms=_NOW, limit=limit), by=SYSTEM)
        await self.rooms.ask(room, Expire(terms=_NOW, seqs=due.seqs, upto=due.upto), by=SYSTEM)
        self._gone |= {self._at[room, seq] for seq in due.seqs}

    async def _hold(self, placed: bool) -> None:
        """On the words of all rooms; what goes while it lasts is kept for whoever exports it, and for nobody else."""
        if placed == bool(self._held):
            return
        for room in self._turns:
            hold = f"lgh_{room}"
            fields: dict[str, Scalar] = {"hold": hold, "active": placed, "user": None, "room": room, "case": None}
            await self._stores.views.write([View(HOLDS, hold, self._clock.now_ms(), fields)])
            if not placed:
                await self._stores.vault.erase(owner_of(hold))
        self._held = list(self._turns) if placed else []

    async def feed(self) -> None:
        """The index hears of everything."""
        for room in self._turns:
            turns = await self._stores.journal.turns(f"room:{room}", after=self._turns[room], limit=1000)
            if turns:
                self._turns[room] = turns[-1].turn
                await self._indexer.take(await self._opening.open(turns))
        self.fed = True

    async def _all_of(self, entity: str) -> Sequence[Turned]:
        return await self._opening.open(await self._stores.journal.turns(entity, after=0, limit=1000))

    async def _is_in_doubt(self) -> bool:
        return bool(self._erased)

    async def found(self, user: str, q: str, limit: int = 50) -> SearchPage:
        """What search says."""
        wanted = wanted_of(Ask(q=q, type="messages", facets="room_id", limit=limit), ["messages"])
        return await self._search.search(wanted, by=Principal(user), trace="")

    def promised(self, user: str) -> set[str]:
        """What somebody may read at this moment, by all that has happened."""
        return {
            id_
            for place, (room, id_, sender) in enumerate(self._said)
            if place >= self._seats[room].get(user, len(self._said))
            and id_ not in self._gone
            and sender not in self._erased
        }

    async def readable(self, user: str) -> dict[str, tuple[str, str]]:
        """All that a person can read where search is allowed, by its id: room, and words."""
        seen: dict[str, tuple[str, str]] = {}
        for room in self._turns:
            try:
                line = await self.rooms.ask(room, c.Glance(), by=Principal(user))
                page = await self.rooms.ask(room, c.History(limit=200), by=Principal(user))
            except CarewireError:
                continue
            if line.room.searchable:
                seen |= {one.id: (room, one.body) for one in page.messages if one.deleted_at is None}
        return seen
