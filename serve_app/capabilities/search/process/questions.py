"""What the search process is asked, and answers, as it travels."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from serve_app.capabilities.search.port import Among, Between, Condition, Filters, Key, Keys, Sort

Packed = list[Any]
"""A condition as it travels: a name, and what belongs to it."""


class Question(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What somebody looks for. `either`, `every`: conditions (`port.Filters`). `rooms`: of whoever asks, to count those
    that are not searched. `limit`: of hits. `after`: those behind this one, by time. `unread`: words that are in
    nothing that whoever asks may read, whatever the index knows of them."""

    q: str
    every: list[Packed]
    either: list[list[Packed]]
    all: bool = False
    exact: bool = False
    typeahead: bool = False
    sort: Sort = "relevance"
    limit: int = 200
    rooms: list[str] = []
    after: "HitCandidate | None" = None
    unread: list[str] = []


class HitCandidate(msgspec.Struct, frozen=True, array_like=True):
    """What may be a hit. `at`: ms. `version`: of its source, as the index has it."""

    type: str
    id: str
    at: int
    version: int = 0


class AnsweredQuestion(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The first candidates. `slips`: for words that nobody wrote, those that may be meant."""

    candidates: list[HitCandidate]
    more: bool
    slips: dict[str, list[str]]
    engine: str
    lag_ms: int
    building: bool = False
    excluded_rooms: int = 0


class IndexState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How the index is. `making`: one is being made, or filled; `done` and `total`: how far. Of a job that was asked
    for: `done`, and what became of it."""

    engine: str
    index: str
    generation: int
    key_id: str
    documents: int
    lag_ms: int
    building: bool
    making: bool = False
    done: int = 0
    total: int = 0
    failed: bool = False
    result: dict[str, int] = {}


class IndexerJob(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Long work to be begun, unless it goes on: `reindex`, `check` or `rotate`, for a job."""

    kind: str
    job: str
    repair: bool = False


class Texts(msgspec.Struct, frozen=True, array_like=True):
    """Which of these mean most what was asked?"""

    q: str
    texts: list[str]


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Their places, the nearest first."""

    places: list[int]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Why there is no answer: an error of the contract."""

    code: str
    message: str
    field: str = ""


Reply = tuple[bytes, Refusal | None]
pack: Final = msgspec.msgpack.Encoder().encode


def packed(condition: Condition) -> Packed:
    """A condition as it travels."""
    match condition:
        case Among():
            return ["among", condition.name, sorted(condition.values)]
        case Keys():
            return ["keys", [[key.type, key.id] for key in condition.keys]]
    return ["between", condition.since, condition.until]


def _condition(one: Packed) -> Condition:
    match one:
        case ["among", name, values]:
            return Among(name, frozenset(values))
        case ["keys", keys]:
            return Keys(frozenset(Key(*key) for key in keys))
        case ["between", since, until]:
            return Between(since, until)
    raise ValueError("no condition")


def filters_of(every: Sequence[Packed], either: Sequence[Sequence[Packed]]) -> Filters:
    """The inverse of `packed`, for all of a question."""
    return Filters(tuple(map(_condition, every)), tuple(tuple(map(_condition, one)) for one in either))


def kind_of(question: Question) -> str:
    """The type that is asked for; `several`."""
    types = {value for some in question.either for one in some if one[:2] == ["among", "type"] for value in one[2]}
    return types.pop() if len(types) == 1 else "several"
