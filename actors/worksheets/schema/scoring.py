"""Scores: sums with missing answers by rule, or expressions; and the bands that they fall into."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actors.worksheets.schema.expressions.comparing import equal
from actors.worksheets.schema.expressions.evaluator import value_of
from actors.worksheets.schema.expressions.parser import parse
from actors.worksheets.schema.expressions.values import is_empty, numeric, whole
from actors.worksheets.schema.fields import Field, Prorate, Score, Sum


class Scored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A score. `band`: the code of the one that it falls into. `prorated`: answers were missing, and it is in
    proportion."""

    value: int | float
    band: str | None = None
    prorated: bool = False


def scored(
    score: Score, fields: Mapping[str, Field], seen: Mapping[str, Any], visible: Callable[[str], bool]
) -> Scored | None:
    """What it comes to; None: too much is missing, or it is no number."""
    if score.sum is not None:
        return _banded(score, *_total(score.sum, fields, seen, visible))
    value = value_of(parse(score.expression or ""), seen)
    return _banded(score, float(value) if isinstance(value, int | float) else None, False)


def counted(field: Field, answer: Any) -> float | int | None:
    """What an answer counts; None: there is none."""
    if is_empty(answer):
        return None
    if isinstance(answer, bool):
        return int(answer)
    if not field.options:
        return numeric(answer)
    chosen = answer if isinstance(answer, list) else [answer]
    counts = [_worth(field, one) for one in chosen]
    return None if any(one is None for one in counts) else sum(one for one in counts if one is not None)


def _worth(field: Field, value: Any) -> float | int | None:
    option = next((one for one in field.options if equal(one.value, value)), None)
    if option is None:
        return None
    return option.score if option.score is not None else numeric(option.value)


def _total(
    of: Sum, fields: Mapping[str, Field], seen: Mapping[str, Any], visible: Callable[[str], bool]
) -> tuple[float | None, bool]:
    """The sum, and whether it is in proportion. What is hidden is no part of it."""
    counts = [counted(fields[name], seen.get(name)) for name in of.fields if visible(name)]
    given = [one for one in counts if one is not None]
    missing = len(counts) - len(given)
    if not counts:
        return None, False
    if missing == 0 or of.missing == "zero":
        return math.fsum(given), False
    if given and isinstance(of.missing, Prorate) and missing <= of.missing.prorate:
        return math.fsum(given) * len(counts) / len(given), True
    return None, False


def _banded(score: Score, value: float | None, prorated: bool) -> Scored | None:
    if value is None or not math.isfinite(value):
        return None
    value = whole(round(value, 6))
    return Scored(value=value, band=band_of(score, value), prorated=prorated)


def band_of(score: Score, value: float) -> str | None:
    """The band that a value falls into. Between two of them (a sum in proportion has fractions) it is the lower one,
    until the next one begins."""
    found = [one for one in score.bands if value >= one.min]
    if not found or (found[-1] is score.bands[-1] and value > found[-1].max):
        return None
    return found[-1].code
