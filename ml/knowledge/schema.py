"""Shapes of the knowledge files in `ml/data`. Every row is validated when it is loaded; a bad row names itself.

Percentages are P(symptom at consultation | condition). `grade` is how far a figure may be trusted (A: the cited
study reports it; B: rounded from a cited range; C: judgement) and becomes an effective sample size.
"""

import csv
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Grade = Literal["A", "B", "C"]
Urgency = Literal["self_care", "routine", "urgent", "emergency"]
Triage = Urgency | Literal["unknown"]  # unknown: nothing was understood, so nothing can be said of it
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
SevenWeights = Annotated[list[float], msgspec.Meta(min_length=7, max_length=7)]
Three = Annotated[list[float], msgspec.Meta(min_length=3, max_length=3)]
MeanSd = Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]

EFFECTIVE_SAMPLE_SIZE: Final[dict[Grade, int]] = {"A": 100, "B": 30, "C": 10}
VITALS: Final = ("temperature_c", "heart_rate", "systolic", "diastolic", "respiratory_rate", "spo2")
BANDS: Final = (0, 5, 18, 30, 45, 60, 75)  # first age of each band
SEVERITIES: Final = ("mild", "moderate", "severe")
URGENCIES: Final[tuple[Urgency, ...]] = ("self_care", "routine", "urgent", "emergency")


class DataError(Exception):
    """A knowledge file is malformed or contradicts another. `str(exc)` names the file and the row."""


class KnowledgeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row that knows no other member than its own."""


class KnowledgeSource(KnowledgeRow, frozen=True):
    """The source of figures."""

    id: str
    citation: str


class Symptom(KnowledgeRow, frozen=True):
    """One canonical symptom. `salience` is how readily it is told (relative, judgement)."""

    id: str
    label: str
    kind: Literal["canonical", "extra"]
    background_percent: Percent
    salience: Positive
    cluster: str
    implies: str
    grade: Grade
    source: str


class Frequency(KnowledgeRow, frozen=True):
    """P(symptom | condition) in percent."""

    condition: str
    symptom: str
    percent: Percent
    grade: Grade
    source: str
    note: str


class AgeAdjustment(KnowledgeRow, frozen=True):
    """A frequency that differs at some ages (years, both ends included)."""

    condition: str
    symptom: str
    min_age: int
    max_age: int
    percent: Percent
    grade: Grade
    source: str


class RiskFactor(KnowledgeRow, frozen=True):
    """Multiplier on the prior odds of a condition."""

    condition: str
    factor: str
    multiplier: Positive
    grade: Grade
    source: str
    definitional: Literal["", "yes"]


class HistoryFactor(KnowledgeRow, frozen=True):
    """Something that may stand in a medical history."""

    id: str
    label: str
    prevalence: Three
    phrases: list[str]


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class VitalShifts(KnowledgeRow, frozen=True):
    """Mean and standard deviation of each vital sign that the condition changes, where that is published.

    Unset ones are anybody's, and so say nothing. `shown`: the share of visits in which the changed ones are so; in
    the rest all of them are anybody's.
    """

    shown: Share = 1.0
    temperature_c: MeanSd | None = None
    heart_rate: MeanSd | None = None
    systolic: MeanSd | None = None
    diastolic: MeanSd | None = None
    respiratory_rate: MeanSd | None = None
    spo2: MeanSd | None = None


class LaterVisits(KnowledgeRow, frozen=True):
    """The later visits for a condition: it has stayed, comes back, is treated, or is being followed up.

    `duration_days` is then the length of the problem, not of today's attack. `remaining` of each frequency above
    background is left, unless `symptoms` has its own; `core` are the complaints that bring people in now.
    `triage` as in `Condition`.
    """

    share: Share
    duration_days: Three
    remaining: Share
    core: list[str]
    symptoms: dict[str, Percent]
    triage: Annotated[list[Urgency], msgspec.Meta(min_length=3, max_length=3)] | None = None
    vitals: VitalShifts = VitalShifts()


class Condition(KnowledgeRow, frozen=True):
    """One condition that the model names."""

    id: str
    name: str
    full_name: str
    aliases: list[str]
    core: list[str]
    category: str
    icd10: str
    codes: str
    share: Positive
    measure: str
    figure: str
    age_weights: SevenWeights
    female_to_male: Positive
    epidemiology_sources: list[str]
    onset: str
    course: str
    duration_days: Three
    severity: Three
    course_sources: list[str]
    triage: Annotated[list[Urgency], msgspec.Meta(min_length=3, max_length=3)]
    vitals_grade: Grade
    vitals_sources: list[str]
    vitals: VitalShifts = VitalShifts()
    later: LaterVisits | None = None


class OtherCondition(KnowledgeRow, frozen=True):
    """One condition of the class "something else"; never named in an answer."""

    id: str
    name: str
    weight: Positive
    age_weights: SevenWeights
    female_to_male: Positive
    duration_days: Three
    severity: Three
    triage: Annotated[list[Urgency], msgspec.Meta(min_length=3, max_length=3)]
    symptoms: dict[str, Percent]
    vitals: VitalShifts = VitalShifts()
    background_factor: float = 0.0


T = TypeVar("T", bound=msgspec.Struct)
V = TypeVar("V")


def read_csv(path: Path, kind: type[T]) -> list[T]:
    """The rows of a CSV file, each validated.

    Raises:
        DataError: a row does not fit `kind`.
    """
    rows: list[T] = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                rows.append(msgspec.convert(row, kind, strict=False))
            except msgspec.ValidationError as exc:
                raise DataError(f"{path.name}, line {number}: {exc}") from exc
    return rows


def read_toml(path: Path, table: str, kind: type[T]) -> list[T]:
    """The `[[table]]` entries of a TOML file, each validated.

    Raises:
        DataError: an entry does not fit `kind`.
    """
    with path.open("rb") as file:
        entries: Sequence[object] = tomllib.load(file).get(table, [])
    rows: list[T] = []
    for number, entry in enumerate(entries, start=1):
        try:
            rows.append(msgspec.convert(entry, kind))
        except msgspec.ValidationError as exc:
            raise DataError(f"{path.name}, {table} {number}: {exc}") from exc
    return rows


def read_table(path: Path, table: str, kind: type[V]) -> dict[str, V]:
    """One `[table]` of a TOML file, each of its values validated.

    Raises:
        DataError: a value does not fit `kind`.
    """
    with path.open("rb") as file:
        entries = tomllib.load(file).get(table, {})
    try:
        return msgspec.convert(entries, dict[str, kind])  # type: ignore[valid-type] # a type made at run time
    except msgspec.ValidationError as exc:
        raise DataError(f"{path.name}, {table}: {exc}") from exc
