"""The journal in memory: the turns of each entity, in order."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from store.ports.journal import Loaded, Outcome, Snapshot, Turn, check_appendable


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

    async def across(self, places: Sequence[tuple[str, int]]) -> list[Turn]:
        wanted = {entity: [seq for other, seq in places if other == entity] for entity, _ in places}
        return [turn for entity, seqs in wanted.items() for turn in await self.at(entity, seqs)]

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

    async def unsettled(
        self, partitions: Sequence[int], *, limit: int, before_ms: int | None = None, after: Turn | None = None
    ) -> list[Turn]:
        wanted = set(partitions)
        found = [self._turn(entity, number) for entity, number in self._unsettled]
        found = [turn for turn in found if turn.partition in wanted and (before_ms is None or turn.at_ms < before_ms)]
        if after is not None:
            found = [turn for turn in found if _place(turn) > _place(after)]
        return sorted(found, key=_place)[:limit]

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


def _place(turn: Turn) -> tuple[int, str, int]:
    return turn.partition, turn.entity, turn.turn


def _bare(turn: Turn) -> Turn:
    return replace(turn, commands=(), effects=()) if turn.commands or turn.effects else turn
