"""Questions to the predictor, in the terms of the contract, and values that no person can have."""

from dataclasses import dataclass
from typing import Final

from common.errors import InvalidArgument
from ml.evidence import Severity, Sex
from ml.language.numbers import PLAUSIBLE

MAX_COMPLAINTS: Final = 100


MAX_CHARS: Final = 2000


OLDEST: Final = 120


LONGEST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class AskedOpinion:
    """A request in the terms of the contract, not yet understood. Without age or sex the answer is the population's."""

    symptoms: tuple[str, ...]
    age: float | None = None
    sex: Sex = "unknown"
    severity: Severity | None = None
    duration_days: float | None = None
    medical_history: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    pregnant: bool | None = None
    vitals: tuple[tuple[str, float], ...] = ()
    top_k: int = 5


def check(asked: AskedOpinion) -> None:
    """Refuse what no person can have.

    Raises:
        InvalidArgument: names the field.
    """
    if asked.age is not None:
        _within(field="age", value=asked.age, low=0, high=OLDEST, unit="years")
    if asked.duration_days is not None:
        _within(field="duration_days", value=asked.duration_days, low=0, high=LONGEST_DAYS, unit="days")
    if len(asked.symptoms) > MAX_COMPLAINTS:
        raise InvalidArgument(f"At most {MAX_COMPLAINTS} symptoms can be sent.", details={"field": "symptoms"})
    if not asked.symptoms:
        raise InvalidArgument("Tell at least one symptom.", details={"field": "symptoms"})
    for name in ("symptoms", "medical_history", "allergies", "medications"):
        if any(len(one) > MAX_CHARS for one in getattr(asked, name)):
            raise InvalidArgument(f"One entry has more than {MAX_CHARS} characters.", details={"field": name})
    for name, value in asked.vitals:
        low, high = PLAUSIBLE[name]
        _within(field=f"vitals.{name}", value=value, low=low, high=high, unit="")
    measured = dict(asked.vitals)
    if "systolic" in measured and "diastolic" in measured and measured["diastolic"] >= measured["systolic"]:
        raise InvalidArgument("Diastolic must be below systolic.", details={"field": "vitals.diastolic"})
    if asked.pregnant and asked.sex == "male":
        raise InvalidArgument("Pregnancy and male sex contradict each other.", details={"field": "pregnant"})


def _within(field: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:  # also refuses NaN
        span = f"between {low:g} and {high:g} {unit}".rstrip()
        raise InvalidArgument(f"{field} must be {span}.", details={"field": field})
