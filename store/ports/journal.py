"""What the kernel asks of storage: pure types and the protocols. The in-memory side is in `store.memory`.

The journal is the truth. One document per entity and turn, `_id = "<entity>#<turn>"` with the turn zero-padded so
that ids sort in turn order. That unique id is the fence: a writer whose memory is stale always collides with it.
A second unique key, over the ids of the commands that a turn answered, makes a repeated command collide as well,
so a command is carried out once however often, and through whomever, it arrives.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from common.errors import PayloadTooLarge

MAX_TURN_BYTES: Final = 12 * 2**20
"""Most bytes of one turn, counted generously: a MongoDB document ends at 16 MiB. The kernel stays far below."""


class Outcome(Enum):
    """What became of an append. Only STORED may be acted upon."""

    STORED = auto()
    REFUSED = auto()  # somebody else wrote that turn, or one of its commands was stored before
    UNKNOWN = auto()  # a time-out or a broken connection tells nothing: it may be stored


class CommandRecord(msgspec.Struct, frozen=True, gc=False):
    """A command that a turn answered: 16 bytes that identify it among all commands, and its reply (JSON).

    Ids that begin with a few bytes of a hash of their entity keep the writes to the index of ids together: those of
    the entities that are busy now fall on few pages.
    """

    id: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class Turn:
    """All that one entity decided in one turn; stored whole or not at all.

    `events` are numbered `first_seq`, `first_seq + 1`, ...; `notes` are durable facts that take no number (a read
    watermark). Both are opaque blobs of the kind's codec. `primary` counts the events that a history lists, so that
    paging skips turns without any. `effects` are what must still be done outside the journal (views, redactions,
    letters): opaque to the store, kept until `settle`.
    """

    entity: str
    turn: int
    first_seq: int
    at_ms: int
    partition: int
    events: tuple[bytes, ...] = ()
    notes: tuple[bytes, ...] = ()
    commands: tuple[CommandRecord, ...] = ()
    primary: int = 0
    effects: tuple[bytes, ...] = ()

    @property
    def last_seq(self) -> int:
        """Number of the last event; `first_seq - 1` when there is none."""
        return self.first_seq + len(self.events) - 1

    @property
    def size_bytes(self) -> int:
        """What it takes as a document: never less, and not much more."""
        blobs = (*self.events, *self.notes, *self.effects, *[command.reply for command in self.commands])
        return sum(map(len, blobs)) + 16 * (len(blobs) + 2 * len(self.commands)) + 512


def check_appendable(turns: Sequence[Turn]) -> int:
    """Refuse, before anything is stored, what no journal could take. How many bytes the turns have, about.

    Raises:
        ValueError: an entity comes twice.
        PayloadTooLarge: a turn is larger than a document may be.
    """
    if len({turn.entity for turn in turns}) != len(turns):
        raise ValueError("one turn for each entity")
    sizes = [turn.size_bytes for turn in turns]
    if sizes and max(sizes) > MAX_TURN_BYTES:
        raise PayloadTooLarge("This is too much at once.", entity=turns[sizes.index(max(sizes))].entity)
    return sum(sizes)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of an entity after `turn`, so that activation need not replay what lies before."""

    entity: str
    turn: int
    version: int
    at_ms: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an activation starts from. `snapshot` may be None, `turns` empty: then the entity is new."""

    snapshot: Snapshot | None
    turns: tuple[Turn, ...]


class Journal(Protocol):
    """Append-only, fenced, majority-committed. Reads see only what a majority has stored.

    Every method but `append` raises `common.errors.Unavailable` when the database does not answer in time;
    `append` never raises for that: it answers UNKNOWN.
    """

    async def append(self, turns: Sequence[Turn]) -> Mapping[str, Outcome]:
        """Store one turn for each of several entities (each entity at most once). The outcome of each."""

    async def load(self, entities: Sequence[str]) -> Mapping[str, Loaded]:
        """Snapshot and later turns of each entity, in one round trip or two."""

    async def replies(self, command_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The first reply of each of these commands that has been stored."""

    async def after(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        """Turns that end above `seq` (one may hold earlier events too), those of notes only among them, oldest
        first, at most `limit`. Like `before` and `at`, it is for readers of history: commands and effects are left
        out."""

    async def before(self, entity: str, seq: int, *, limit: int) -> list[Turn]:
        """Turns with a primary event that begin below `seq`, newest first, at most `limit` turns."""

    async def at(self, entity: str, seqs: Sequence[int]) -> list[Turn]:
        """The turns that hold these events, oldest first, each once."""

    async def across(self, places: Sequence[tuple[str, int]]) -> list[Turn]:
        """The turns that hold these events of many entities, each once, in no order. `places`: entity and number."""

    async def heads(self, entities: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """(last_seq, at_ms) of the last turn of each entity that has one."""

    async def redact(self, entity: str, events: Mapping[int, bytes]) -> None:
        """Overwrite these events, by number, with blobs that have lost their secret. Idempotent."""

    async def settle(self, turns: Iterable[tuple[str, int]]) -> None:
        """The effects of these (entity, turn) are done: forget them. Idempotent. Readers may see them for a moment
        longer, and after a crash of the database again: whoever carries effects out must not mind a repeat."""

    async def unsettled(
        self, partitions: Sequence[int], *, limit: int, before_ms: int | None = None, after: Turn | None = None
    ) -> list[Turn]:
        """Turns of these partitions whose effects may not be done, in the order of partition, entity and turn: those
        after `after`, and those decided before a moment, if they are given."""

    async def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep each snapshot unless a newer one is there (`turn < new`)."""

    async def entities(self, prefix: str, *, after: str, limit: int) -> list[str]:
        """Ids of the entities that have a turn 1, with this prefix, in order, after `after`: for rebuilding read
        models."""

    async def turns(self, entity: str, *, after: int, limit: int) -> list[Turn]:
        """Turns of one entity numbered above `after`, in order."""
