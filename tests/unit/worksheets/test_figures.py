"""Figures are of nobody: what is held back cannot be found by subtraction."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from actors.worksheets.instruments import instrument_of
from actors.worksheets.schema.fields import Schema
from actors.worksheets.schema.scoring import Scored
from actors.worksheets.schema.showing import shown
from actors.worksheets.worksheet.figures import AnsweredField, figures
from actors.worksheets.worksheet.suppression import Cohort

SCHEMA = msgspec.convert(
    {
        "fields": [
            {"id": "kind", "type": "choice", "label": "K", "options": [{"value": n, "label": "x"} for n in range(4)]},
            {"id": "word", "type": "text", "label": "W"},
        ]
    },
    Schema,
)


def answered(person: str, kind: int | None, **more: Any) -> AnsweredField:
    answers = {} if kind is None else {"kind": kind, "word": "secret"}
    known = {"at": 0, "late": False, "minutes": 5, "month": "2025-11", "answers": answers, "scores": {}}
    return AnsweredField(person=person, **{**known, **more})


@given(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.integers(0, 3))), max_size=60))
def test_no_cell_of_few_people_can_be_found_by_subtraction(rows: list[tuple[int, int | None]]) -> None:
    found = figures(SCHEMA, [answered(f"p{who}", kind) for who, kind in rows], [], least=5, months=False)
    (kinds, words) = found.fields
    people = {value: {who for who, kind in rows if kind == value} for value in (None, 0, 1, 2, 3)}
    assert words.distribution is UNSET
    if not isinstance(kinds.distribution, dict):
        assert kinds.mean is None
        return
    hidden = [value for value in range(4) if kinds.distribution.get(str(value), 0) is None]
    if kinds.skipped is None and people[None]:
        hidden_people = set().union(people[None], *(people[value] for value in hidden))
        count = len(hidden) + 1
    else:
        hidden_people = set().union(*(people[value] for value in hidden)) if hidden else set()
        count = len(hidden)
    for value, told in kinds.distribution.items():
        assert told is None or len(people[int(value)]) >= 5
    whole = not [one for one in people.values() if one and one - hidden_people]
    assert not hidden or whole or (count >= 2 and len(hidden_people) >= 5)
    assert not hidden or kinds.mean is None


def test_of_four_people_nothing_is_told_and_of_five_it_is() -> None:
    for many, told in ((4, None), (5, 5)):
        found = figures(SCHEMA, [answered(f"p{n}", 1) for n in range(many)], [], least=5, months=True)
        assert (found.persons, found.submitted, found.fields[0].n) == (told, told, told)
        assert found.groups is not None
        assert found.groups[0].submitted == told


def test_what_is_held_back_is_null_and_what_is_never_told_is_left_out() -> None:
    phq9 = instrument_of("phq9")
    assert phq9 is not None
    few = msgspec.to_builtins(figures(phq9.schema, [answered("p", None)], [], least=5, months=False))
    assert few["scores"] == [{"score": "total", "n": None, "mean": None, "sd": None, "bands": None, "alpha": None}]
    assert few["fields"][0] == {"field": "q1", "n": None, "skipped": None, "distribution": None, "mean": None}
    (_, words) = msgspec.to_builtins(figures(SCHEMA, [answered("p", 1)], [], least=5, months=False))["fields"]
    assert words == {"field": "word", "n": None, "skipped": None}


def test_hidden_cells_are_never_alone() -> None:
    cohort = Cohort(5)
    cells = {"a": ["p1"], "b": [f"q{n}" for n in range(9)], "c": [f"r{n}" for n in range(7)]}
    assert cohort.hidden(cells) == {"a", "c"}


def test_phq9_has_the_published_bands_at_each_edge_and_prorates() -> None:
    phq9 = instrument_of("phq9")
    assert phq9 is not None
    edges = {0: "minimal", 4: "minimal", 5: "mild", 9: "mild", 10: "moderate", 14: "moderate", 15: "moderately_severe",
             19: "moderately_severe", 20: "severe", 27: "severe"}  # fmt: skip
    for total, band in edges.items():
        items = [min(3, max(0, total - 3 * place)) for place in range(9)]
        look = shown(phq9.schema, {f"q{n + 1}": value for n, value in enumerate(items)})
        assert look.scores["total"] == Scored(value=total, band=band)
    seven = shown(phq9.schema, {f"q{n}": 1 for n in range(1, 8)})
    assert seven.scores["total"] == Scored(value=9, band="mild", prorated=True)
    assert shown(phq9.schema, {f"q{n}": 1 for n in range(1, 7)}).scores["total"] is None


def test_nobody_knows_how_long_what_came_from_elsewhere_took() -> None:
    rows = [answered(f"p{n}", 1, minutes=n) for n in range(1, 6)]
    brought = [answered(f"q{n}", 1, minutes=None) for n in range(20)]
    assert figures(SCHEMA, [*rows, *brought], [], least=5, months=False).median_minutes == 3
    assert figures(SCHEMA, brought, [], least=5, months=False).median_minutes is None
