"""What sources give and are asked for: entries for the index, and hits as somebody sees them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from actors.kernel.contract.entity import Principal
from actors.rooms.messages.wire_message import WireMessage
from serve_app.capabilities.search.port import Condition, Delete, Key
from serve_app.capabilities.search.process.questions import HitCandidate
from serve_app.capabilities.search.sources.practice import WantedPractice
from serve_app.follower.consumer import Turned

if TYPE_CHECKING:
    from actors.rooms.room.sight import Sight


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in words, on its way into the index. `at`: ms, what it is sorted by. `filters`: values by names of
    `port.FIELDS`. Beginnings of the words of `title` are always found."""

    key: Key
    version: int
    at: int
    title: str = ""
    text: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)


Fed = Entry | Delete
Values = dict[str, Sequence[str]]
Scope = Sequence[tuple[Condition, ...]]
"""What the index is asked with: all of one of these holds for whatever somebody may see, and maybe for more. Empty:
nothing is theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A hit as its reader sees it now. `values`: what it is filtered and counted by, under the names of the contract.
    `quoted`: is there a text, of which a part is shown? `free_at`: of a therapist, where it is asked for: when their
    next free time begins, ms."""

    type: str
    id: str
    title: str
    at: int
    link: str
    text: str = ""
    quoted: bool = False
    room_id: str | None = None
    seq: int | None = None
    message: WireMessage | None = None
    user_id: str | None = None
    free_at: int | None = None
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Reader:
    """Whoever asks, for the time of one question. What several sources need of them is looked up once."""

    def __init__(
        self,
        by: Principal,
        trace: str,
        memberships: Callable[[str], Awaitable[Mapping[str, int]]],
        practice: WantedPractice | None = None,
    ) -> None:
        """`memberships`: the rooms that a user is in, with the version of each. `practice`: what is asked of
        therapists beside their names."""
        self.by, self.trace = by, trace
        self.addressed: str | None = None  # whose e-mail address they asked for
        self.practice = practice
        self._memberships = memberships
        self.remembered: dict[str, frozenset[str]] = {}
        self.sights: dict[str, Sight | None] = {}  # of rooms that were asked about; None: nothing is to be found there
        self._rooms: asyncio.Task[Mapping[str, int]] | None = None

    async def rooms(self) -> frozenset[str]:
        """The rooms that they are in. Raises Unavailable."""
        return frozenset(await self.memberships())

    async def memberships(self) -> Mapping[str, int]:
        """The same, with the versions of their memberships. Raises Unavailable."""
        if self._rooms is None:
            self._rooms = asyncio.ensure_future(self._looked_up())
        return await self._rooms

    async def _looked_up(self) -> Mapping[str, int]:
        return await self._memberships(self.by.user)


class Source(Protocol):
    """One type, for those who search."""

    @property
    def types(self) -> tuple[str, ...]:
        """As the contract names them."""
        ...

    async def scope(self, reader: Reader) -> Scope:
        """Raises Unavailable."""
        ...

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """Those of these that the reader may see at this moment, by the ids that were asked for.

        Raises:
            Unavailable: it cannot be told.
        """
        ...


@runtime_checkable
class CountableSource(Source, Protocol):
    """One whose hits can be told from what the index knows of them, without their texts."""

    async def stand(self, candidates: Sequence[HitCandidate], reader: Reader) -> Mapping[str, bool]:
        """By their ids, those of these that the reader may see at this moment; are they what the index took in? False:
        they have changed since, or nobody can tell, so they have to be opened. Raises Unavailable."""
        ...

    def known_of(self, candidate: HitCandidate) -> Values:
        """By what one that stands is counted, under the names of the contract."""
        ...


class Feeder(Protocol):
    """One type, for whoever keeps the index. `kinds`: of the entities whose turns it reads."""

    kinds: frozenset[str]

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """What a turn changes. Raises Unavailable."""
        ...


class UnjournaledSource(Protocol):
    """A type that no journal tells of: all there is of it, page by page."""

    def all(self) -> AsyncIterator[Sequence[Fed]]:
        """Raises Unavailable."""
        ...
