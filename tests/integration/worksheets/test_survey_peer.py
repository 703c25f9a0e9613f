"""The language means what SurveyJS means: generated expressions and answers, compared with survey-core."""

import json
import math
import random
from typing import Any, Final

from actors.worksheets.schema.expressions.evaluator import value_of
from actors.worksheets.schema.expressions.parser import parse
from actors.worksheets.schema.expressions.values import whole
from tests.integration.worksheets.peers import answers_of

CASES: Final = 2000
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

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def number(self, deep: int) -> str:
        """Of what can be reckoned with."""
        pick = self._random.random
        if deep == 0 or pick() < 0.3:
            return self._random.choice([*(f"{{{one}}}" for one in FIELDS[:4]), *CONSTANTS[:7]])
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
        return self._random.choice([*(f"{{{one}}}" for one in FIELDS), *CONSTANTS])

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
            return f"{{{self._random.choice(FIELDS)}}} {word} {self.some()}"
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
