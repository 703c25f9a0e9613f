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


EXACTLY: list[tuple[str, str, bool, bool]] = [  # and how it is where exactly this is asked for
    ("running", "she was Running", True, True),
    ("running", "she runs", True, False),
    ("cafe", "the caf\u00e9", True, False),
    ("caf\u00e9", "the CAFE\u0301", True, True),
    ('"panic attack"', "a Panic attack came", True, True),
    ('"panic attack"', "panic attacks", True, False),
    ("pan*", "panics", True, True),
    ("pan*", "p\u00e4nic", True, False),
    ("panic -nights", "panic at night", False, True),
    ("panic -night", "panic at night", False, False),
    ("running quiet", "she runs, a quiet run", True, True),
    ("gardem", "the garden", True, False),
]


def matcher(text: str, slips: Slips = NO_SLIPS, *, every: bool = False, exact: bool = False) -> Matcher:
    return Matcher(ENGLISH, parse(text, ENGLISH), slips, every=every, exact=exact)


@pytest.mark.parametrize(("query", "text", "held"), JUDGED)
def test_the_opened_text_says_whether_it_is_a_hit(query: str, text: str, held: bool) -> None:
    assert (matcher(query).match("", text) is not None) is held


@pytest.mark.parametrize(("query", "text", "held", "exactly"), EXACTLY)
def test_exactly_is_as_it_was_typed_but_for_case(query: str, text: str, held: bool, exactly: bool) -> None:
    slips = {"gardem": ["garden"]}
    assert (matcher(query, slips).match("", text) is not None) is held
    assert (matcher(query, exact=True).match("", text) is not None) is exactly


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
