"""The instruments that are shipped count as their authors say, whatever is answered."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worksheets.instruments import instrument_of
from actors.worksheets.schema.scoring import Scored
from actors.worksheets.schema.showing import alerts_of, shown

# items, how many may be missing, from which total on each band, reliable change, cut-off
PUBLISHED: Final = {
    "phq9": (9, 2, {0: "minimal", 5: "mild", 10: "moderate", 15: "moderately_severe", 20: "severe"}, 6, 10),
    "gad7": (7, 1, {0: "minimal", 5: "mild", 10: "moderate", 15: "severe"}, 4, 8),
    "phq2": (2, 0, {0: "negative", 3: "positive"}, None, 3),
    "gad2": (2, 0, {0: "negative", 3: "positive"}, None, 3),
}
ANSWERS: Final = st.lists(st.sampled_from((0, 1, 2, 3, 3, 0, None)), min_size=9, max_size=9)


@pytest.mark.parametrize("name", PUBLISHED)
@given(answers=ANSWERS)
def test_totals_bands_and_proportions_are_the_published_ones(name: str, answers: list[int | None]) -> None:
    items, most_missing, bands, _, _ = PUBLISHED[name]
    found = instrument_of(name)
    assert found is not None
    given_ = {f"q{n}": value for n, value in enumerate(answers[:items], 1) if value is not None}
    score = shown(found.schema, given_).scores["total"]
    if not given_ or items - len(given_) > most_missing:
        assert score is None
        return
    total = sum(given_.values()) * items / len(given_)
    band = [code for least, code in bands.items() if total >= least][-1]
    assert score == Scored(value=round(total, 6), band=band, prorated=len(given_) < items)


@given(answers=ANSWERS)
def test_any_thought_of_self_harm_gives_the_alert_whatever_the_total(answers: list[int | None]) -> None:
    phq9 = instrument_of("phq9")
    assert phq9 is not None
    look = shown(phq9.schema, {f"q{n}": value for n, value in enumerate(answers, 1) if value is not None})
    assert alerts_of(phq9.schema, look) == (["self_harm"] if answers[8] else [])
    (alert,) = phq9.schema.alerts
    assert alert.urgency == "high"


@pytest.mark.parametrize("name", PUBLISHED)
def test_changes_and_cut_offs_are_cited(name: str) -> None:
    _, _, _, change, cutoff = PUBLISHED[name]
    found = instrument_of(name)
    assert found is not None
    (score,) = found.schema.scores
    assert (score.reliable_change and score.reliable_change.points, score.cutoff and score.cutoff.points) == (
        change,
        cutoff,
    )
    assert score.source
    assert found.licence.verbatim
