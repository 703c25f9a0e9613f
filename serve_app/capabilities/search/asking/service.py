"""Answers. The index proposes, the sources decide: nothing is shown or counted but what was opened with the caller's
rights of this moment, and says what was asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.room.commands import Peek
from actors.rooms.service import entity_of
from common.clock import to_rfc3339
from common.errors import InvalidArgument
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.granted import Grants
from serve_app.capabilities.search.asking.matching import Matcher, snippet
from serve_app.capabilities.search.asking.opening import Looked, Opening, Seen, counted
from serve_app.capabilities.search.asking.pages import Note, Pages, Place
from serve_app.capabilities.search.asking.wanted import Wanted, WantedKind
from serve_app.capabilities.search.doors.answers import (
    Correction,
    FacetCount,
    Highlight,
    Hit,
    IndexInfo,
    SearchPage,
    Suggestion,
    Suggestions,
    Total,
)
from serve_app.capabilities.search.port import Among, Condition
from serve_app.capabilities.search.process.questions import AnsweredQuestion, Question, packed
from serve_app.capabilities.search.query import parse
from serve_app.capabilities.search.sources import conversations, messages, people
from serve_app.capabilities.search.sources.entry import Opened, Reader, Source

MOST_COUNTED: Final = 200
"""Candidates that are opened to be counted."""
_MOST_NOTED: Final = 500
_BOUND_S: Final = 0.3
_SUGGESTED: Final = 5
_SUGGEST_FROM: Final = 30
_A_STEP: Final = 50


class Asks(Protocol):
    """The way to the index (`process.link.SearchLink`)."""

    async def find(self, question: Question) -> AnsweredQuestion:
        """Raises InvalidArgument, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What the index proposes, as it is noted, and how the index was."""

    note: Note
    name: bytes
    info: IndexInfo


class Search:
    """One a process."""

    def __init__(
        self,
        link: Asks,
        sources: Mapping[str, Source],
        memberships: Callable[[str], Awaitable[Sequence[str]]],
        pages: Pages,
        grants: Grants,
        entities: EntityClient,
        analyser: Analyser,
    ) -> None:
        self._link, self._sources, self._opening = link, sources, Opening(sources)
        self._memberships, self._pages, self._grants = memberships, pages, grants
        self._entities, self._analyser = entities, analyser

    async def search(self, wanted: Wanted, *, by: Principal, trace: str) -> SearchPage:
        """A page of hits.

        Raises:
            InvalidArgument: neither words nor a filter; or the cursor is of another question.
            FailedPrecondition: the cursor is too old.
            NotFound, PermissionDenied: no such grant; or no such room, where one is named.
            Unavailable: the index, or what it leads to, does not answer.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        reader = await self._reader(wanted, by, trace)
        query = parse(wanted.q, self._analyser, typeahead=wanted.typeahead)
        if not query.wanted and not wanted.bounded:
            raise InvalidArgument("Say what is looked for, or name a filter.", details={"field": "q"})
        place = None
        if wanted.cursor is not None:
            place = self._pages.place_of(wanted.cursor, by.user, wanted.named)
        found = await self._found(wanted, place, reader, by)
        matcher = Matcher(self._analyser, query, found.note.slips, every=wanted.all)
        first, until_s = 0 if place is None else place.offset, began + _BOUND_S
        whole = await self._opening.look(
            found.note.candidates, 0, wanted, matcher, reader, most=MOST_COUNTED, until_s=until_s
        )
        shown, following = await self._page(
            found=found, whole=whole, first=first, wanted=wanted, matcher=matcher, reader=reader
        )
        cursor = None
        if following is not None:
            name = found.name or await self._pages.keep(found.note, by.user)
            cursor = self._pages.cursor(Place(name, following), by.user, wanted.named)
        exact = not found.note.more and whole.upto >= len(found.note.candidates) and len(whole.seen) <= MOST_COUNTED
        slips = {word: meant for one in shown for word, meant in one.match.slips.items()}
        return SearchPage(
            hits=[_hit(one) for one in shown],
            total=Total(value=len(whole.seen), exact=exact),
            facets=_facets(whole.seen, wanted.facets),
            corrected=[Correction(given=word, to=meant) for word, meant in slips.items()],
            next_cursor=cursor,
            took_ms=round((loop.time() - began) * 1000),
            index=found.info,
        )

    async def suggest(self, q: str, kinds: Sequence[WantedKind], *, by: Principal, trace: str) -> Suggestions:
        """Titles that begin so, of what the caller may see. Raises InvalidArgument, Unavailable."""
        named = tuple(one for one in kinds if one.type != messages.TYPE)
        if not named:
            return Suggestions(suggestions=[])
        wanted = Wanted(q=q, kinds=named, typeahead=True, all=True, limit=_SUGGESTED)
        reader = Reader(by, trace, self._memberships)
        query = parse(q, self._analyser, typeahead=True)
        answered = await self._link.find(await self._question(wanted, reader, limit=_SUGGEST_FROM))
        matcher = Matcher(self._analyser, query, answered.slips, every=True)
        until_s = asyncio.get_running_loop().time() + _BOUND_S
        looked = await self._opening.look(
            answered.candidates, 0, wanted, matcher, reader, most=_SUGGEST_FROM, until_s=until_s
        )
        titled = [one.opened for one in looked.seen if one.match.title or not query.wanted]
        return Suggestions(suggestions=[_suggestion(one) for one in titled[:_SUGGESTED]])

    async def _reader(self, wanted: Wanted, by: Principal, trace: str) -> Reader:
        if wanted.break_glass is not None:
            by = await self._grants.subject(wanted.break_glass, by, trace)
        if wanted.room_id is not None:
            await self._entities.ask(entity_of(wanted.room_id), Peek(), by=by, trace=trace)
        return Reader(by, trace, self._memberships)

    async def _found(self, wanted: Wanted, place: Place | None, reader: Reader, by: Principal) -> Found:
        if place is not None:
            note = await self._pages.read(place, by.user)
            answered = await self._link.find(await self._question(wanted, reader, limit=1))
            return Found(note, place.note, _info(answered))
        answered = await self._link.find(await self._question(wanted, reader, limit=_MOST_NOTED))
        return Found(Note(answered.candidates, answered.slips, answered.more), b"", _info(answered))

    async def _question(self, wanted: Wanted, reader: Reader, *, limit: int) -> Question:
        either: list[tuple[Condition, ...]] = []
        for kind in wanted.kinds:
            role = (Among("audience", frozenset({kind.role})),) if kind.role else ()
            of_type = (Among("type", frozenset({kind.type})), *role)
            either += [(*of_type, *scope) for scope in await self._sources[kind.type].scope(reader)]
        rooms: list[str] = []
        if any(kind.type in (messages.TYPE, conversations.TYPE) for kind in wanted.kinds):
            rooms = [wanted.room_id] if wanted.room_id is not None else sorted(await reader.rooms())
        nothing = [Among("type", frozenset())] if not either else []
        return Question(
            q=wanted.q,
            every=[packed(one) for one in [*nothing, *wanted.conditions]],
            either=[[packed(one) for one in some] for some in either],
            all=wanted.all,
            exact=wanted.exact,
            typeahead=wanted.typeahead,
            sort=wanted.sort,
            limit=limit,
            rooms=rooms,
        )

    async def _page(
        self, found: Found, whole: Looked, first: int, wanted: Wanted, matcher: Matcher, reader: Reader
    ) -> tuple[list[Seen], int | None]:
        """The hits from a place on, and where the next page begins; None: there is none."""
        candidates, at = found.note.candidates, max(first, whole.upto)
        seen = [one for one in whole.seen if one.place >= first]
        while len(seen) <= wanted.limit and at < len(candidates):
            looked = await self._opening.look(candidates, at, wanted, matcher, reader, most=_A_STEP, until_s=0.0)
            seen += looked.seen
            at = looked.upto
        return seen[: wanted.limit], seen[wanted.limit].place if len(seen) > wanted.limit else None


def _info(answered: AnsweredQuestion) -> IndexInfo:
    return IndexInfo(
        engine=answered.engine,
        lag_ms=answered.lag_ms,
        building=answered.building,
        excluded_rooms=answered.excluded_rooms,
    )


def _facets(seen: Sequence[Seen], names: Sequence[str]) -> dict[str, list[FacetCount]] | None:
    if not names:
        return None
    found = counted(seen, names)
    return {name: [FacetCount(value=value, count=count) for value, count in found[name]] for name in names}


def _suggestion(one: Opened) -> Suggestion:
    type_: Any = one.type
    person = one.user_id if one.type in (people.PEOPLE, people.THERAPISTS) else None
    return Suggestion(type=type_, id=one.id, title=one.title, user_id=person)


def _hit(one: Seen) -> Hit:
    opened, match = one.opened, one.match
    quoted, marks = snippet(opened.text, match.text) if opened.quoted and opened.text else (None, [])
    highlights = [Highlight(field="title", start=mark.start, end=mark.end) for mark in match.title]
    highlights += [Highlight(field="snippet", start=mark.start, end=mark.end) for mark in marks]
    type_: Any = opened.type
    return Hit(
        type=type_,
        id=opened.id,
        title=opened.title,
        snippet=quoted,
        highlights=highlights,
        at=to_rfc3339(opened.at),
        room_id=opened.room_id,
        seq=opened.seq,
        message=opened.message,
        user_id=opened.user_id,
        link=opened.link,
    )
