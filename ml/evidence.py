"""Canonical evidence: what is known of one patient, after language and before any model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Literal

from ml.knowledge.loading import Knowledge

Sex = Literal["female", "male", "other", "unknown"]
Severity = Literal["mild", "moderate", "severe"]


@dataclass(frozen=True, slots=True)
class PatientEvidence:
    """The evidence about a patient. A symptom that is in neither set is unknown, never absent.

    `present` is closed under implication (dry_cough brings cough), `absent` under its reverse. Units: years, days,
    degrees Celsius, beats and breaths a minute, mmHg, percent. An unknown age is NaN, which no comparison holds for.
    """

    age: float
    sex: Sex
    present: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    factors: frozenset[str] = frozenset()
    severity: Severity | None = None
    duration_days: float | None = None
    vitals: Mapping[str, float] = field(default_factory=dict)
    unrecognised: int = 0

    def key(self) -> tuple[object, ...]:
        """Equal for equal evidence: what an answer may be cached by."""
        return (
            None if isnan(self.age) else round(self.age, 2),
            self.sex,
            tuple(sorted(self.present)),
            tuple(sorted(self.absent)),
            tuple(sorted(self.factors)),
            self.severity,
            None if self.duration_days is None else round(self.duration_days, 3),
            tuple(sorted(self.vitals.items())),
            self.unrecognised,
        )

    def with_symptom(self, symptom_id: str, present: bool, knowledge: Knowledge) -> "PatientEvidence":
        """The same patient after one more answer."""
        added = {symptom_id}
        if present:
            return close(replace(self, present=self.present | added, absent=self.absent - added), knowledge)
        return close(replace(self, present=self.present - added, absent=self.absent | added), knowledge)

    def without_symptom(self, symptom_id: str, knowledge: Knowledge) -> "PatientEvidence":
        """The same patient had this, and what only it brought, not been told."""
        gone = {symptom_id, *knowledge.ancestors[symptom_id], *knowledge.descendants[symptom_id]}
        kept = frozenset(self.present - gone)
        return close(replace(self, present=kept, absent=self.absent - {symptom_id}), knowledge)


def close(evidence: PatientEvidence, knowledge: Knowledge) -> PatientEvidence:
    """Bring in what the symptoms and the thermometer imply. What is told present wins over what is denied."""
    present = set(evidence.present)
    temperature = evidence.vitals.get("temperature_c")
    if temperature is not None and temperature >= 38.0:
        present.add("fever")
    if temperature is not None and temperature >= 39.0:
        present.add("high_fever")
    present |= _implied(present, knowledge)
    absent = set(evidence.absent)
    for symptom_id in evidence.absent:
        absent.update(knowledge.descendants[symptom_id])
    return replace(evidence, present=frozenset(present), absent=frozenset(absent - present))


def _implied(symptom_ids: Iterable[str], knowledge: Knowledge) -> set[str]:
    return {parent for symptom_id in symptom_ids for parent in knowledge.ancestors[symptom_id]}
