"""Pages of many hits, through every one of them, over an index that is asked and a source that is opened."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.pages import CandidateList, PageStart
from serve_app.capabilities.search.asking.service import Search
from serve_app.capabilities.search.asking.wanted import kinds_of, wanted_of
from serve_app.capabilities.search.doors.requests import Ask
from serve_app.capabilities.search.port import Among
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question
from serve_app.capabilities.search.sources.entry import Opened, Reader, Scope
from serve_app.capabilities.search.sources.table import TYPES

MANY = 1300


class Index:
    """Hits in the order of their time, the newest first."""

    async def find(self, question: Question) -> AnsweredQuestion:
        first = 0 if question.after is None else MANY - question.after.at
        places = range(first, min(MANY, first + question.limit))
        candidates = [HitCandidate("messages", str(place), MANY - 1 - place) for place in places]
        more = first + question.limit < MANY
        return AnsweredQuestion(candidates=candidates, more=more, slips={}, engine="plain", lag_ms=0)

    async def order(self, q: str, texts: Sequence[str]) -> Sequence[int]:
        return range(len(texts))[::-1]


class Messages:
    """Every seventh one may be seen."""

    types = ("messages",)

    async def scope(self, reader: Reader) -> Scope:
        return [(Among("room", frozenset({"r"})),)]

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        return {id_: _message(id_) for id_ in ids if int(id_) % 7 == 0}


def _message(id_: str) -> Opened:
    return Opened(type="messages", id=id_, title="", text="a heron", quoted=True, at=MANY - 1 - int(id_), link="")


class Noted:
    """Notes and cursors, in memory."""

    def __init__(self) -> None:
        self.notes: dict[bytes, CandidateList] = {}

    async def keep(self, note: CandidateList, user: str) -> bytes:
        name = str(len(self.notes)).encode()
        self.notes[name] = note
        return name

    async def replace(self, name: bytes, note: CandidateList, user: str) -> None:
        self.notes[name] = note

    async def read(self, place: PageStart, user: str) -> CandidateList:
        return self.notes[place.note]

    def cursor(self, place: PageStart, user: str, named: Sequence[object]) -> str:
        return f"{place.note.decode()}.{place.offset}"

    def place_of(self, cursor: str, user: str, named: Sequence[object]) -> PageStart:
        name, _, offset = cursor.partition(".")
        return PageStart(name.encode(), int(offset))


async def rooms_of(_: str) -> Mapping[str, int]:
    return {"r": 1}


def a_search(*, rerank: bool = False) -> Search:
    unused: Any = None
    return Search(
        Index(),
        {"messages": Messages()},
        rooms_of,
        cast("Any", Noted()),
        unused,
        unused,
        unused,
        Analyser(),
        rerank=rerank,
    )


async def every_page(search: Search, **asked: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor = None
    while True:
        wanted = wanted_of(Ask(q="heron", type="messages", cursor=cursor, **asked), TYPES)
        page = await search.search(wanted, by=Principal("ann"), trace="")
        pages.append([hit.id for hit in page.hits])
        cursor = page.next_cursor
        if cursor is None:
            return pages
        assert not page.total.exact


async def test_sorted_by_time_the_pages_reach_the_last_hit_and_show_none_twice() -> None:
    pages = await every_page(a_search(), sort="newest", limit=10)
    assert [one for page in pages for one in page] == [str(n) for n in range(0, MANY, 7)]
    assert {len(page) for page in pages[:-1]} == {10}


async def test_by_relevance_they_end_with_what_was_noted_of_the_first_question() -> None:
    pages = await every_page(a_search(), limit=10)
    assert [one for page in pages for one in page] == [str(n) for n in range(0, 500, 7)]


async def test_the_first_hits_in_another_order_are_shown_once_each_all_the_same() -> None:
    pages = await every_page(a_search(rerank=True), limit=8)
    wanted = [str(n) for n in range(0, 500, 7)]
    shown = [one for page in pages for one in page]
    assert shown == wanted[:20][::-1] + wanted[20:]


def test_one_type_in_another_is_asked_for_once_and_therapists_are_people_unless_they_are_asked_for() -> None:
    everything = wanted_of(Ask(q="a"), TYPES)
    assert [one.type for one in everything.proposed].count("people") == 1
    assert any(one.role == "therapist" for one in everything.kinds)
    assert [one.role for one in kinds_of("patients,doctors", TYPES)] == ["client", "therapist"]
    assert not any(one.role for one in kinds_of("users", TYPES))


def test_an_address_is_one_piece_with_its_sign() -> None:
    for q, said in (("mia@example.org", True), (" mia@ ", True), ("mia", False), ("mia@example.org now", False)):
        assert wanted_of(Ask(q=q), TYPES).is_address is said
