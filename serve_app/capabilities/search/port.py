"""What search asks of an engine, and the values that pass between them. An engine sees tokens (see `blind`), ids,
times and enumerations; never a word."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from typing_extensions import override

from common.timeline import DAY_MS

Field = Literal["words", "beginnings"]
Sort = Literal["relevance", "newest", "oldest"]

# What documents are filtered by and counted by: ids and enumerations, each with any number of values.
FIELDS: Final = (
    "room",
    "owner",
    "sender",
    "therapist",
    "client",
    "status",
    "service",
    "has",
    "file_type",
    "relation",
    "language",
    "format",
    "audience",
)
FACETS: Final = ("type", "month", *FIELDS)
MOST_FOUND: Final = 500


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a document is found by again: its type and the id of its source."""

    type: str
    id: str

    @override
    def __str__(self) -> str:
        return f"{self.type}:{self.id}"


def key_of(text: str) -> Key:
    """The inverse of `str`."""
    type_, _, id_ = text.partition(":")
    return Key(type_, id_)


@dataclass(frozen=True, slots=True)
class Put:
    """A document as it is at `version`. `at`: ms since 1970, what it is sorted by. `words` with repetitions, whose
    number counts; `beginnings` without. `filters`: values by a name of `FIELDS`."""

    key: Key
    version: int
    at: int
    words: Sequence[str] = ()
    beginnings: Sequence[str] = ()
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """The document is gone since `version`: an older `Put` that comes later changes nothing, for a day at least."""

    key: Key
    version: int


Change = Put | Delete


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch. `stale`: how many came later than a newer version. `parked`: what the engine will never
    take; everything else is durable, and found from now on."""

    stale: int = 0
    parked: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One token. In `words` it weighs by BM25, in `beginnings` by how rare it is."""

    token: str
    field: Field = "words"


@dataclass(frozen=True, slots=True)
class Best:
    """One of these matches; the best of those that do weighs."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All of these match: the candidates for a phrase."""

    parts: tuple["Node", ...]


Node = Term | Best | Every


@dataclass(frozen=True, slots=True)
class Tree:
    """What is looked for. Every one of `must` matches, none of `never`, and one of `some` at least, if there are any
    and no `must`; `aside` only weighs. Wholly empty, or with `never` alone, it matches whatever the filters let
    through."""

    must: tuple[Node, ...] = ()
    some: tuple[Node, ...] = ()
    aside: tuple[Node, ...] = ()
    never: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Among:
    """One of the document's values of `name` (of `FIELDS`, or `type`) is one of these. None: nothing matches."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Keys:
    """The document is one of these."""

    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Between:
    """Its time: from `since` on, before `until`, ms since 1970."""

    since: int | None = None
    until: int | None = None


Condition = Among | Keys | Between


@dataclass(frozen=True, slots=True)
class Filters:
    """Every condition of `every` holds, and, if there are any, every condition of one of `either`: the kinds of
    documents that a caller may read, each with its own conditions."""

    every: tuple[Condition, ...] = ()
    either: tuple[tuple[Condition, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class After:
    """The last that was shown, for the page after it. Only sorted by time: ranks change with every write."""

    at: int
    key: Key


@dataclass(frozen=True, slots=True)
class IndexHit:
    """A document that matches. `score` is comparable within one answer."""

    key: Key
    version: int
    at: int
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """The first `limit` hits, in their order; whether there are `more`."""

    hits: tuple[IndexHit, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """One index. `key_id`, `analysis`: what its tokens are made with. `documents`: how many can be found. `dead`: how
    many are deleted or replaced, and still lie in its files; `dead_since`: the first of them, ms since 1970."""

    number: int
    key_id: str
    analysis: str
    documents: int = 0
    dead: int = 0
    dead_since: int | None = None

    def decayed(self, now_ms: int) -> bool:
        """Is it time to make it anew? What is dead still lies in its files: a tenth of all, or some for a day."""
        old = self.dead_since is not None and now_ms - self.dead_since >= DAY_MS
        return old or self.dead * 10 > self.documents + self.dead


class Counter(Protocol):
    """Who can tell which words occur in what may be read."""

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        """In how many documents of `filters` each occurs; those that occur in none are not in it."""


class Engine(Counter, Protocol):
    """Whoever keeps the index. Every method raises `Unavailable` when it cannot answer, or not wholly; `LookupError`
    for a generation that is not there."""

    @property
    def name(self) -> str:
        """As settings and answers call it."""

    async def start(self) -> None:
        """Make ready. Raises: `StartupError` if it can never serve."""

    async def close(self) -> None:
        """Let go of what is held."""

    async def apply(self, changes: Sequence[Change], *, generation: int | None = None) -> Applied:
        """Take these in, by default into the generation that serves. A change counts if its version is at least what
        is known of its document. Returns when all is durable and found."""

    async def find(
        self, tree: Tree, filters: Filters, *, sort: Sort = "relevance", after: After | None = None, limit: int = 20
    ) -> Found:
        """The first hits, `limit` of them at most (1 to `MOST_FOUND`)."""

    async def facets(self, tree: Tree, filters: Filters, names: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Of all that matches: how many documents have each value, by names of `FACETS`. 100 values each at most."""

    def scan(self, filters: Filters, *, generation: int | None = None) -> AsyncIterator[Sequence[IndexHit]]:
        """All that matches, the oldest first, page by page: for comparing with the sources, and for erasing."""

    async def serving(self) -> Generation | None:
        """The generation that answers; None before the first `swap`."""

    async def generations(self) -> Sequence[Generation]:
        """All that exist, in the order of their numbers."""

    async def create(self, generation: Generation) -> None:
        """An empty one of this number, key and analysis, beside what serves. There already: it stays as it is."""

    async def swap(self, number: int) -> None:
        """Let this one serve, from one search to the next."""

    async def drop(self, number: int) -> None:
        """Away with it and its files. Not there, or serving: nothing happens to the first, the second is a mistake.

        Raises:
            ValueError: it serves.
        """
