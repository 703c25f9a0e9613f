"""What tokens cannot tell is judged in the opened text: phrases, what is not wanted, long beginnings, and the marks."""

import pytest

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.matching import NO_SLIPS, Matcher, Slips
from serve_app.capabilities.search.query import parse

ENGLISH = Analyser()

JUDGED: list[tuple[str, str, bool]] = [
    ("panic", "a panic came", True),
    ("panics", "a panic came", True),
    ("night panic", "a panic came", True),
    ("night", "a panic came", False),
    ("the night", "the panic came", False),
    ("the", "the panic came", True),
    ('"panic attack"', "a panic attack came", True),
    ('"panic attack"', "panic attacks", True),
    ('"panic attack"', "attack of panic", False),
    ('"panic attack" night', "panic attack", True),
    ('"panic attack" night', "panic at night", False),
    ('panic -"came at night"', "panic came at night", False),
    ('panic -"came at night"', "panic at night came", True),
    ("panic -night", "panic at nights", False),
    ("disestablishmentar*", "disestablishment", False),
    ("disestablishmentar*", "disestablishmentarian", True),
    ("slep*", "slept", True),
]


def matcher(text: str, slips: Slips = NO_SLIPS, *, every: bool = False) -> Matcher:
    return Matcher(ENGLISH, parse(text, ENGLISH), slips, every=every)


@pytest.mark.parametrize(("query", "text", "held"), JUDGED)
def test_the_opened_text_says_whether_it_is_a_hit(query: str, text: str, held: bool) -> None:
    assert (matcher(query).match("", text) is not None) is held


def test_no_phrase_reaches_from_the_title_into_the_text() -> None:
    assert matcher('"panic attack"').match("panic", "attack") is None
    assert matcher("panic attack", every=True).match("panic", "attack") is not None


def test_marks_are_the_words_that_were_looked_for() -> None:
    text = "Panic attacks at night, slept badly: \u00dcberraschung, manic"
    found = matcher('"panic attack" slep* Uberraschung panik', {"panik": ["manic"]}).match("", text)
    assert found is not None
    marked = [text[mark.start : mark.end] for mark in found.text]
    assert marked == ["Panic attacks", "slept", "\u00dcberraschung", "manic"]
    assert found.slips == {"panik": "manic"}
