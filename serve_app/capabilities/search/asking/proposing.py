"""What the index proposes for a question: candidates, and words that stand for others."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.matching import NO_SLIPS, Matcher, Slips
from serve_app.capabilities.search.asking.opening import HitJudge, HitOpener, OpenedHits
from serve_app.capabilities.search.asking.wanted import Wanted
from serve_app.capabilities.search.port import Among, Condition
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question, packed
from serve_app.capabilities.search.query import SearchQuery, Word
from serve_app.capabilities.search.sources import conversations, messages
from serve_app.capabilities.search.sources.entry import Reader, Source

MOST_NOTED: Final = 500
"""Candidates that are asked for at once."""
_WITNESSES: Final = 50


class IndexClient(Protocol):
    """The way to the index (`process.link.SearchLink`)."""

    async def find(self, question: Question) -> AnsweredQuestion:
        """Raises InvalidArgument, Unavailable."""
        ...

    async def order(self, q: str, texts: Sequence[str]) -> Sequence[int]:
        """Places of texts, those that mean most what was asked first. Raises Unavailable."""
        ...


class Proposing:
    """One a process. Every method raises Unavailable."""

    def __init__(self, link: IndexClient, sources: Mapping[str, Source], analyser: Analyser) -> None:
        self._link, self._sources, self._analyser = link, sources, analyser
        self._opening = HitOpener(sources)

    async def ask(
        self,
        wanted: Wanted,
        reader: Reader,
        *,
        limit: int = MOST_NOTED,
        after: HitCandidate | None = None,
        unread: Sequence[str] = (),
    ) -> AnsweredQuestion:
        """The first candidates, or those behind one. `unread`: see `Question`."""
        return await self._link.find(
            await self._question(wanted, reader, limit=limit, after=after, unread=list(unread))
        )

    async def unread(
        self, query: SearchQuery, looked: OpenedHits, wanted: Wanted, reader: Reader, slips: Slips
    ) -> list[str]:
        """Words that are in the index, in what looks like the caller's, and yet in nothing that they may read: of
        before they came, or gone by now. They stand for others, as words do that are nowhere."""
        seen = frozenset(word for one in looked.seen for word in one.match.own)
        words = [part.text for part in query.wanted if isinstance(part, Word) and not self._analyser.stops(part.text)]
        doubtful = [word for word in words if word not in seen and word not in slips]
        if wanted.exact or not doubtful:
            return []
        read = await asyncio.gather(*(self._is_read(word, wanted, reader) for word in doubtful))
        return [word for word, is_read in zip(doubtful, read, strict=True) if not is_read]

    async def _is_read(self, word: str, wanted: Wanted, reader: Reader) -> bool:
        """Does a document that the caller may read, of those that are asked for, have this word?"""
        alone = replace(wanted, q=word, all=False, exact=True, typeahead=False, sort="relevance")
        answered = await self.ask(alone, reader, limit=_WITNESSES)
        if answered.more:
            return True
        stands: Mapping[int, bool] = {}
        if is_told_by_index(alone):
            stands = await self._opening.standing(answered.candidates, reader)
        if any(stands.values()):
            return True
        matcher = Matcher(self._analyser, SearchQuery((Word(word),)), NO_SLIPS, every=True)
        judge = HitJudge(wanted=alone, matcher=matcher, reader=reader)
        places = range(len(answered.candidates))
        return bool((await self._opening.look(answered.candidates, places, judge, until_s=float("inf"))).seen)

    async def _question(
        self, wanted: Wanted, reader: Reader, limit: int, after: HitCandidate | None, unread: list[str]
    ) -> Question:
        either: list[tuple[Condition, ...]] = []
        for kind in wanted.proposed:
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
            after=after,
            unread=unread,
        )


def is_told_by_index(wanted: Wanted) -> bool:
    """Do filters mean the same in the index and in what is opened? People of anonymous rooms are looked for by what
    they are called there, which the index does not know apart from who they are."""
    return "sender_id" not in wanted.filters


def is_counted_by_index(wanted: Wanted, query: SearchQuery) -> bool:
    """Is what the index proposes a hit, if it has not changed since? Words are: the same forms are compared there and
    here. The rest of beginnings, the order of phrases, and how a word is written, are seen in the text alone; so is who
    has sent it."""
    words = all(isinstance(part, Word) for part in (*query.wanted, *query.unwanted))
    return words and not wanted.exact and "sender_id" not in wanted.facets and is_told_by_index(wanted)
