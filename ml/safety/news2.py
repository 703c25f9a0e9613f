"""NEWS2, the early-warning score of adults. Source: R103 (Royal College of Physicians, 2017), SpO2 scale 1 and 2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ADULT_FROM: Final = 16.0
BANDS: Final[dict[str, tuple[tuple[float, int], ...]]] = {  # (upper bound, score), in order; the last has no bound
    "respiratory_rate": ((8, 3), (11, 1), (20, 0), (24, 2), (float("inf"), 3)),
    "spo2": ((91, 3), (93, 2), (95, 1), (float("inf"), 0)),
    "systolic": ((90, 3), (100, 2), (110, 1), (219, 0), (float("inf"), 3)),
    "heart_rate": ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (float("inf"), 3)),
    "temperature_c": ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (float("inf"), 2)),
}
SPO2_SCALE_2: Final[tuple[tuple[float, int], ...]] = ((83, 3), (85, 2), (87, 1), (float("inf"), 0))
NEW_CONFUSION: Final = 3
RED: Final = 3  # points in a single parameter that call for an urgent review, whatever the total


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """The score of what was measured. Missing signs count nothing and are named, so it is a lower bound.

    `band` is one of `low` (0-4), `low-medium` (a 3 in one parameter: urgent review on the ward), `medium` (5-6) and
    `high` (7 or more); `red` names the parameters that score 3.
    """

    score: int
    band: str
    missing: tuple[str, ...]
    red: tuple[str, ...] = ()


def early_warning(
    vitals: Mapping[str, float], *, age: float, confused: bool, chronic_lung: bool, pregnant: bool
) -> EarlyWarning | None:
    """NEWS2 of these vital signs, or None where it does not apply: children under 16, pregnancy, nothing measured.

    `chronic_lung` uses SpO2 scale 2 (prescribed target 88-92 %) without oxygen.
    """
    measured = [name for name in BANDS if name in vitals]
    if age < ADULT_FROM or pregnant or not measured:
        return None
    scores = {name: _points(name, vitals[name], chronic_lung=chronic_lung) for name in measured}
    if confused:
        scores["confusion"] = NEW_CONFUSION
    total, red = sum(scores.values()), tuple(name for name, points in scores.items() if points == RED)
    band = "high" if total >= 7 else "medium" if total >= 5 else "low-medium" if red else "low"
    return EarlyWarning(total, band, tuple(name for name in BANDS if name not in vitals), red)


def _points(name: str, value: float, *, chronic_lung: bool) -> int:
    bands = SPO2_SCALE_2 if name == "spo2" and chronic_lung else BANDS[name]
    return next(points for bound, points in bands if value <= bound)
