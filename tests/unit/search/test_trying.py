"""What becomes of a query: its tree, and the words at one slip for those that are nowhere."""

import time
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.blind import Blinder, IndexKey
from serve_app.capabilities.search.port import Best, Engine, Every, Filters, Node, Term, Tree
from serve_app.capabilities.search.process.index import NO_SLIPS, ServingGeneration
from serve_app.capabilities.search.query import parse
from serve_app.capabilities.search.slips import neighbours
from serve_app.capabilities.search.trying import MOST_TRIED, instead

ENGLISH = Analyser()
BLINDER = Blinder(IndexKey("k1", bytes(32)), ENGLISH)


class Readable:
    """An engine that knows which words are in what may be read, and how many it was asked for."""

    def __init__(self, *words: str) -> None:
        self.words = {term for word in words for term in BLINDER.terms(word)}
        self.asked = 0

    async def count(self, terms: Sequence[Term], filters: Filters) -> Mapping[Term, int]:
        self.asked += len(terms)
        return {term: 1 for term in terms if term in self.words}


def tree_of(text: str, *, every: bool = False) -> Tree:
    asked = ServingGeneration(cast("Engine", Readable()), BLINDER)  # a tree is made without it
    return asked.tree(parse(text, ENGLISH), NO_SLIPS, every=every)


async def instead_of(text: str, *known: str) -> Mapping[str, Sequence[str]]:
    return await instead(parse(text, ENGLISH), BLINDER, Readable(*known), Filters())


def word(text: str) -> Node:
    return Best(BLINDER.terms(text))


def beginning(text: str) -> Node:
    return Best((BLINDER.beginning(text), *BLINDER.terms(text)))


def test_one_of_the_words_must_match_or_all_of_them_if_asked() -> None:
    assert tree_of("panic night") == Tree(some=(word("panic"), word("night")))
    assert tree_of("panic night", every=True) == Tree(must=(word("panic"), word("night")))


def test_words_that_are_everywhere_weigh_and_do_not_count_alone() -> None:
    assert tree_of("the panic") == Tree(some=(word("panic"),), aside=(word("the"),))
    assert tree_of("the who") == Tree(some=(word("the"), word("who")))


def test_a_phrase_must_stand_there_and_what_is_not_wanted_not() -> None:
    assert tree_of('"panic attacks" night -day -"no way" -pan*') == Tree(
        must=(Every((word("panic"), word("attack"))),),
        aside=(word("night"),),
        never=(word("day"), beginning("pan")),  # a phrase is judged in the text, for both of its words may stand apart
    )


def test_a_beginning_is_also_a_whole_word() -> None:
    assert tree_of("att*") == Tree(some=(beginning("att"),))


@pytest.mark.parametrize("typed", ["panik", "pnic", "paanic", "apnic"])
async def test_a_word_that_is_nowhere_stands_for_those_at_one_slip(typed: str) -> None:
    found = await instead_of(typed, "panic", "manic", "night")
    assert "panic" in found[typed]
    assert set(found) == {typed}
    assert "night" not in found[typed]


async def test_a_word_that_is_somewhere_is_left_alone() -> None:
    assert await instead_of("manic the panics", "panic", "manic") == {}


@pytest.mark.parametrize("typed", ["ab", "x12", "2026-11-29", "\u6771\u4eac", "foo@bar.com", "ad*", '"panik attak"'])
async def test_no_slips_are_tried_of_what_is_no_word_of_letters(typed: str) -> None:
    assert await instead_of(typed, "a", "x13", "2026-11-28", "ad", "panic", "attack") == {}


async def test_what_a_query_tries_is_bounded() -> None:
    engine = Readable()
    text = " ".join(f"{letter}onstantinopolitan" for letter in "bcdfghjklmn")
    await instead(parse(text, ENGLISH), BLINDER, engine, Filters())
    assert 500 < engine.asked <= MOST_TRIED + 11


@given(st.text(alphabet="abcz", min_size=3, max_size=7), st.text(alphabet="abcz", min_size=2, max_size=8))
def test_neighbours_are_the_words_at_distance_one(typed: str, other: str) -> None:
    assert (other in set(neighbours(typed))) is (OSA.distance(typed, other) == 1)


def test_a_word_of_eight_letters_has_441_neighbours() -> None:
    assert len(set(neighbours("abcdefgh"))) == 441
    assert "привет" in set(neighbours("превет"))


async def test_slips_cost_little() -> None:
    """A word of 8 letters: 441 words made, stemmed and hashed in some 2 ms of a quiet core."""
    took = []
    for _ in range(5):
        start = time.thread_time()
        await instead_of("constanz")
        took.append(time.thread_time() - start)
    assert min(took) < 0.02
