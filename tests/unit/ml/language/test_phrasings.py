"""Some 260 ways to speak of each complaint that raises a red flag: none may hide it; plain denials must be heard."""

from collections import Counter
from random import Random

import pytest

from ml.answers.interpreter import Interpreter
from ml.language.text import fold
from tests.unit.ml.language.phrasings import Phrasing, flagged, hidden, is_right, misspelt, phrasings

LEAST = {"misspelt": 0.975, "hidden": 0.99, "plain": 0.99, "elsewhere": 0.99}  # share of each family that is read right
LEAST_OF_OTHERS = 0.99


@pytest.mark.parametrize("half", ["development", "blind"])
def test_each_complaint_has_more_than_two_hundred_phrasings_in_each_half(half: str) -> None:
    one = flagged()[:1]
    assert len(list(phrasings(half, one))) >= 200


def test_every_complaint_raises_its_flag_and_only_then(interpreter: Interpreter) -> None:
    for one in flagged():
        assert is_right(interpreter, Phrasing(one, "", one.x, "kept")), one
        assert is_right(interpreter, Phrasing(one, "", "sneezing", "gone")), one


def test_no_phrasing_hides_a_red_flag(interpreter: Interpreter) -> None:
    total: Counter[str] = Counter()
    missed: dict[str, list[str]] = {}
    for one in phrasings("development", flagged()):
        total[one.family] += 1
        if not is_right(interpreter, one):
            missed.setdefault(one.family, []).append(one.text)
    for family, count in total.items():
        wrong = missed.get(family, [])
        assert 1 - len(wrong) / count >= LEAST.get(family, LEAST_OF_OTHERS), (family, wrong[:20])


def test_slips_change_the_text_and_hidden_characters_do_not_show() -> None:
    dice = Random(7)
    assert misspelt("chest pain", dice) != "chest pain"
    spoilt = hidden("chest pain", dice)
    assert spoilt != "chest pain"
    assert fold(spoilt) == "chest pain"
