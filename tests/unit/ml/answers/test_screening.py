"""PHQ-9 and GAD-7: totals, bands, and the path of item 9."""

from typing import Any

import pytest

from common.errors import InvalidArgument
from ml.answers.screening import Instrument, score


def phq9(total: int) -> list[int | None]:
    """Answers with this total whose ninth is 0 as long as it can be."""
    answers: list[int | None] = []
    for _ in range(8):
        answers.append(min(3, total))
        total -= min(3, total)
    return [*answers, total]


@pytest.mark.parametrize(
    ("total", "band", "positive"),
    [
        (0, "minimal", False), (4, "minimal", False), (5, "mild", False), (9, "mild", False), (10, "moderate", True),
        (14, "moderate", True), (15, "moderately severe", True), (19, "moderately severe", True), (20, "severe", True),
        (27, "severe", True),
    ],
)  # fmt: skip
def test_phq9_bands_have_the_published_edges(total: int, band: str, positive: bool) -> None:
    found = score("phq9", phq9(total))
    assert (found["total"], found["band"], found["positive"]) == (total, band, positive)


@pytest.mark.parametrize(
    ("total", "band"), [(4, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe"), (21, "severe")]
)
def test_gad7_bands_have_the_published_edges(total: int, band: str) -> None:
    assert score("gad7", phq9(total)[:7])["band"] == band


@pytest.mark.parametrize("item_nine", [1, 2, 3])
def test_item_nine_leads_to_a_person_the_same_day_whatever_the_total(item_nine: int) -> None:
    found = score("phq9", [0] * 8 + [item_nine])
    assert found["crisis"]
    assert found["urgency"] == "urgent"
    assert "crisis" not in score("phq9", [3] * 8 + [0])


def test_item_nine_is_heard_even_when_too_much_is_blank() -> None:
    found = score("phq9", [None] * 8 + [2])
    assert found["crisis"]
    assert found["total"] is None


def test_few_blanks_are_prorated_and_said_so() -> None:
    found = score("phq9", [2, 2, 2, 2, 2, 2, 2, None, 0])
    assert found["prorated"] is True
    assert found["blank"] == [8]
    assert found["total"] == 16  # 15.75


@pytest.mark.parametrize(
    ("instrument", "answers", "total", "band"),
    [
        ("phq9", [1, 1, 1, 1, 0, 0, 0, 0, None], 5, "mild"),  # 4.5
        ("gad7", [3, 3, 3, 0, 0, 0, None], 11, "moderate"),  # 10.5
        ("phq9", [3, 3, 3, 3, 0, 0, 0, 0, None], 14, "moderate"),  # 13.5
        ("phq9", [0, 0, 0, 0, 0, 0, 0, 1, None], 1, "minimal"),  # 1.125
        ("phq9", [2, 0, 0, 0, 0, 0, None, 0, None], 3, "minimal"),  # 2.57
    ],
)
def test_halves_are_rounded_up(instrument: Instrument, answers: list[int | None], total: int, band: str) -> None:
    found = score(instrument, answers)
    assert (found["total"], found["band"]) == (total, band)


def test_a_blank_ninth_item_has_to_be_asked() -> None:
    found = score("phq9", [3] * 8 + [None])
    assert found["blank"] == [9]
    assert "Item 9" in str(found["action"])
    assert found["warnings"]
    assert "warnings" not in score("phq9", [3] * 7 + [None, 0])


def test_the_phq9_algorithm_needs_mood_or_interest() -> None:
    assert score("phq9", [2, 2, 2, 2, 2, 0, 0, 0, 0])["pattern"] == "compatible with major depressive syndrome"
    assert score("phq9", [0, 0, 3, 3, 3, 3, 3, 0, 0])["pattern"] == "no depressive syndrome by the algorithm"
    assert score("phq9", [2, 0, 2, 0, 0, 0, 0, 0, 0])["pattern"] == "compatible with other depressive syndrome"


@pytest.mark.parametrize(
    ("instrument", "answers"),
    [("phq9", [1] * 8), ("phq9", [4] * 9), ("gad7", [-1] * 7), ("gad7", [None, None, 1, 1, 1, 1, 1]), ("phq9", [])],
)
def test_wrong_answers_are_refused(instrument: Instrument, answers: list[Any]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        score(instrument, answers)
    assert refused.value.details == {"field": "answers"}
