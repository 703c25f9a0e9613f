"""A kind of entity, as the kernel sees it: pure rules, and how they are stored, shown and read.

An entity is state with two methods. `decide` raises a `CarewireError` or returns a `Decision` and changes nothing;
`apply` folds one event and never refuses. Time, ids and randomness come in with the `Context`. The vocabulary is that
of Akka Persistence and Microsoft Orleans.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

import msgspec
from typing_extensions import TypeVar as TypeVarWithDefault

from actors.kernel.contract.activities import Activity, Answered
from store.ports.views import Index, View, ViewQuery

R = TypeVar("R")


class Command(msgspec.Struct, Generic[R], frozen=True):
    """Base of what an entity may be asked. `R` is the type of its answer: of what `Decision.reply` holds, or of what
    `Kind.read` makes of the query in its place. `contract.commands.answer_to` decodes it."""


class Query(msgspec.Struct, frozen=True):
    """Base of what a decision may leave as its reply for `Kind.read` to answer from storage."""


NOBODY: Final = "nobody"
"""The role of whoever has not said who they are."""


class Principal(msgspec.Struct, frozen=True, array_like=True):
    """The caller, as the token said it. `user` is "" for the system itself (a timer, a letter)."""

    user: str
    role: str = "client"

    @property
    def is_system(self) -> bool:
        """Is it Carewire itself? Whoever has not said who they are is nobody, and not Carewire."""
        return not self.user and self.role != NOBODY


SYSTEM = Principal("", "system")


def as_themselves(user: str) -> Principal:
    """A person with the rights that everybody has over what is their own, and no others: for what Carewire does in
    their place (hands out or erases what is theirs, opens their record under a grant)."""
    return Principal(user, "client")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event and note. What is personal goes into `secret`, never into the fields in the clear.

    `author` is the user under whose key the secret is sealed. The kernel seals `secret` on the way into the journal
    and hands it back on the way out; it is None where the text was deleted, its key erased, or (while an entity
    replays its journal) not asked for. `apply` must therefore not need it.
    """

    author: str = ""
    secret: bytes | None = None


class Attach(msgspec.Struct, frozen=True, tag="kernel.attach"):
    """A query that every kind answers: may I listen, and what have I missed since? (None: nothing, just listen.)

    Its reply is `{"version": V, "packets": [...]}`: the Socket.IO events numbered above `since` up to V, in order,
    at most `limit` of them; what lies before those is a `gap` packet.
    """

    since: int | None = None
    limit: int = 500


class Context(msgspec.Struct, frozen=True):
    """The input of a decision besides the state. `now_ms` never runs backwards for one entity."""

    by: Principal
    now_ms: int
    parts: Mapping[str, Any] = msgspec.field(default_factory=dict)  # what `Kind.needs` asked for; None: no such part


class Signal(msgspec.Struct, frozen=True):
    """An ephemeral event (typing): to whoever listens now, never journaled, dropped first under pressure.

    With `ttl_s` and `lapse`, gateways send `lapse` themselves when no other signal of this `key` came in time: so it
    ends even if the shard that sent it dies. `skip`, `instead`, `only` and `attachments` are as in `Shown`; what lapses
    has no `instead` and no attachments, for nobody could tell what those are to be sent when it does.
    """

    name: str
    payload: bytes  # JSON object
    skip: tuple[str, ...] = ()
    key: str = ""
    ttl_s: float = 0.0
    lapse: str = ""  # event name sent, with the same payload, when it lapses
    instead: Mapping[str, bytes] = {}
    only: str = ""
    attachments: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError: it lapses, and has an `instead` or attachments."""
        if self.lapse and (self.instead or self.attachments):
            raise ValueError("A signal that lapses is the same for everybody who hears it.")


class Letter(msgspec.Struct, frozen=True):
    """A command to another entity, sent at least once after the turn is stored, carried out once.

    Its command id is derived from the event that sent it, so repeats are recognised. The command lies in the clear in
    its sender's turn and quotes nobody. What is personal goes into `secret`: sealed under the key of `owner` until the
    letter is sent, when it becomes the member `secret` of the command, whose Struct is a map. Once the owner is erased
    the letter is not sent any more.

    Raises:
        ValueError: a secret without an owner, or an owner without a secret.
    """

    to: str
    command: bytes  # msgpack, of the receiving kind
    secret: bytes | None = None
    owner: str = ""

    def __post_init__(self) -> None:
        if (self.secret is None) != (not self.owner):
            raise ValueError("what is secret in a letter has an owner")


class SetTimer(msgspec.Struct, frozen=True):
    """At `due_ms`, submit `command` to this same entity: durable, at least once, and carried out once.

    It cannot be called back: the entity judges it when it fires, and a stale one does nothing.
    """

    key: str
    due_ms: int
    command: bytes  # msgpack, of this kind


class Decision(msgspec.Struct, frozen=True):
    """The result of `decide`. Nothing has happened yet.

    `reply` is the answer's data (anything msgspec can encode as JSON), or a `Query` that `Kind.read` answers from
    storage once the turn is stored.
    """

    reply: object = None
    events: Sequence[Event] = ()  # numbered; every listener sees them in order
    notes: Sequence[Event] = ()  # durable, without a number
    signals: Sequence[Signal] = ()
    timers: Sequence[SetTimer] = ()


class Shown(msgspec.Struct, frozen=True):
    """An event as listeners see it: a Socket.IO event name and its payload (a JSON object).

    `evict` is a user whose sockets hear this and nothing later. `skip` are users whose sockets do not get it; sockets
    of those in `instead` get that packet (`packet_of`) in its place. `only` is the public id of the one socket that
    gets it. Who comes back and reads what they missed is told the same, but for what was for one socket.
    `attachments` are binary: the payload has a `placeholder` where each belongs. Who gets `instead` gets none.
    """

    name: str
    payload: bytes
    evict: str = ""
    skip: tuple[str, ...] = ()
    instead: Mapping[str, bytes] = {}
    only: str = ""
    attachments: tuple[bytes, ...] = ()


def packet_of(name: str, payload: bytes) -> bytes:
    """An event as it is sent: a JSON array of its name, which needs no escaping, and its payload, which is JSON."""
    return b'["%b",%b]' % (name.encode(), payload)


def placeholder(number: int) -> dict[str, object]:
    """Stands in a payload for the attachment of this number, as Socket.IO writes it."""
    return {"_placeholder": True, "num": number}


C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
E_contra = TypeVar("E_contra", contravariant=True)


class Recorded(msgspec.Struct, Generic[E_co], frozen=True):
    """An event as the journal holds it, opened: its number (0 for a note), when it was stored, in which turn."""

    seq: int
    at_ms: int
    turn: int
    event: E_co


class Entity(Protocol[C_contra, E_contra]):
    """State of one entity. The kernel owns its `version` (number of the last event) and hands it in."""

    def decide(self, command: C_contra, context: Context, version: int) -> Decision:
        """Decide; change nothing. `version + 1` will be the number of the first event.

        Raises:
            CarewireError: the command is refused, and nothing changes.
        """
        ...

    def apply(self, event: E_contra, seq: int, at_ms: int) -> None:
        """Fold in an event (`seq` is its number) or a note (`seq` is the version). Never refuses."""
        ...


S = TypeVar("S", bound=Entity[Any, Any])
P = TypeVarWithDefault("P", default=None)


class Library(Protocol):
    """The storage that reads may use: the journal, opened, and the read models. Majority-committed data only. Its
    events are those of the kind that reads."""

    async def after(self, entity_id: str, seq: int, *, upto: int, limit: int) -> list[Recorded[Any]]:
        """The oldest `limit` events numbered above `seq` and at most `upto`, in order (no notes)."""
        ...

    async def before(self, entity_id: str, seq: int, *, limit: int) -> list[Recorded[Any]]:
        """The newest primary events below `seq`, newest first, at most `limit`."""
        ...

    async def at(self, entity_id: str, seqs: Sequence[int]) -> list[Recorded[Any]]:
        """These events, in order; those that do not exist are left out."""
        ...

    async def views(self, query: ViewQuery) -> list[View]:
        """`Views.find`, with each view's `secret` opened (None when its key was erased)."""
        ...

    async def view(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]:
        """`Views.get`, with each view's `secret` opened."""
        ...


class Effects(msgspec.Struct, frozen=True):
    """The work that one event entails outside the journal. Each is idempotent.

    `views` and `redact` are done before the command is answered, so callers read what they wrote; `letters` and
    `activities` follow. The `secret` of a view is plaintext here; the kernel seals it under the key of `owner`.
    """

    views: Sequence[View] = ()
    owner: str = ""
    redact: Sequence[int] = ()  # numbers of this entity's events that lose their secret
    letters: Sequence[Letter] = ()
    activities: Sequence[Activity] = ()


class Kind(ABC, Generic[S, C, E, P]):
    """One kind of entity, by its state, the union of its commands, the union of its events, and its parts where it has
    some. Stateless: the kernel holds the entities. Entity ids are `<name>:<key>`.

    A **part** is a piece of an entity that is too numerous for its state: a message of a room. Its value is the fold
    of the events that name it. The kernel fetches the parts that a command needs before the command's turn, keeps
    the recent ones in memory, and folds new events into them, so a decision always sees the part as of its turn.
    """

    name: ClassVar[str]
    commands: ClassVar[type | UnionType]  # union of tagged Structs that `decide` takes
    events: ClassVar[type | UnionType]  # union of tagged `Event` Structs
    indexes: ClassVar[tuple[Index, ...]] = ()
    multi_step: ClassVar[bool] = False
    """True where what is asked of it goes from entity to entity before it is answered. Its shard has two turns under
    way: no step waits for the inserts of others, and they are joined less."""
    parts_bytes: int = 0
    """What its parts may weigh together in a shard; 0: they are small, and bounded by their number. Those that weigh
    leave memory when their entity was quiet for `parts_idle_s`."""
    parts_idle_s: float = 60.0

    @abstractmethod
    def create(self, key: str) -> S:
        """The state of an entity to which nothing has happened yet."""

    @abstractmethod
    def snapshot(self, entity: S) -> bytes:
        """The state as bytes. `restore` is its inverse."""

    @abstractmethod
    def restore(self, key: str, state: bytes) -> S:
        """The entity as it was when `snapshot` was taken."""

    @abstractmethod
    def admit(self, entity: S, by: Principal) -> None:
        """May this user listen to the entity?

        Raises:
            CarewireError: no; the answer they get.
        """

    def missed(self, entity: S, by: Principal, since: int | None) -> int | None:
        """From where on this user may be told what they missed, when they say that it is `since`."""
        return since

    @abstractmethod
    def show(self, entity_id: str, recorded: Recorded[E], part: P | None) -> Shown | None:
        """The form in which listeners see an event or note. `part` is the part it names, with this event folded in
        (live), or as it is by now (replayed); None when the event names none."""

    def assume_new(self, command: C) -> bool:
        """Whether a shard that hears this first of an entity takes it for new. Then the journal is not asked before the
        turn. Should it know the entity after all, it refuses the turn, and the command is decided
        again; a refusal is never decided without having asked."""
        return False

    def counted(self, event: E) -> tuple[str, str] | None:
        """Which counter of its shard (`carewire_<name>_total`) it adds to, under which `reason`: one of few, and of
        nobody. None: no operator counts it."""
        return None

    def is_primary(self, event: E) -> bool:
        """Does a history list this event?"""
        return False

    def needs(self, entity: S, command: C) -> Sequence[str]:
        """Keys of the parts that `decide` will want in `context.parts`. One that does not exist arrives as None."""
        return ()

    def is_passing(self, key: str) -> bool:
        """Is this part for one command alone, and read anew for the next one?"""
        return False

    def part_of(self, recorded: Recorded[E]) -> str | None:
        """Key of the part that this event creates or changes."""
        return None

    def fold(self, part: P | None, recorded: Recorded[E]) -> P | None:
        """The part with this event folded in; `part` is None when the event creates it."""
        return part

    def weight(self, part: P) -> int:
        """Bytes that a part takes in memory, roughly. Asked of kinds with `parts_bytes`."""
        return 0

    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, object]:
        """The parts with these keys, from storage; those that do not exist are left out."""
        return {}

    def effects(self, entity_id: str, recorded: Recorded[E], part: P | None) -> Effects | None:
        """The effects of an event. Pure, so that read models can be rebuilt from the journal by the same rule."""
        return None

    def answered(self, entity: S, answered: Answered, context: Context) -> Decision:
        """Decide what the answer to an activity changes. It is stored all the same when it changes nothing, or is
        refused: the activity is over. `needs` is asked for its parts, as for a command."""
        return Decision()

    def still(self, entity: S, key: str, payload: bytes) -> bool:
        """Is what the activity `key` says still true? One that is not is dropped instead of sent."""
        return True

    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        """Answer a `Query` that a decision left as its reply. Nothing above `version` may be in the answer."""
        raise LookupError(type(query).__name__)

    def show_again(self, entity_id: str, recorded: Recorded[E], part: P | None, upto: int) -> Shown | None:
        """The same for who reads the past up to the number `upto`; `part` is as it is by now, which may be later."""
        return self.show(entity_id, recorded, part)

    def gap(self, entity_id: str, first: int, last: int) -> Shown | None:
        """The event that listeners get when events first..last cannot be sent to them again."""
        return None

    def repeated(self, command: C, reply: bytes) -> bytes:
        """The reply (JSON) as the sender of a repeated command gets it."""
        return reply


AnyKind: TypeAlias = Kind[Any, Any, Any, Any]
"""A kind, whichever: what holds entities of many kinds hands each of them only what is its own."""
