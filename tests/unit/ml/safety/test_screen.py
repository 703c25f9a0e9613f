"""The screen on texts of our own, and the first look that most messages end at."""

import time
import tomllib
from collections.abc import Callable

import pytest

from ml.language.text import fold
from ml.messages.corpus import Corpus, LabelledMessage, Task
from ml.safety.crisis import CrisisRules
from ml.safety.prefilter import Prefilter
from ml.safety.screen import CrisisScreen
from tests.unit.ml.talk_judging import CASES, judged, texts

OTHERWISE = CASES.with_name("said_otherwise.toml")
FLOORS = {
    "development": {"danger": 0.99, "emergency as emergency": 0.98, "hard": 0.98, "ordinary": 1.0},
    "blind": {"danger": 0.96, "emergency as emergency": 0.95, "hard": 0.94, "ordinary": 1.0},
}


@pytest.fixture(scope="module")
def rules() -> CrisisRules:
    return CrisisRules()


@pytest.fixture(scope="module")
def ordinary(rules: CrisisRules) -> list[str]:
    """Plain texts of ordinary talk."""
    return [rules.plain(fold(one.text)) for one in texts() if one.kind == "ordinary"]


def test_the_set_is_large_balanced_and_in_four_languages() -> None:
    every = list(texts())
    assert len({one.text for one in every}) == len(every) >= 600
    assert {one.lang for one in every} == {"en", "de", "fr", "es"}
    danger = sum(one.kind == "danger" for one in every)
    assert 0.4 < danger / len(every) < 0.6


@pytest.mark.parametrize("half", FLOORS)
def test_danger_is_heard_and_what_sounds_like_it_is_not(rules: CrisisRules, half: str) -> None:
    screen = CrisisScreen(rules)
    found = judged(half, lambda text: screen.read(text).severity)
    shares = {name: found.share(name) for name in FLOORS[half]}
    assert all(shares[name] >= floor for name, floor in FLOORS[half].items()), shares
    assert found.precision >= 0.95


def test_what_is_said_otherwise_is_heard_and_what_is_near_it_is_not(rules: CrisisRules) -> None:
    screen, said = CrisisScreen(rules), tomllib.loads(OTHERWISE.read_text("utf-8"))
    raised = {name: [screen.read(one).severity != "normal" for one in said[name].strip().splitlines()] for name in said}
    assert sum(raised["danger"]) >= 0.98 * len(raised["danger"])
    assert sum(raised["hard"]) <= 0.02 * len(raised["hard"])


def test_the_first_look_loses_nothing_that_a_rule_finds(rules: CrisisRules) -> None:
    said = [*(one.text for one in texts()), *(one.text for one in _corpus("safety"))]
    plain = [rules.plain(fold(text)) for text in said]
    found = [text for text in plain if rules.find(text)]
    assert len(found) > 250
    assert [text for text in found if not rules.may_hold(text)] == []


def test_nineteen_of_twenty_ordinary_messages_end_at_the_first_look(rules: CrisisRules, ordinary: list[str]) -> None:
    wishes = [rules.plain(fold(one.text)) for one in _corpus("intent") if one.variety == "standard"]
    for said in (ordinary, wishes):
        assert sum(not rules.may_hold(text) for text in said) / len(said) > 0.93


def test_the_first_look_costs_microseconds_and_spares_most_of_what_the_rules_cost(
    rules: CrisisRules, ordinary: list[str]
) -> None:
    """Its twin is the rules without it: the same answers, for many times as much."""
    look, twin = _cost_s(rules.may_hold, ordinary), _cost_s(rules.find, ordinary)
    assert look < 20e-6, look
    assert twin > 4 * look, (look, twin)
    assert not any(rules.find(text) for text in ordinary if not rules.may_hold(text))


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        ("cut(?:ting)? my wrists?", "i am cutting my wrists", "i cut my finger"),
        (r"(?:pills|tablets)\b[^.!?]{0,20}\bend it", "the pills will end it", "the pills taste bitter"),
        (r"(?:all of )?suici\w+", "suicidal", "sweet"),
        (r"self ?harm\w*", "selfharming", "myself"),
        (r"(?:take|took)(?: \w+){0,2} (?:bleach|acid)", "took a lot bleach", "took a lot of tea"),
        (r"jump(?! (?:rope|in))", "jump", "run"),
        (r"\w+ing", "anything at all", ""),
    ],
)
def test_what_a_pattern_needs_follows_from_the_pattern(pattern: str, fits: str, not_: str) -> None:
    found = Prefilter([pattern], {"all", "of", "my", "it"})
    assert found.may_fit(fits)
    assert not not_ or not found.may_fit(not_)


def _corpus(task: Task) -> list[LabelledMessage]:
    return list(Corpus().examples(task, held_out=False, each=1, seed=3))


def _cost_s(look: Callable[[str], object], said: list[str]) -> float:
    """CPU of a text; the best of several rounds, for the machine is not ours alone."""

    def once() -> float:
        began = time.thread_time()
        for text in said:
            look(text)
        return (time.thread_time() - began) / len(said)

    return min(once() for _ in range(5))
