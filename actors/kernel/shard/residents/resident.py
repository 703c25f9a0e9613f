"""An entity in memory, and what happens to it within one turn. Plain data; the shard moves it along."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from actors.kernel.contract.callers import StoredReply, WaitingCommand
from actors.kernel.contract.entity import Query
from actors.kernel.contract.protocol import ItemAnswer
from actors.kernel.history.codec import encode_timers
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.residents.life import Life
from store.ports.journal import CommandRecord, Turn
from store.ports.timers import Timer


@dataclass(slots=True, eq=False)
class Resident:
    """One entity in memory. `turn` and `version` are those of the last turn stored and applied; `life` says who may
    touch it."""

    id: str
    runtime: KindRuntime
    partition: int
    entity: Any = None
    version: int = 0
    turn: int = 0
    at_ms: int = 0
    life: Life = field(default_factory=Life)
    mailbox: deque[WaitingCommand] = field(default_factory=deque)
    parts: OrderedDict[str, object] = field(default_factory=OrderedDict)
    turns_since_snapshot: int = 0
    used_s: float = 0.0

    @property
    def key(self) -> str:
        """The id without its kind."""
        return self.id.partition(":")[2]

    def forget(self) -> None:
        """Drop what memory believes; the mailbox stays."""
        self.entity = None
        self.parts.clear()

    def assume_new(self) -> None:
        """An entity to which nothing has happened yet; the fence of its first turn tells whether it is so."""
        self.entity = self.runtime.kind.create(self.key)
        self.version = self.turn = self.at_ms = 0
        self.life.assume_new()

    def trim_parts(self, most: int) -> None:
        """Keep the parts used last."""
        while len(self.parts) > most:
            self.parts.popitem(last=False)


class Decided(msgspec.Struct, eq=False, kw_only=True):
    """One submission with its outcome, held back until the turn is stored."""

    submission: WaitingCommand
    answer: ItemAnswer | None  # None: `query` is to be answered from storage first
    version: int
    query: Query | None = None
    deliveries: Sequence[tuple[int, bytes]] = ()  # (version, encoded Delivery)


@dataclass(slots=True)
class Missing:
    """The things to fetch before a command can be decided."""

    parts: Sequence[str] = ()
    subjects: Sequence[str] = ()
    replies: bool = False  # was one of the waiting commands carried out before?
    state: bool = False  # it was only assumed to be new


@dataclass(slots=True)
class TurnDraft:
    """The draft of one entity's turn: a `Turn` in the making, and the answers that wait for it."""

    resident: Resident
    first_seq: int
    at_ms: int
    events: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    commands: list[CommandRecord] = field(default_factory=list)
    effects: list[bytes] = field(default_factory=list)
    primary: int = 0
    redacts: bool = False  # among its effects are redactions, which take their time
    counted: list[tuple[str, str]] = field(default_factory=list)  # see `Kind.counted`
    timers: list[Timer] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)  # keys of the activities that are over with it
    refused_answers: int = 0  # of those, how many their entity would not hear
    decided: list[Decided] = field(default_factory=list)
    replies: dict[bytes, StoredReply] = field(default_factory=dict)
    size: int = 0
    missing: Missing | None = None
    turn: Turn | None = None  # as it was handed to the journal
    broken: WaitingCommand | None = None  # met a bug: the draft must not be stored, memory not be trusted

    @property
    def version(self) -> int:
        """The entity's version with this draft applied."""
        return self.first_seq + len(self.events) - 1

    @property
    def writes(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.commands)

    def close(self) -> Turn:
        """The turn as the journal takes it. Its timers are owed with it, as effects are."""
        timers = (encode_timers(self.timers),) if self.timers else ()
        self.turn = Turn(
            entity=self.resident.id,
            turn=self.resident.turn + 1,
            first_seq=self.first_seq,
            at_ms=self.at_ms,
            partition=self.resident.partition,
            events=tuple(self.events),
            notes=tuple(self.notes),
            commands=tuple(self.commands),
            primary=self.primary,
            effects=(*self.effects, *timers),
        )
        return self.turn
