"""The language means what SurveyJS means, and so do worksheets: generated expressions, schemas and answers, compared
with survey-core. `make drill forms` compares 2,000 schemas, with other seeds."""

import json
import math
import os
import random
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.worksheets.schema.answers import missing
from actors.worksheets.schema.checking import check
from actors.worksheets.schema.expressions.evaluator import value_of
from actors.worksheets.schema.expressions.parser import parse
from actors.worksheets.schema.expressions.values import whole
from actors.worksheets.schema.fields import Schema
from actors.worksheets.schema.showing import shown
from serve_app.capabilities.worksheets.exchange import surveyjs
from tests.integration.worksheets.peers import a_sheet, answers_of

CASES: Final = 2000
FORMS: Final = int(os.environ.get("DRILL_SIZE", "0")) or 25
AT_ONCE: Final = 200
FIRST_FORM: Final = int(os.environ.get("FIRST_SEED", "0"))
THROWN: Final = {"thrown": True}  # it fails on such answers, ours has one
FIELDS: Final = ("a", "b", "c", "d", "m")
CONSTANTS: Final = ("0", "1", "2", "3", "2.5", "0.1", "-1", "'x'", "'1'", "'Yes'", "'true'", "true", "false", "''")
VALUES: Final[tuple[Any, ...]] = (
    None, 0, 1, 2, 3, 2.0, 2.5, 0.1, 0.2, 10, "", "x", "X ", "yes", "1", "2.50", "007", "true", "2026-11-20", True,
    False,
)  # fmt: skip
LISTS: Final[tuple[Any, ...]] = ([], ["x"], ["x", "y"], [1, 2], ["1", 3], ["y", "x"], [2])


class Maker:
    """Writes expressions that people could write."""

    def __init__(self, seed: int, fields: Sequence[str] = FIELDS, several: str = "m") -> None:
        self._random = random.Random(seed)
        self._fields = fields
        self._single = [one for one in fields if one != several]

    def number(self, deep: int) -> str:
        """Of what can be reckoned with."""
        pick = self._random.random
        if deep == 0 or pick() < 0.3:
            return self._random.choice([*(f"{{{one}}}" for one in self._single), *CONSTANTS[:7]])
        if pick() < 0.3:
            name = self._random.choice(("sum", "min", "max", "avg", "count"))
            return f"{name}({', '.join(self.number(deep - 1) for _ in range(self._random.randint(0, 3)))})"
        if pick() < 0.2:
            return f"iif({self.condition(deep - 1)}, {self.number(deep - 1)}, {self.number(deep - 1)})"
        chain = f" {self._random.choice('+-*/')} ".join(
            self.number(deep - 1) for _ in range(self._random.choice((2, 2, 3)))
        )
        return f"({chain})" if pick() < 0.6 else chain

    def text(self) -> str:
        """A field, or a constant."""
        return self._random.choice([*(f"{{{one}}}" for one in self._fields), *CONSTANTS])

    def some(self) -> str:
        """Several."""
        if self._random.random() < 0.3:
            return self.text()
        return f"[{', '.join(self._random.choice(CONSTANTS[:13]) for _ in range(self._random.randint(1, 3)))}]"

    def condition(self, deep: int) -> str:
        """Yes or no."""
        kind = self._random.randrange(6)
        if deep > 0 and kind == 0:
            word = self._random.choice(("and", "or"))
            return f"({self.condition(deep - 1)} {word} {self.condition(deep - 1)})"
        if deep > 0 and kind == 1:
            return f"not ({self.condition(deep - 1)})"
        if kind == 2:
            return f"{self.text()} {self._random.choice(('empty', 'notempty'))}"
        if kind == 3:
            word = self._random.choice(("contains", "anyof", "allof", "notcontains"))
            return f"{{{self._random.choice(self._fields)}}} {word} {self.some()}"
        sign = self._random.choice(("=", "!=", "<", "<=", ">", ">="))
        side = self.number(deep - 1) if deep > 0 and kind == 4 else self.text()
        return f"{side} {sign} {self.text()}"

    def values(self) -> dict[str, Any]:
        """Answers; some are missing."""
        found = {one: self._random.choice(VALUES) for one in FIELDS[:4]} | {"m": self._random.choice(LISTS)}
        return {name: value for name, value in found.items() if value is not None}


def theirs(expression: str) -> str:
    return expression.replace("not (", "!(")


def same(ours: Any, peers: Any) -> bool:
    ours = None if isinstance(ours, float) and not math.isfinite(ours) else whole(ours)
    if isinstance(ours, int | float) and isinstance(peers, int | float) and not isinstance(ours, bool):
        return math.isclose(ours, peers, rel_tol=1e-12)
    return json.dumps(ours) == json.dumps(whole(peers))


def test_generated_expressions_come_to_what_survey_core_makes_of_them() -> None:
    cases: list[dict[str, Any]] = []
    for seed in range(CASES):
        maker = Maker(seed)
        made = [maker.number(3) if seed % 2 else maker.condition(3) for _ in range(3)]
        cases.append({"expressions": made, "values": maker.values()})
    asked = [{"expressions": list(map(theirs, case["expressions"])), "values": case["values"]} for case in cases]
    wrong = []
    for case, answers in zip(cases, answers_of(asked), strict=True):
        for expression, theirs_ in zip(case["expressions"], answers, strict=True):
            ours = value_of(parse(expression), case["values"])
            if theirs_ != THROWN and not same(ours, theirs_):
                wrong.append((expression, case["values"], ours, theirs_))
    assert not wrong, (len(wrong), wrong[:10])


KINDS: Final[dict[str, tuple[Any, ...]]] = {
    "text": ("x", "yes", "2", "X "),
    "long_text": ("One.", "2.50"),
    "integer": (0, 1, 3),
    "number": (0.5, 2, 2.5),
    "boolean": (True, False),
    "choice": (1, 2, "x", "yes"),
    "scale": (0, 1, 3),
    "date": ("2026-11-20",),
}
SEVERAL: Final = (["x"], [1, 2], ["x", "yes", 2])
OPTIONS: Final = [{"value": value, "label": f"It is {value}"} for value in (1, 2, "x", "yes")]


def a_form(seed: int) -> tuple[Schema, dict[str, Any]]:
    """A worksheet in which things are shown by what was answered before them, and answers to most of it. Several are
    chosen of the first alone: where nothing is, SurveyJS has now an empty list and now nothing."""
    dice, fields, answers, several = random.Random(seed), list[dict[str, Any]](), dict[str, Any](), ""
    for number in range(dice.randint(2, 9)):
        kind, name = dice.choice([*KINDS, "multi_choice", "multi_choice"] if number == 0 else list(KINDS)), f"q{number}"
        several = name if kind == "multi_choice" else several
        field: dict[str, Any] = {"id": name, "type": kind, "label": name}
        field |= {"options": OPTIONS} if "choice" in kind else {"min": 0, "max": 3} if kind == "scale" else {}
        if fields and dice.random() < 0.5:
            field["show_if"] = Maker(seed * 100 + number, [one["id"] for one in fields], several).condition(2)
        if dice.random() < 0.4:
            field["required"] = True
        if kind == "multi_choice" or dice.random() < 0.8:
            answers[name] = dice.choice(KINDS.get(kind, SEVERAL))
        fields.append(field)
    names = [one["id"] for one in fields]
    cut = dice.randint(1, len(names))
    members: dict[str, Any] = {"fields": fields}
    if cut < len(names):
        condition = Maker(seed * 100 + 50, names[:cut], several).condition(2)
        members["sections"] = [{"id": "last", "fields": names[cut:], "show_if": condition}]
    made = [Maker(seed * 100 + 60 + number, names, several).number(2) for number in range(2)]
    members["scores"] = [{"id": f"s{at}", "title": "S", "expression": one} for at, one in enumerate(made)]
    schema = msgspec.convert(members, Schema)
    return check(schema), answers


def as_number(value: Any) -> float | None:
    """What it comes to as a score."""
    return round(float(value), 6) if isinstance(value, int | float) and math.isfinite(value) else None


def test_generated_worksheets_are_filled_in_as_in_survey_core() -> None:
    made = [a_form(seed) for seed in range(FIRST_FORM, FIRST_FORM + FORMS)]
    asked = [{"survey": surveyjs.written(a_sheet(schema)), "values": answers} for schema, answers in made]
    found = [one for at in range(0, FORMS, AT_ONCE) for one in answers_of(asked[at : at + AT_ONCE])]
    wrong = []
    for (schema, answers), theirs_ in zip(made, found, strict=True):
        if theirs_ == THROWN:
            continue
        look = shown(schema, answers)
        scores = {name: None if one is None else float(one.value) for name, one in look.scores.items()}
        ours = (look.visible, missing(schema, look), scores)
        calculated = {name: as_number(value) for name, value in theirs_["calculated"].items()}
        if ours != (theirs_["visible"], theirs_["missing"], calculated):
            wrong.append((msgspec.to_builtins(schema), answers, ours, theirs_))
    assert not wrong, (len(wrong), wrong[:3])
