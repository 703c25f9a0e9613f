"""Candidates for a question. Nothing here knows who asks: what they may read decides whoever opens the hits."""

from collections.abc import Collection

import msgspec

from common.clock import Clock
from serve_app.capabilities.search.port import After, Engine, Key
from serve_app.capabilities.search.process.index import ServingGeneration
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question, filters_of
from serve_app.capabilities.search.process.remembered import Remembered
from serve_app.capabilities.search.query import parse


class Answering:
    """Of the generation that serves."""

    def __init__(self, asked: ServingGeneration, engine: Engine, clock: Clock, excluded: Collection[str]) -> None:
        """`excluded`: the rooms that are not searched, as they are at any moment."""
        self._asked, self._engine, self._excluded = asked, engine, excluded
        self.remembered = Remembered(clock)

    async def answer(self, question: Question) -> AnsweredQuestion:
        """As it was lately, if nothing has changed it; how the index is, is never remembered. Raises InvalidArgument,
        Unavailable."""
        answered = self.remembered.get(question)
        if answered is None:
            since = self.remembered.changes
            answered = await self._found(question)
            self.remembered.put(question, answered, since)
        left_out = sum(room in self._excluded for room in question.rooms)
        return msgspec.structs.replace(answered, excluded_rooms=left_out) if left_out else answered

    async def _found(self, question: Question) -> AnsweredQuestion:
        query = parse(question.q, self._asked.analyser, typeahead=question.typeahead)
        after = question.after
        found, slips = await self._asked.propose(
            query,
            filters_of(question.every, question.either),
            every=question.all,
            exact=question.exact,
            sort=question.sort,
            after=None if after is None else After(after.at, Key(after.type, after.id)),
            limit=question.limit,
            unread=question.unread,
        )
        return AnsweredQuestion(
            candidates=[HitCandidate(hit.key.type, hit.key.id, hit.at, hit.version) for hit in found.hits],
            more=found.more,
            slips={word: list(meant) for word, meant in slips.items()},
            engine=self._engine.name,
            lag_ms=0,
        )
