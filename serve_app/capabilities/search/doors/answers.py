"""What clients are answered."""

from typing import Literal

import msgspec

from actors.rooms.messages.wire_message import WireMessage
from common.persons import UserId
from serve_app.capabilities.operations.job_operations import Job

Type = Literal["people", "therapists", "appointments", "messages", "worksheets", "files", "conversations"]


class Highlight(msgspec.Struct, frozen=True, kw_only=True):
    """Where a word of the question stands: code points of `title` or `snippet`, the end not included."""

    field: Literal["title", "snippet"]
    start: int
    end: int


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was found, as the caller may see it at this moment. `next_free`: of a therapist, where it is asked
    for: when they can be booked next."""

    type: Type
    id: str
    title: str
    snippet: str | None = None
    highlights: list[Highlight]
    at: str
    room_id: str | None = None
    seq: int | None = None
    message: WireMessage | None = None
    user_id: UserId | None = None
    next_free: str | None = None
    link: str


class FacetCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the hits have this value."""

    value: str
    count: int


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are. Not `exact`: at least so many."""

    value: int
    exact: bool


class Correction(msgspec.Struct, frozen=True, kw_only=True, rename={"given": "from"}):
    """A word that was taken for another one."""

    given: str
    to: str


class IndexInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of what the answer was made. `building`: not all is in it yet. `excluded_rooms`: rooms of the caller that nobody
    can search."""

    engine: str
    lag_ms: int
    building: bool = False
    excluded_rooms: int = 0
    reranked: bool = False


class SearchPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of hits. `next_cursor` is missing on the last one."""

    hits: list[Hit]
    total: Total
    took_ms: int
    index: IndexInfo
    facets: dict[str, list[FacetCount]] | None = None
    corrected: list[Correction] = []
    next_cursor: str | None = None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be meant. `user_id`: of a person."""

    type: Type
    id: str
    title: str
    user_id: UserId | None = None


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """At most five."""

    suggestions: list[Suggestion]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """By how much the index differed from its sources when they were last compared."""

    missing: int
    stale: int
    extra: int
    checked_at: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an index is that is being made, while it is. `total` is a guess by the one that serves, and grows with
    `done`."""

    state: Literal["running"]
    done: int
    total: int


class SearchStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The index."""

    engine: str
    index: str
    generation: int
    key_id: str
    documents: int
    lag_ms: int
    drift: Drift | None = None
    reindex: Progress | None = None


class JobBegun(msgspec.Struct, frozen=True, kw_only=True):
    """Work that goes on by itself."""

    job: Job
