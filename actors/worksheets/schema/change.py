"""Has somebody changed between two scores? What is compared must be the same score; where versions differ in it, it is
not comparable."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from actors.worksheets.document.digest import digest_of
from actors.worksheets.schema.fields import ReliableChange, Schema, Score

Reliable = Literal["improved", "worsened", "no_change"]
_CONFIDENT = 1.96  # 95 % of what chance does


class ChangeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How it is judged: from which difference on, and from where on it matters."""

    higher_is: Literal["worse", "better"]
    least: float | None
    cutoff: float | None


class PointChange(msgspec.Struct, frozen=True, kw_only=True):
    """How a point stands to those before it. `reliable`: against the first; None: there is none, or no threshold."""

    delta_previous: int | float | None
    delta_first: int | float | None
    reliable: Reliable | None
    crossed_cutoff: bool


def threshold(change: ReliableChange | None) -> float | None:
    """From which difference on it is no chance: given, or 1.96 times the standard error of a difference (Jacobson and
    Truax 1991)."""
    if change is None:
        return None
    if change.points is not None:
        return change.points
    if change.sd is None or change.reliability is None:
        return None
    return _CONFIDENT * math.sqrt(2) * change.sd * math.sqrt(1 - change.reliability)


def change(values: Sequence[float], value: float, rule: ChangeRule) -> PointChange:
    """How a value stands to those before it."""
    if not values:
        return PointChange(delta_previous=None, delta_first=None, reliable=None, crossed_cutoff=False)
    first, previous = values[0], values[-1]
    return PointChange(
        delta_previous=_rounded(value - previous),
        delta_first=_rounded(value - first),
        reliable=_reliable(rule, value - first),
        crossed_cutoff=rule.cutoff is not None and (previous >= rule.cutoff) != (value >= rule.cutoff),
    )


def fingerprint(schema: Schema, score: Score) -> str:
    """The same for scores that can be compared: made in the same way of the same questions."""
    fields = {one.id: one for one in schema.fields}
    named = score.sum.fields if score.sum is not None else sorted(fields)
    asked = [msgspec.to_builtins(msgspec.structs.replace(fields[name], help=None)) for name in named]
    made = {"sum": msgspec.to_builtins(score.sum), "expression": score.expression, "higher_is": score.higher_is}
    return digest_of({"fields": asked, "made": made})


def _reliable(rule: ChangeRule, delta: float) -> Reliable | None:
    if rule.least is None:
        return None
    if abs(delta) + 1e-9 < rule.least:
        return "no_change"
    return "worsened" if (delta > 0) is (rule.higher_is == "worse") else "improved"


def _rounded(value: float) -> int | float:
    value = round(float(value), 6)
    return int(value) if value.is_integer() else value
