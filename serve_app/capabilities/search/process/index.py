"""The index: words go in and come out as keyed hashes; the engine sees no word."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.port import (
    After,
    Applied,
    Best,
    Change,
    Engine,
    Every,
    Filters,
    Found,
    Node,
    Put,
    Sort,
    Tree,
)
from serve_app.capabilities.search.query import Beginning, Part, Phrase, SearchQuery, Word
from serve_app.capabilities.search.sources.entry import Entry, Fed
from serve_app.capabilities.search.trying import instead

Slips = Mapping[str, Sequence[str]]
"""For words of a question that nobody wrote, those that may be meant."""
NO_SLIPS: Final[Slips] = {}


class Written:
    """One generation, to be written: by its number, for another one that comes to serve has another key maybe."""

    def __init__(self, engine: Engine, blinder: Blinder, *, texts: bool, number: int) -> None:
        """`texts`: are beginnings of words of texts found as well?"""
        self._engine, self.blinder, self._texts, self.number = engine, blinder, texts, number

    async def apply(self, fed: Sequence[Fed]) -> Applied:
        """When this returns, all is found. Raises Unavailable; LookupError: it is there no more."""
        return await self._engine.apply([self._change(one) for one in fed], generation=self.number)

    def _change(self, one: Fed) -> Change:
        if not isinstance(one, Entry):
            return one
        made = self.blinder.document([one.title], [one.text], beginnings_of_texts=self._texts)
        return Put(
            key=one.key,
            version=one.version,
            at=one.at,
            words=made.words,
            beginnings=made.beginnings,
            filters=one.filters,
        )


class ServingGeneration:
    """The generation that serves, to be asked."""

    def __init__(self, engine: Engine, blinder: Blinder) -> None:
        self._engine, self._blinder = engine, blinder

    @property
    def analyser(self) -> Analyser:
        """Of its words."""
        return self._blinder.analyser

    async def find(
        self,
        query: SearchQuery,
        slips: Slips,
        filters: Filters,
        *,
        every: bool,
        sort: Sort,
        limit: int,
        after: After | None = None,
    ) -> Found:
        """The first hits, or those behind one. `every`: all words must be there. Raises Unavailable."""
        tree = self.tree(query, slips, every=every)
        return await self._engine.find(tree, filters, sort=sort, after=after, limit=limit)

    async def instead(self, query: SearchQuery, filters: Filters, unread: Collection[str] = ()) -> Slips:
        """For words that are in nothing of `filters`, or among `unread`, those at one slip that are. Raises
        Unavailable."""
        return await instead(query, self._blinder, engine=self._engine, filters=filters, unread=unread)

    def tree(self, query: SearchQuery, slips: Slips, *, every: bool) -> Tree:
        """What the engine is asked. Words that stand in every text count only beside others."""
        stops = self.analyser.stops
        aside = [one for one in query.wanted if isinstance(one, Word) and stops(one.text)]
        wanted = [one for one in query.wanted if one not in aside] or aside
        nodes = tuple(self._node(one, slips) for one in wanted)
        never = tuple(self._node(one, NO_SLIPS) for one in query.unwanted if not isinstance(one, Phrase))
        phrases = tuple(self._node(one, slips) for one in wanted if isinstance(one, Phrase))
        rest = tuple(self._node(one, slips) for one in aside) if aside != wanted else ()
        if every:
            return Tree(must=nodes, aside=rest, never=never)
        others = tuple(self._node(one, slips) for one in wanted if not isinstance(one, Phrase))
        if phrases:
            return Tree(must=phrases, aside=(*others, *rest), never=never)
        return Tree(some=others, aside=rest, never=never)

    def _node(self, part: Part, slips: Slips) -> Node:
        match part:
            case Word(text=text):
                meant = [text, *slips.get(text, ())]
                return Best(tuple(dict.fromkeys(term for word in meant for term in self._blinder.terms(word))))
            case Beginning(text=text):  # a whole word too, where beginnings of texts are not kept
                return Best((self._blinder.beginning(text), *self._blinder.terms(text)))
            case Phrase(words=words):
                return Every(tuple(Best(self._blinder.terms(word)) for word in words))
