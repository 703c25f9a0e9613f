"""Storage in memory: verified fakes. `tests/contract` runs one suite on these and on MongoDB.

They never wait and need no event loop, so a simulation can drive their coroutines by hand. To inject failures, wrap
them: they have no switches of their own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.clock import Clock, SystemClock
from common.errors import Conflict
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault, MemoryKeyStore
from store.holders import is_dead
from store.ports.feed_tokens import MemoryFeedTokens
from store.ports.journal import Loaded, Outcome, Snapshot, Turn, check_appendable
from store.ports.leases import HeldLease, Holder, Lease
from store.ports.maps import PartitionMap
from store.ports.stores import Stores
from store.ports.timers import Timer
from store.ports.views import Index, View, ViewQuery

Scalar = str | int | bool | None


@dataclass(slots=True)
class _Log:
    """The turns of one entity, in order."""

    numbers: list[int] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def position(self, turn: int) -> int | None:
        at = bisect_left(self.numbers, turn)
        return at if at < len(self.numbers) and self.numbers[at] == turn else None

    def insert(self, turn: Turn) -> None:
        at = bisect_left(self.numbers, turn.turn)
        self.numbers.insert(at, turn.turn)
        self.turns.insert(at, turn)

    def above(self, seq: int) -> int:
        """Position of the first turn whose last event is above `seq`."""
        return bisect_right(self.turns, seq, key=lambda turn: turn.last_seq)

    def holding(self, seq: int) -> int | None:
        """Position of the turn that holds this event."""
        at = self.above(seq - 1)
        return at if at < len(self.turns) and self.turns[at].first_seq <= seq else None


_EMPTY = _Log()


class MemoryJournal:
    """The journal as Python lists. Behaves as `MongoJournal` does, but never answers UNKNOWN by itself."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}
        self._replies: dict[bytes, bytes] = {}
        self._unsettled: set[tuple[str, int]] = set()
        self._snapshots: dict[str, Snapshot] = {}

    async def append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        check_appendable(turns)
        return {turn.entity: self._append(turn) for turn in turns}

    def _append(self, turn: Turn) -> Outcome:
        log = self._logs.get(turn.entity, _EMPTY)
        if log.position(turn.turn) is not None or any(command.id in self._replies for command in turn.commands):
            return Outcome.REFUSED
        self._logs.setdefault(turn.entity, _Log()).insert(turn)
        for command in turn.commands:
            self._replies.setdefault(command.id, command.reply)
        if turn.effects:
            self._unsettled.add((turn.entity, turn.turn))
        return Outcome.STORED

    async def load(self, entities: Sequence[str]) -> Mapping[str, Loaded]:
        return {entity: self._load(entity) for entity in entities}

    def _load(self, entity: str) -> Loaded:
        snapshot = self._snapshots.get(entity)
        log = self._logs.get(entity, _EMPTY)
        start = bisect_right(log.numbers, snapshot.turn) if snapshot is not None else 0
        return Loaded(snapshot, tuple(log.turns[start:]))

    async def replies(self, command_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {id_: self._replies[id_] for id_ in command_ids if id_ in self._replies}

    async def after(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        log = self._logs.get(entity, _EMPTY)
        start = log.above(seq)
        return [_bare(turn) for turn in log.turns[start : start + limit]]

    async def before(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        log = self._logs.get(entity, _EMPTY)
        end = bisect_left(log.turns, seq, key=lambda turn: turn.first_seq)
        return [_bare(turn) for turn in reversed(log.turns[:end]) if turn.primary][:limit]

    async def at(self, entity: str, seqs: Sequence[int]) -> list[Turn]:
        log = self._logs.get(entity, _EMPTY)
        held = {log.holding(seq) for seq in seqs} - {None}
        return [_bare(turn) for position, turn in enumerate(log.turns) if position in held]

    async def heads(self, entities: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        last = {entity: self._logs[entity].turns[-1] for entity in entities if entity in self._logs}
        return {entity: (turn.last_seq, turn.at_ms) for entity, turn in last.items()}

    async def redact(self, entity: str, events: Mapping[int, bytes]) -> None:
        log = self._logs.get(entity, _EMPTY)
        for seq, blob in events.items():
            if (position := log.holding(seq)) is not None:
                turn = log.turns[position]
                blobs = list(turn.events)
                blobs[seq - turn.first_seq] = blob
                log.turns[position] = replace(turn, events=tuple(blobs))

    async def settle(self, turns: Iterable[tuple[str, int]]) -> None:
        for entity, number in turns:
            if (entity, number) in self._unsettled:
                self._unsettled.discard((entity, number))
                log = self._logs[entity]
                position = bisect_left(log.numbers, number)
                log.turns[position] = replace(log.turns[position], effects=())

    async def unsettled(self, partitions: Sequence[int], *, limit: int, before_ms: int | None = None) -> list[Turn]:
        wanted = set(partitions)
        found = [self._turn(entity, number) for entity, number in sorted(self._unsettled)]
        found = [turn for turn in found if turn.partition in wanted and (before_ms is None or turn.at_ms < before_ms)]
        return sorted(found, key=lambda turn: turn.partition)[:limit]

    def _turn(self, entity: str, number: int) -> Turn:
        log = self._logs[entity]
        return log.turns[bisect_left(log.numbers, number)]

    async def save(self, snapshots: Sequence[Snapshot]) -> None:
        for snapshot in snapshots:
            old = self._snapshots.get(snapshot.entity)
            if old is None or old.turn < snapshot.turn:
                self._snapshots[snapshot.entity] = snapshot

    async def entities(self, prefix: str, *, after: str, limit: int) -> list[str]:
        return sorted(
            entity
            for entity, log in self._logs.items()
            if entity.startswith(prefix) and entity > after and log.position(1) is not None
        )[:limit]

    async def turns(self, entity: str, *, after: int, limit: int) -> list[Turn]:
        log = self._logs.get(entity, _EMPTY)
        start = bisect_right(log.numbers, after)
        return log.turns[start : start + limit]


def _bare(turn: Turn) -> Turn:
    return replace(turn, commands=(), effects=()) if turn.commands or turn.effects else turn


def _rank(value: Scalar) -> tuple[int, str | int]:
    """Equality and order as MongoDB has them: null, numbers, strings, booleans; never 1 == True."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 3, value
    return (2, value) if isinstance(value, str) else (1, value)


def _field(view: View, name: str) -> Scalar:
    return view.version if name == "version" else view.fields.get(name)


class MemoryViews:
    """Read models as dictionaries. It knows of indexes only to refuse what a unique one would."""

    def __init__(self, indexes: Sequence[Index] = ()) -> None:
        self._collections: dict[str, dict[str, View]] = {}
        self._unique = [index for index in indexes if index.unique]

    async def write(self, views: Sequence[View]) -> None:
        refused = [view for view in views if not self._write(view)]
        if refused:
            raise Conflict("This is taken.", collection=refused[0].collection)

    def _write(self, view: View) -> bool:
        collection = self._collections.setdefault(view.collection, {})
        old = collection.get(view.id)
        if old is None or old.version < view.version:
            if any(self._clash(index, view, other) for index in self._unique for other in collection.values()):
                return False
            collection[view.id] = view
        return True

    @staticmethod
    def _clash(index: Index, new: View, other: View) -> bool:
        if index.collection != new.collection or other.id == new.id:
            return False
        return all(_rank(_field(new, name)) == _rank(_field(other, name)) for name in index.fields)

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        documents = self._collections.get(collection, {})
        return {id_: documents[id_] for id_ in ids if id_ in documents}

    async def find(self, query: ViewQuery) -> list[View]:
        def place(view: View) -> tuple[tuple[int, str | int], str]:
            return _rank(_field(view, query.order_by)), view.id

        found = [view for view in self._collections.get(query.collection, {}).values() if _fits(view, query)]
        return sorted(found, key=place, reverse=query.descending)[: query.limit]


def _fits(view: View, query: ViewQuery) -> bool:
    if any(_rank(_field(view, name)) != _rank(value) for name, value in query.equal.items()):
        return False
    rank = _rank(_field(view, query.order_by))
    above, below = query.above, query.below
    return (above is None or _before(_rank(above), rank)) and (below is None or _before(rank, _rank(below)))


def _before(low: tuple[int, str | int], high: tuple[int, str | int]) -> bool:
    """Are they of one type, and does `low` come strictly before `high`? A bound keeps values of its own type only."""
    return low[0] == high[0] and low < high


class MemoryTimers:
    """Alarms in a dictionary."""

    def __init__(self) -> None:
        self._timers: dict[str, Timer] = {}

    async def put(self, timers: Sequence[Timer]) -> None:
        self._timers.update((timer.id, timer) for timer in timers)

    async def drop(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._timers.pop(id_, None)

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        wanted = set(partitions)
        found = [t for t in self._timers.values() if t.due_ms < before_ms and t.partition in wanted]
        return sorted(found, key=lambda timer: (timer.due_ms, timer.id))[:limit]


@dataclass(slots=True)
class _Held:
    holder: Holder | None
    epoch: int
    until_s: float


class MemoryLeases:
    """Leases by the monotonic time of the clock given, which plays the database's."""

    def __init__(self, clock: Clock | None = None, dead: Callable[[Holder], bool] = is_dead) -> None:
        self._clock = clock or SystemClock()
        self._dead = dead
        self._leases: dict[str, _Held] = {}

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        now_s = self._clock.monotonic_s()
        held = self._leases.setdefault(name, _Held(None, 0, now_s))
        if held.holder is None or held.holder.id != holder.id:
            if held.holder is not None and held.until_s > now_s and not self._dead(held.holder):
                return None
            held.epoch += 1
        held.holder, held.until_s = holder, now_s + ttl_s
        return Lease(name, holder.id, held.epoch, ttl_s)

    async def renew(self, lease: Lease) -> bool:
        if (held := self._own(lease)) is None:
            return False
        held.until_s = self._clock.monotonic_s() + lease.ttl_s
        return True

    async def release(self, lease: Lease) -> None:
        if (held := self._own(lease)) is not None:
            held.holder = None

    async def held(self) -> Sequence[HeldLease]:
        now_s = self._clock.monotonic_s()
        return [
            HeldLease(name, held.holder, held.until_s - now_s)
            for name, held in sorted(self._leases.items())
            if held.holder is not None and held.until_s > now_s and not self._dead(held.holder)
        ]

    def _own(self, lease: Lease) -> _Held | None:
        held = self._leases.get(lease.name)
        if held is None or held.holder is None or (held.holder.id, held.epoch) != (lease.holder, lease.epoch):
            return None
        return held


class MemoryPartitionMaps:
    """The maps of all pools in a dictionary."""

    def __init__(self) -> None:
        self._maps: dict[str, PartitionMap] = {}

    async def read(self, pool: str) -> PartitionMap | None:
        return self._maps.get(pool)

    async def write(self, new: PartitionMap) -> PartitionMap:
        old = self._maps.get(new.pool)
        if (old.epoch if old is not None else 0) == new.epoch - 1:
            self._maps[new.pool] = new
        elif old is None:
            raise ValueError("the first map of a pool has epoch 1")
        return self._maps[new.pool]


def memory_stores(clock: Clock | None = None, indexes: Sequence[Index] = ()) -> Stores:
    """Everything a shard needs of storage, in this process's memory. Cheap enough for one per simulated run."""
    return Stores(
        journal=MemoryJournal(),
        views=MemoryViews(indexes),
        timers=MemoryTimers(),
        leases=MemoryLeases(clock),
        maps=MemoryPartitionMaps(),
        vault=KeyringVault(MemoryKeyStore(), MasterKeys.generate(), clock or SystemClock()),
        feed_tokens=MemoryFeedTokens(clock or SystemClock()),
    )
