"""Answers. The index proposes, the sources decide: nothing is shown or counted but what was opened with the caller's
rights of this moment, and says what was asked for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.rooms.room.commands import Peek
from actors.rooms.service import entity_of
from common.errors import InvalidArgument
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.addressed import Addresses
from serve_app.capabilities.search.asking.granted import Grants
from serve_app.capabilities.search.asking.matching import Matcher
from serve_app.capabilities.search.asking.opening import CountedHit, HitJudge, HitOpener, OpenedHits, VisibleHit
from serve_app.capabilities.search.asking.pages import CandidateList, Pages, PageStart
from serve_app.capabilities.search.asking.presenting import facets_of, hit_of, info_of, suggestion_of
from serve_app.capabilities.search.asking.proposing import IndexClient, Proposing, is_counted_by_index
from serve_app.capabilities.search.asking.reranking import MOST_RANKED, ranked, rearranged
from serve_app.capabilities.search.asking.wanted import Wanted, WantedKind
from serve_app.capabilities.search.doors.answers import Correction, IndexInfo, SearchPage, Suggestions, Total
from serve_app.capabilities.search.process.questions import HitCandidate
from serve_app.capabilities.search.query import SearchQuery, parse
from serve_app.capabilities.search.sources import messages
from serve_app.capabilities.search.sources.entry import Reader, Source
from serve_app.capabilities.search.sources.people import PEOPLE

MOST_COUNTED: Final = 200
"""Candidates that are opened to be counted."""
_BOUND_S: Final = 0.3
_SUGGESTED: Final = 5
_SUGGEST_FROM: Final = 30
_A_STEP: Final = 30
_MOST_STRETCHES: Final = 4


@dataclass(frozen=True, slots=True)
class IndexProposals:
    """What the index proposes, as it is noted, and how the index was. `name`: of the note; b"": not kept yet."""

    note: CandidateList
    name: bytes
    info: IndexInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question on its way. `by`: whoever asks, in whosever place. `until_s`: of the loop's clock."""

    wanted: Wanted
    query: SearchQuery
    reader: Reader
    by: Principal
    until_s: float


class Search:
    """One a process."""

    def __init__(
        self,
        link: IndexClient,
        sources: Mapping[str, Source],
        memberships: Callable[[str], Awaitable[Mapping[str, int]]],
        pages: Pages,
        grants: Grants,
        addresses: Addresses,
        entities: EntityClient,
        analyser: Analyser,
        *,
        rerank: bool = False,
    ) -> None:
        self._link, self._opening = link, HitOpener(sources)
        self._proposing = Proposing(link, sources, analyser)
        self._memberships, self._pages, self._grants = memberships, pages, grants
        self._addresses, self._entities, self._analyser, self._rerank = addresses, entities, analyser, rerank

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
        asked = SearchRequest(wanted=wanted, query=query, reader=reader, by=by, until_s=began + _BOUND_S)
        first = 0 if place is None else place.offset
        found, whole = await (self._first(asked) if place is None else self._again(asked, place))
        found, shown, following = await self._page(asked, found, whole, first)
        cursor = None
        if following is not None:
            name = found.name or await self._pages.keep(found.note, by.user)
            cursor = self._pages.cursor(PageStart(name, following), by.user, wanted.named)
        exact = not found.note.more and whole.upto >= len(found.note.candidates) and whole.total <= MOST_COUNTED
        slips = {word: meant for one in shown for word, meant in one.match.slips.items()}
        return SearchPage(
            hits=[hit_of(one) for one in shown],
            total=Total(value=whole.total, exact=exact),
            facets=facets_of(whole, wanted.facets),
            corrected=[Correction(given=word, to=meant) for word, meant in slips.items()],
            next_cursor=cursor,
            took_ms=round((loop.time() - began) * 1000),
            index=msgspec.structs.replace(found.info, reranked=found.note.reranked),
        )

    async def suggest(self, q: str, kinds: Sequence[WantedKind], *, by: Principal, trace: str) -> Suggestions:
        """Titles that begin so, of what the caller may see. Raises InvalidArgument, Unavailable."""
        named = tuple(one for one in kinds if one.type != messages.TYPE)
        if not named:
            return Suggestions(suggestions=[])
        wanted = Wanted(q=q, kinds=named, typeahead=True, all=True, limit=_SUGGESTED)
        reader = Reader(by, trace, self._memberships)
        query = parse(q, self._analyser, typeahead=True)
        answered = await self._proposing.ask(wanted, reader, limit=_SUGGEST_FROM)
        matcher = Matcher(self._analyser, query, answered.slips, every=True)
        judge = HitJudge(wanted=wanted, matcher=matcher, reader=reader)
        until_s = asyncio.get_running_loop().time() + _BOUND_S
        looked = await self._opening.look(answered.candidates, range(len(answered.candidates)), judge, until_s=until_s)
        titled = [one.opened for one in looked.seen if one.match.title or not query.wanted]
        return Suggestions(suggestions=[suggestion_of(one) for one in titled[:_SUGGESTED]])

    async def _reader(self, wanted: Wanted, by: Principal, trace: str) -> Reader:
        if wanted.break_glass is not None:
            by = await self._grants.subject(wanted.break_glass, by, trace)
        if wanted.room_id is not None:
            await self._entities.ask(entity_of(wanted.room_id), Peek(), by=by, trace=trace)
        reader = Reader(by, trace, self._memberships, wanted.practice)
        if wanted.is_address:
            reader.addressed = await self._addresses.owner(wanted, by)
        return reader

    async def _first(self, asked: SearchRequest) -> tuple[IndexProposals, OpenedHits]:
        """What the index proposes, and which of it are hits."""
        answered = await self._proposing.ask(asked.wanted, asked.reader)
        note = CandidateList(answered.candidates, answered.slips, answered.more)
        whole = await self._counted(asked, note)
        unread = await self._proposing.unread(asked.query, whole, asked.wanted, asked.reader, slips=note.slips)
        if unread:
            answered = await self._proposing.ask(asked.wanted, asked.reader, unread=[*unread, *note.slips])
            note = CandidateList(answered.candidates, answered.slips, answered.more)
            whole = await self._counted(asked, note)
        if (owner := asked.reader.addressed) is not None:
            others = [one for one in note.candidates if (one.type, one.id) != (PEOPLE, owner)]
            note = msgspec.structs.replace(note, candidates=[HitCandidate(PEOPLE, owner, 0), *others])
            whole = await self._counted(asked, note)
        if self._rerank and asked.wanted.sort == "relevance" and asked.query.wanted:
            better = await ranked(self._link.order, asked.wanted.q, whole)
            if better is not None:
                candidates = rearranged(note.candidates, whole, better)
                note, whole = msgspec.structs.replace(note, candidates=candidates, reranked=True), better
        return IndexProposals(note, b"", info_of(answered)), whole

    async def _again(self, asked: SearchRequest, place: PageStart) -> tuple[IndexProposals, OpenedHits]:
        """What was noted, and which of it are hits by now."""
        note = await self._pages.read(place, asked.by.user)
        answered = await self._proposing.ask(asked.wanted, asked.reader, limit=1)
        return IndexProposals(note, place.note, info_of(answered)), await self._counted(asked, note, place.offset)

    async def _counted(self, asked: SearchRequest, note: CandidateList, first: int = 0) -> OpenedHits:
        """Hits among the first candidates; opened are at least those of the page that begins at `first`."""
        judge, some = self._judge(asked, note), note.candidates[:MOST_COUNTED]
        if not is_counted_by_index(asked.wanted, asked.query):
            return await self._opening.look(some, range(len(some)), judge, until_s=asked.until_s)
        most = max(asked.wanted.limit, MOST_RANKED if self._rerank else 0)
        return await self._opening.tally(some, judge, first=first, most=most, until_s=asked.until_s)

    def _judge(self, asked: SearchRequest, note: CandidateList) -> HitJudge:
        wanted = asked.wanted
        matcher = Matcher(self._analyser, asked.query, note.slips, every=wanted.all, exact=wanted.exact)
        return HitJudge(wanted=wanted, matcher=matcher, reader=asked.reader)

    async def _page(
        self, asked: SearchRequest, found: IndexProposals, whole: OpenedHits, first: int
    ) -> tuple[IndexProposals, list[VisibleHit], int | None]:
        """The hits from a place on, and where the next page begins; None: there is none. Sorted by time there is no
        end to what is noted: where it runs out, the index is asked for what lies behind."""
        limit, judge = asked.wanted.limit, self._judge(asked, found.note)
        seen, at = await self._from(found.note, whole, first, judge), max(first, whole.upto)
        for _ in range(_MOST_STRETCHES):
            candidates = found.note.candidates
            while len(seen) <= limit and at < len(candidates):
                places = range(at, min(len(candidates), at + _A_STEP))
                looked = await self._opening.look(candidates, places, judge, until_s=0.0)
                seen += looked.seen
                at = looked.upto
            if len(seen) > limit:
                return found, _opened(seen[:limit]), seen[limit].place
            if not found.note.more or asked.wanted.sort == "relevance":
                return found, _opened(seen), None
            found = await self._longer(asked, found)
        return found, _opened(seen), at

    async def _from(
        self, note: CandidateList, whole: OpenedHits, first: int, judge: HitJudge
    ) -> list[VisibleHit | CountedHit]:
        """The hits from a place on, as far as they are counted; those of the first page are opened."""
        while True:
            hits: list[VisibleHit | CountedHit] = [one for one in whole.seen if one.place >= first]
            hits += [one for one in whole.counted if one.place >= first]
            hits.sort(key=lambda one: one.place)
            unread = [one.place for one in hits[: judge.wanted.limit] if isinstance(one, CountedHit)]
            if not unread:  # else one that should have been there was gone when it was opened
                return hits
            looked = await self._opening.look(note.candidates, unread, judge, until_s=float("inf"))
            rest = [one for one in whole.counted if one.place not in unread]
            whole = replace(whole, seen=[*whole.seen, *looked.seen], counted=rest)

    async def _longer(self, asked: SearchRequest, found: IndexProposals) -> IndexProposals:
        """With the candidates behind those that are noted."""
        note = found.note
        last, slipped = note.candidates[-1], list(note.slips)
        answered = await self._proposing.ask(asked.wanted, asked.reader, after=last, unread=slipped)
        known = set(note.candidates)
        candidates = [*note.candidates, *(one for one in answered.candidates if one not in known)]
        note = msgspec.structs.replace(note, candidates=candidates, more=answered.more)
        if found.name:
            await self._pages.replace(found.name, note, asked.by.user)
        return replace(found, note=note)


def _opened(hits: Sequence[VisibleHit | CountedHit]) -> list[VisibleHit]:
    return [one for one in hits if isinstance(one, VisibleHit)]
