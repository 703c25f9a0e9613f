"""Candidates for a question. Nothing here knows who asks: what they may read decides whoever opens the hits."""

from collections.abc import Sequence
from typing import Final

from common.clock import Clock
from serve_app.capabilities.search.port import After, Among, Engine, Filters, Key, Tree
from serve_app.capabilities.search.process.index import NO_SLIPS, ServingGeneration
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question, filters_of
from serve_app.capabilities.search.process.remembered import Remembered
from serve_app.capabilities.search.query import parse
from serve_app.capabilities.search.sources.conversations import EXCLUDED

_MOST_COUNTED: Final = 500


class Answering:
    """Of the generation that serves."""

    def __init__(self, asked: ServingGeneration, engine: Engine, clock: Clock) -> None:
        self._asked, self._engine = asked, engine
        self.remembered = Remembered(clock)

    async def answer(self, question: Question) -> AnsweredQuestion:
        """As it was lately, if nothing has changed it; how the index is, is never remembered. Raises InvalidArgument,
        Unavailable."""
        if (known := self.remembered.get(question)) is not None:
            return known
        since = self.remembered.changes
        answered = await self._found(question)
        self.remembered.put(question, answered, since)
        return answered

    async def _found(self, question: Question) -> AnsweredQuestion:
        query = parse(question.q, self._asked.analyser, typeahead=question.typeahead)
        filters = filters_of(question.every, question.either)
        slips = NO_SLIPS if question.exact else await self._asked.instead(query, filters, question.unread)
        after = question.after
        found = await self._asked.find(
            query,
            slips,
            filters,
            every=question.all,
            sort=question.sort,
            after=None if after is None else After(after.at, Key(after.type, after.id)),
            limit=question.limit,
        )
        return AnsweredQuestion(
            candidates=[HitCandidate(hit.key.type, hit.key.id, hit.at) for hit in found.hits],
            more=found.more,
            slips={word: list(meant) for word, meant in slips.items()},
            engine=self._engine.name,
            lag_ms=0,
            excluded_rooms=await self._excluded(question.rooms),
        )

    async def _excluded(self, rooms: Sequence[str]) -> int:
        """How many of these rooms are not searched."""
        if not rooms:
            return 0
        mine = Filters((Among("type", frozenset({EXCLUDED})), Among("room", frozenset(rooms))))
        return len((await self._engine.find(Tree(), mine, sort="newest", limit=_MOST_COUNTED)).hits)
