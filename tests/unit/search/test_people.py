"""Lives of care and of rooms, with searches for people in between: whoever is found is whoever may be seen at that
moment. What is promised is counted from what has happened alone."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from actors.kernel.contract.entity import Principal
from common.clock import SystemClock
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import wanted_of
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.port import Engine
from serve_app.capabilities.search.process.answering import Answering
from serve_app.capabilities.search.process.index import ServingGeneration, Written
from serve_app.capabilities.search.sources.entry import Reader
from serve_app.capabilities.search.sources.people import (
    PEOPLE,
    THERAPISTS,
    PeopleDirectory,
    PeopleFeeder,
    PeopleSource,
    PersonEntry,
)
from serve_app.capabilities.search.sources.practice import Practice, Practices
from tests.simulation.loop import VirtualLoop, run
from tests.unit.search.life import Direct, PlainEngine

ROLES: Final = {"ann": "client", "cyd": "client", "tess": "therapist", "theo": "therapist", "mo": "moderator"}
CLIENTS: Final = ("ann", "cyd")
ASKERS: Final = tuple(ROLES)
TYPES: Final = {"people": set(ROLES), "clients": {"ann", "cyd"}, "therapists": {"tess", "theo"}}
CARE: Final = ("active", "paused", "ended")
DEEDS: Final = st.one_of(
    st.tuples(st.sampled_from(CARE), st.sampled_from(CLIENTS), st.sampled_from(("tess", "theo"))),
    st.tuples(st.sampled_from(("meet", "part")), st.sampled_from(("ann", "cyd")), st.just("")),
)


class Known(PeopleDirectory):
    """Who there is."""

    def __init__(self) -> None:
        return None

    @override
    async def of(self, users: Iterable[str]) -> dict[str, PersonEntry]:
        return {user: PersonEntry(user, ROLES[user], f"{user.title()} Larkin", 1) for user in users if user in ROLES}


class NoPractices(Practices):
    """Nobody has a calendar."""

    def __init__(self) -> None:
        return None

    @override
    async def of(self, therapist: str) -> Practice:
        return Practice()


@dataclass(frozen=True)
class Bond:
    """A care relationship."""

    id: str
    client: str
    therapist: str
    state: str


class House:
    """Care relationships, and one room."""

    def __init__(self) -> None:
        self.care: dict[tuple[str, str], str] = {}
        self.inside: set[str] = set()

    def do(self, what: str, user: str, other: str) -> None:
        if what == "meet":
            self.inside.add(user)
        elif what == "part":
            self.inside.discard(user)
        else:
            self.care[user, other] = what

    def promised(self, by: str) -> set[str]:
        """Whom somebody may see."""
        if ROLES[by] == "moderator":
            return set(ROLES)
        pairs = [set(pair) for pair, state in self.care.items() if state != "ended" and by in pair]
        met = self.inside if by in self.inside else set()
        return {by, "tess", "theo"}.union(met, *pairs)

    # what the source asks: care, memberships, rooms

    async def of(self, user: str, *, after: str | None = None, limit: int) -> Sequence[Bond]:
        bonds = [Bond(f"{a} {b}", a, b, state) for (a, b), state in sorted(self.care.items()) if user in (a, b)]
        return [one for one in bonds if after is None or one.id > after][:limit]

    async def rooms_of(self, user: str) -> Sequence[str]:
        return ["r"] if user in self.inside else []

    def __getitem__(self, _: str) -> "House":
        return self

    def find(self, query: Mapping[str, Any], *_: object, **__: object) -> AsyncIterator[Mapping[str, Any]]:
        async def rows() -> AsyncIterator[Mapping[str, Any]]:
            for user in sorted(self.inside) if query["f.room"]["$in"] else []:
                yield {"f": {"user": user}}

        return rows()

    async def ask(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(room=SimpleNamespace(anonymous=False))


class Remembering(PeopleSource):
    """The twin: whom somebody knew once they know for ever."""

    _ever: dict[str, frozenset[str]] = {}

    @override
    async def _known(self, reader: Reader) -> frozenset[str]:
        known = self._ever.get(reader.by.user, frozenset()) | await super()._known(reader)
        self._ever = {**self._ever, reader.by.user: known}
        return known


class Life:
    """Whoever searches in it."""

    def __init__(self, kind: type[PeopleSource] = PeopleSource) -> None:
        self.house, unused = House(), cast("Any", None)
        house = cast("Any", self.house)
        engine, blinder = cast("Engine", PlainEngine()), Blinder(IndexKey("k1", bytes(32)), Analyser())
        answering = Answering(ServingGeneration(engine, blinder), engine, SystemClock(), ())
        source = kind(Known(), NoPractices(), house, house, house)
        self._written = Written(engine, blinder, texts=True, number=1)
        self._search = Search(
            Direct(answering),
            {PEOPLE: source, THERAPISTS: source},
            house.rooms_of,
            unused,
            unused,
            unused,
            entities=house,
            analyser=Analyser(),
        )

    async def begin(self) -> None:
        await self._written.apply(await PeopleFeeder(Known(), NoPractices(), SystemClock()).of(list(ROLES)))

    async def found(self, by: str, type_: str) -> set[str]:
        wanted = wanted_of(Ask(q="larkin", type=type_), [PEOPLE, THERAPISTS])
        page = await self._search.search(wanted, by=Principal(by, ROLES[by]), trace="")
        assert page.total.value == len(page.hits)
        return {one.id for one in page.hits}


async def _lived(deeds: Sequence[tuple[str, str, str]]) -> None:
    life = Life()
    await life.begin()
    for deed in deeds:
        life.house.do(*deed)
        for by in ASKERS:
            for type_, theirs in TYPES.items():
                assert await life.found(by, type_) == life.house.promised(by) & theirs, (by, type_)


@settings(max_examples=8)
@given(st.lists(DEEDS, min_size=1, max_size=8))
def test_whoever_is_found_is_whoever_may_be_seen(deeds: list[tuple[str, str, str]]) -> None:
    run(VirtualLoop(), _lived(deeds))


async def test_once_care_has_ended_the_client_finds_the_therapist_and_is_found_no_more() -> None:
    for kind in (PeopleSource, Remembering):
        life = Life(kind)
        await life.begin()
        life.house.do("active", "ann", "tess")
        assert await life.found("tess", "clients") == {"ann"}
        life.house.do("ended", "ann", "tess")
        assert (await life.found("tess", "clients") == set()) is (kind is PeopleSource)
        assert "tess" in await life.found("ann", "therapists")
