"""What the index proposed lately is proposed again, until anything that it rests on has changed."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import pytest
from typing_extensions import override

from common.clock import SystemClock
from serve_app.capabilities.search.port import Among, Key
from serve_app.capabilities.search.process.questions import AnsweredQuestion, HitCandidate, Question, packed
from serve_app.capabilities.search.process.remembered import HOLDS_S, Remembered

ANSWERED: Final = AnsweredQuestion(
    candidates=[HitCandidate("messages", "r1#4", 7)], more=False, slips={}, engine="plain", lag_ms=0
)


class StandingClock(SystemClock):
    """Stands until it is moved."""

    now_s = 100.0

    @override
    def monotonic_s(self) -> float:
        return self.now_s


def asked(*scopes: dict[str, Sequence[str]], q: str = "heron") -> Question:
    """A question of whoever may see these: conditions by name."""
    either = [[packed(Among(name, frozenset(values))) for name, values in scope.items()] for scope in scopes]
    return Question(q=q, every=[], either=either)


ROOMS: Final[dict[str, Sequence[str]]] = {"type": ["messages"], "room": ["r1", "r2"]}
PEOPLE: Final[dict[str, Sequence[str]]] = {"type": ["people"], "owner": ["ann", "bob"]}
QUESTION: Final = asked(ROOMS, PEOPLE)


def kept(question: Question = QUESTION) -> tuple[Remembered, StandingClock]:
    clock = StandingClock()
    remembered = Remembered(clock)
    remembered.put(question, ANSWERED, remembered.changes)
    return remembered, clock


def test_the_same_question_has_the_same_answer_for_a_minute() -> None:
    remembered, clock = kept()
    assert remembered.get(asked(ROOMS, PEOPLE)) == ANSWERED
    clock.now_s += HOLDS_S - 0.1
    assert remembered.get(QUESTION) == ANSWERED
    clock.now_s += 0.2
    assert remembered.get(QUESTION) is None


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(asked({**ROOMS, "room": ["r1"]}, PEOPLE), id="a membership ended"),
        pytest.param(asked({**ROOMS, "room": ["r1", "r2", "r3"]}, PEOPLE), id="a membership, or a cover, began"),
        pytest.param(asked(ROOMS, {**PEOPLE, "owner": ["ann"]}), id="care ended, or a room was left by others"),
        pytest.param(asked(ROOMS, {**PEOPLE, "audience": ["therapist"]}), id="another role"),
        pytest.param(asked(PEOPLE), id="a grant shows somebody else's"),
        pytest.param(asked(ROOMS, PEOPLE, q="herons"), id="other words"),
        pytest.param(msgspec.structs.replace(QUESTION, sort="newest"), id="another order"),
        pytest.param(
            msgspec.structs.replace(QUESTION, every=[packed(Among("has", frozenset(["file"])))]), id="filters"
        ),
    ],
)
def test_with_other_rights_it_is_another_question(moved: Question) -> None:
    remembered, _ = kept()
    assert remembered.get(moved) is None


@pytest.mark.parametrize(
    ("key", "stands"),
    [
        (Key("messages", "r1#9"), False),
        (Key("messages", "r2#1"), False),
        (Key("people", "bob"), False),
        (Key("excluded", "r2"), False),
        (Key("messages", "r9#9"), True),
        (Key("files", "file_1"), True),
    ],
    ids=str,
)
def test_a_change_ends_what_it_may_concern(key: Key, stands: bool) -> None:
    remembered, _ = kept()
    remembered.changed([key])
    assert (remembered.get(QUESTION) is not None) is stands


@pytest.mark.parametrize(
    "question", [asked(), asked({"type": ["messages"]}), asked({"room": ["r1"]})], ids=["all", "no rooms", "no types"]
)
def test_what_names_no_place_is_ended_by_every_change(question: Question) -> None:
    remembered, _ = kept(question)
    assert remembered.get(question) == ANSWERED
    remembered.changed([Key("files", "file_1")])
    assert remembered.get(question) is None


def test_what_was_asked_before_a_change_was_found_does_not_stand_after_it() -> None:
    remembered, _ = kept()
    before = remembered.changes
    remembered.changed([Key("messages", "r1#9")])
    remembered.put(QUESTION, ANSWERED, before)
    assert remembered.get(QUESTION) is None
    remembered.put(QUESTION, ANSWERED, remembered.changes)
    assert remembered.get(QUESTION) == ANSWERED


def test_of_many_rooms_that_change_none_is_mistaken_for_one_that_did_not() -> None:
    remembered, _ = kept()
    remembered.changed([Key("messages", f"many-{n}#1") for n in range(60_000)])
    remembered.changed([Key("messages", "r1#9")])
    assert remembered.get(QUESTION) is None


def test_no_word_that_was_asked_with_is_kept() -> None:
    remembered, _ = kept(asked(ROOMS, q="canaryword"))
    seen: list[Any] = [remembered]
    texts = _texts(seen)
    assert not any("canaryword" in text for text in texts)


def _texts(seen: list[Any], look: Callable[[Any], str] = repr) -> list[str]:
    (remembered,) = seen
    cache = remembered._answers
    return [look(one) for one in (cache._young, cache._old, remembered._changed)]
