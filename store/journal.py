"""What the kernel asks of storage: pure types and the protocols. The in-memory side is in `store.memory`.

The journal is the truth. One document per entity and turn, `_id = "<entity>#<turn>"` with the turn zero-padded so
that ids sort in turn order. That unique id is the fence: a writer whose memory is stale always collides with it.
A second unique key, over the ids of the commands that a turn answered, makes a repeated command collide as well,
so a command is carried out once however often, and through whomever, it arrives.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

import msgspec

from common.errors import PayloadTooLarge
from store.feed_tokens import FeedTokens

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

    async def heads(self, entities: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """(last_seq, at_ms) of the last turn of each entity that has one."""

    async def redact(self, entity: str, events: Mapping[int, bytes]) -> None:
        """Overwrite these events, by number, with blobs that have lost their secret. Idempotent."""

    async def settle(self, turns: Iterable[tuple[str, int]]) -> None:
        """The effects of these (entity, turn) are done: forget them. Idempotent. Readers may see them for a moment
        longer, and after a crash of the database again: whoever carries effects out must not mind a repeat."""

    async def unsettled(self, partitions: Sequence[int], *, limit: int, before_ms: int | None = None) -> list[Turn]:
        """Turns of these partitions whose effects may not be done, oldest first per entity; those decided before a
        moment only, if one is given."""

    async def save(self, snapshots: Sequence[Snapshot]) -> None:
        """Keep each snapshot unless a newer one is there (`turn < new`)."""

    async def entities(self, prefix: str, *, after: str, limit: int) -> list[str]:
        """Ids of the entities that have a turn 1, with this prefix, in order, after `after`: for rebuilding read
        models."""

    async def turns(self, entity: str, *, after: int, limit: int) -> list[Turn]:
        """Turns of one entity numbered above `after`, in order."""


@dataclass(frozen=True, slots=True)
class View:
    """One document of a read model. A higher `version` replaces a lower one; never the other way round.

    `fields` are queryable scalars in the clear; `data` is an opaque public blob; `secret` is ciphertext.
    """

    collection: str
    id: str
    version: int
    fields: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    data: bytes = b""
    secret: bytes | None = None


class Views(Protocol):
    """Read models, written in versions. Raises `Unavailable` when the database does not answer in time."""

    async def write(self, views: Sequence[View]) -> None:
        """Upsert each unless a version as high is there. Idempotent; order does not matter.

        Raises:
            Conflict: a unique index refuses one of them (the others are written).
        """

    async def get(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        """Those of these documents that exist."""

    async def find(
        self,
        collection: str,
        equal: Mapping[str, str | int | bool | None],
        *,
        order_by: str,
        above: int | str | None = None,
        below: int | str | None = None,
        descending: bool = False,
        limit: int,
    ) -> list[View]:
        """Documents whose fields equal `equal` and whose `order_by` (a field, or "version") lies strictly
        between `above` and `below`, in that order, ties by id. A field that is missing equals None and comes first;
        True is not 1. Declare an index for it (`Index`)."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index that a kind needs on one of its read models: (field, ...) in ascending order."""

    collection: str
    fields: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A durable alarm: at `due_ms`, `command` (opaque) is submitted to `entity` with the timer's id as command id."""

    id: str
    entity: str
    partition: int
    due_ms: int
    command: bytes


class Timers(Protocol):
    """Durable alarms. Raises `Unavailable` when the database does not answer in time."""

    async def put(self, timers: Sequence[Timer]) -> None:
        """Store or move timers. Majority-committed when it returns."""

    async def drop(self, ids: Sequence[str]) -> None:
        """Forget timers. Idempotent."""

    async def due(self, partitions: Sequence[int], *, before_ms: int, limit: int) -> list[Timer]:
        """Timers of these partitions due before then, the earliest first."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A right that one process holds for a while. `epoch` grows by one each time it changes hands."""

    name: str
    holder: str
    epoch: int
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that may hold leases: `id` is unique to this start of it; the rest proves that it is dead."""

    id: str
    host: str
    pid: int
    started_ms: int


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease in force, seen by somebody else: `left_s` until it lapses, which grows only when it is renewed."""

    name: str
    holder: Holder
    left_s: float


class Leases(Protocol):
    """Leases by the database's clock alone. Raises `Unavailable` when the database does not answer in time.

    The holder must count its time from *before* it sent the acquire or renewal, on its own monotonic clock: then
    it stops before the database lets anybody else in.
    """

    async def acquire(self, name: str, holder: Holder, ttl_s: float) -> Lease | None:
        """Take the lease if it is free, void, or was held by a process of this host that is no more; None if it
        is still held. A holder that acquires its own lease again keeps its epoch."""

    async def renew(self, lease: Lease) -> bool:
        """Prolong it by its ttl; False when somebody else holds it, or it was released."""

    async def release(self, lease: Lease) -> None:
        """Give it up at once. A lease that is somebody else's by now is left alone."""

    async def held(self) -> Sequence[HeldLease]:
        """Every lease in force whose holder is not provably dead, by name."""


@dataclass(frozen=True, slots=True)
class PartitionMap:
    """Which shard of a pool owns which partition: `owners[p]` is a shard's name. `epoch` grows with each change."""

    pool: str
    epoch: int
    owners: tuple[str, ...]

    @property
    def shards(self) -> tuple[str, ...]:
        """Those that own any."""
        return tuple(sorted(set(self.owners), key=lambda name: (len(name), name)))


class PartitionMaps(Protocol):
    """The maps of all pools, in the database. Raises `Unavailable` when it does not answer in time."""

    async def read(self, pool: str) -> PartitionMap | None:
        """The map of this pool, if it was ever made."""

    async def write(self, new: PartitionMap) -> PartitionMap:
        """Replace the map if its epoch is `new.epoch - 1` (or create it at epoch 1). The one in force afterwards:
        the caller lost a race when that is not `new`."""


class Vault(Protocol):
    """Envelope encryption under one data key a person (AES-256-GCM; NIST SP 800-38D).

    `seal` and `open` are synchronous and do no I/O: load the keys first, each time; they stay good for some seconds.
    Losing a person's key (`erase`) makes all that was sealed under it unreadable, for good: crypto-shredding.
    """

    async def ensure(self, subjects: Iterable[str]) -> None:
        """Load, or make, the data key of each subject, so that `seal` works."""

    async def unlock(self, blobs: Iterable[bytes]) -> None:
        """Load the keys that these blobs were sealed under, so that `open` works."""

    def has(self, subject: str) -> bool:
        """Is the data key of this subject at hand?"""

    def seal(self, subject: str, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext that names its key. `aad` binds it to its place (e.g. `room:42#17`).

        Raises:
            LookupError: `ensure` was not awaited for this subject.
        """

    def open(self, blob: bytes, aad: bytes) -> bytes | None:
        """The plaintext; None when the key has been erased.

        Raises:
            LookupError: `unlock` was not awaited for this blob.
            ValueError: the blob was altered, or belongs elsewhere.
        """

    async def erase(self, subject: str) -> None:
        """Destroy every key of this subject."""


@dataclass(frozen=True, slots=True)
class Stores:
    """All that a process needs of storage, as one value to hand over."""

    journal: Journal
    views: Views
    timers: Timers
    leases: Leases
    maps: PartitionMaps
    vault: Vault
    feed_tokens: FeedTokens
    close: Callable[[], None] = lambda: None  # lets go of connections; call it last
