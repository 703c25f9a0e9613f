"""Danger by meaning: groups of words that stand together, in wordings that no pattern has."""

import tomllib

import pytest

from ml.language.text import fold
from ml.safety.meanings import Meanings, phrases_of
from ml.safety.screen import CrisisScreen
from tests.unit.ml.talk_judging import CASES, OTHER_WORDS, judged, texts

CARE_TALK = CASES.with_name("care_talk.toml")
FLOORS = {
    "development": {"danger": 0.98, "emergency as emergency": 0.96, "hard": 0.98, "ordinary": 0.95},
    "blind": {"danger": 0.95, "emergency as emergency": 0.95, "hard": 0.93, "ordinary": 1.0},
}


@pytest.fixture(scope="module")
def meanings() -> Meanings:
    return Meanings()


@pytest.fixture(scope="module")
def screen(meanings: Meanings) -> CrisisScreen:
    return CrisisScreen(meanings=meanings)


def test_the_set_has_at_least_150_texts_of_danger_a_half_in_four_languages() -> None:
    every = list(texts(cases=OTHER_WORDS))
    assert len({one.text for one in every}) == len(every) > 500
    assert all(sum(one.kind == "danger" for one in texts(half, OTHER_WORDS)) > 150 for half in FLOORS)
    assert {one.lang for one in every} == {"en", "de", "fr", "es"}


@pytest.mark.parametrize("half", FLOORS)
def test_danger_is_heard_in_words_that_nobody_wrote_a_rule_for(screen: CrisisScreen, half: str) -> None:
    found = judged(half, lambda text: screen.read(text).severity, OTHER_WORDS)
    shares = {name: found.share(name) for name in FLOORS[half]}
    assert all(shares[name] >= floor for name, floor in FLOORS[half].items()), shares


def test_meanings_alone_hear_more_than_half_of_what_others_wrote(meanings: Meanings) -> None:
    """Their twin is the patterns: these texts were never read for the groups."""
    found = judged("blind", lambda text: "high" if meanings.read(fold(text)) else "normal")
    assert found.share("danger") > 0.5
    assert found.share("hard") > 0.96
    assert found.share("ordinary") == 1.0


def test_what_is_said_in_care_raises_nothing(screen: CrisisScreen) -> None:
    said = tomllib.loads(CARE_TALK.read_text("utf-8"))["harmless"].strip().splitlines()
    assert [text for text in said if screen.read(text).severity != "normal"] == []


@pytest.mark.parametrize(
    ("danger", "harmless"),
    [
        ("by the time you read this I will be gone", "by the time you read this the film will be over"),
        ("I swallowed everything in the cabinet", "I swallowed everything in the box of biscuits"),
        ("es tut mir leid, was du finden wirst", "es tut mir leid, was du finden wirst: ein chaos"),
        ("I keep thinking about dying", "I am not thinking about dying"),
        ("I tried to end my life", "ten years ago I tried to end my life, I am glad it failed"),
    ],
)
def test_one_word_makes_the_difference(screen: CrisisScreen, danger: str, harmless: str) -> None:
    assert screen.read(danger).severity != "normal"
    assert screen.read(harmless).severity == "normal"


@pytest.mark.parametrize(
    ("harmless", "danger"),
    [
        ("Ich habe meine Tabletten genommen wie besprochen.", "Heute Nacht bringe ich mich um."),
        ("I took my tablets as prescribed.", "I will hang myself tonight."),
        ("J'ai pris mes comprimés comme prévu.", "Je vais me tuer ce soir."),
        ("Tomé mis pastillas como dijo.", "Esta noche me mato."),
        (
            "Watched a film about suicide yesterday.",
            "By the time you read this I will be gone.",
        ),
        ("I read in the news about a man who jumped.", "I'm on the bridge now."),
        ("I filled in the questionnaire.", "I took 40 paracetamol an hour ago."),
        ("I was suicidal last year, I'm glad that is over.", "Now my husband hit me again."),
    ],
)
def test_what_is_harmless_takes_nothing_back_beside_it(screen: CrisisScreen, harmless: str, danger: str) -> None:
    """Its twin took back whatever else was found in the message."""
    assert screen.read(harmless).severity == "normal"
    assert screen.read(danger).severity != "normal"
    assert screen.read(f"{harmless} {danger}").severity != "normal"
    assert screen.read(f"{danger} {harmless}").severity != "normal"


def test_the_first_look_loses_nothing_that_a_reading_finds(meanings: Meanings) -> None:
    """Its twin finds every frame without the look."""
    for text in (fold(one.text) for cases in (CASES, OTHER_WORDS) for one in texts(cases=cases)):
        assert meanings.may_hold(text) or not meanings.read_whole(text), text


def test_most_ordinary_messages_end_at_the_first_look(meanings: Meanings) -> None:
    ordinary = [fold(one.text) for one in texts() if one.kind == "ordinary"]
    assert sum(not meanings.may_hold(text) for text in ordinary) / len(ordinary) > 0.75


def test_a_choice_of_words_is_every_phrase_it_stands_for() -> None:
    assert set(phrases_of("end it/this all/-, jump*")) == {
        ("end", "it", "all"),
        ("end", "it"),
        ("end", "this", "all"),
        ("end", "this"),
        ("jump*",),
    }
