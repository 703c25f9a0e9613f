"""From a request to evidence and red flags: language, and the rules that need no model.

Red flags are evaluated on what was told before the model is asked, and nothing that the model says can lower them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Final, Protocol

import numpy as np

from ml.answers.asked import AskedOpinion, check
from ml.evidence import PatientEvidence, close
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import URGENCIES
from ml.language.reader import Reading, TextReader
from ml.language.words import WordForms
from ml.safety.news2 import EarlyWarning
from ml.safety.redflags import RedFlag, RedFlags, tell

DISCLAIMER: Final = (
    "This is decision support, not a diagnosis. It can be wrong, and it knows only some conditions. "
    "If you are worried or getting worse, talk to a clinician; in an emergency call your local emergency number."
)
ADULT_AGES: Final = (25.0, 45.0, 55.0, 70.0, 85.0)  # at which the rules are tried where the age is not known
OLDEST_BABY: Final = 3.0  # years up to which an age told in days or weeks is taken over
MET_ALLERGEN: Final = "allergen_contact"
NO_ALLERGEN: Final = frozenset(  # words of an entry that name no substance
    {"allergy", "reaction", "severe", "mild", "rash", "hives", "swell", "itch", "not", "known", "none", "medication"}
)
CHRONIC: Final = frozenset(
    {"diabetes", "copd", "heart_disease", "heart_failure", "kidney_disease", "liver_disease", "stroke", "cancer"}
)


@dataclass(frozen=True, slots=True)
class Understood:
    """A request after language and rules: all that does not need the model."""

    evidence: PatientEvidence
    red_flags: tuple[RedFlag, ...]
    early_warning: EarlyWarning | None
    unrecognised: tuple[str, ...]
    words: dict[str, str]
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
    top_k: int
    anything: bool = True  # was any of it understood?


class Interpreter:
    """Language and rules. Needs no model; one instance serves a process."""

    def __init__(self, knowledge: Knowledge, medication_classes: "MedicationClasses | None" = None) -> None:
        self.knowledge = knowledge
        self._words = WordForms()
        self._reader = TextReader(knowledge, self._words)
        self._red_flags = RedFlags(knowledge, self._words.qualifiers)
        self._medication_classes = medication_classes

    def understand(self, asked: AskedOpinion) -> Understood:
        """Read, check and judge by the rules.

        Raises:
            InvalidArgument: a number that no person has; `details.field` names it.
        """
        check(asked)
        reading = self._reader.read(asked.symptoms)
        factors, unknown = self._reader.read_history(asked.medical_history)
        sure = self._evidence(asked, reading, factors | reading.factors)
        evidence = close(
            replace(sure, present=sure.present | reading.doubtful & self._red_flags.asked_for), self.knowledge
        )
        classes = self._medication_classes.of(asked.medications) if self._medication_classes else frozenset()
        doubtful = evidence.present - sure.present
        flags = self._flags(evidence, reading, classes, doubtful)
        _, score = tell(evidence, reading.qualifiers, medication_classes=classes, doubtful=doubtful)
        told = evidence.present or (not reading.unrecognised and (evidence.absent or evidence.vitals))
        return Understood(
            evidence=evidence,
            red_flags=flags,
            early_warning=score,
            unrecognised=(*reading.unrecognised, *unknown),
            words=reading.words,
            cautions=tuple(_cautions(evidence)),
            notes=tuple(_notes(evidence)),
            top_k=asked.top_k,
            anything=bool(told or flags),
        )

    def _flags(
        self, evidence: PatientEvidence, reading: Reading, classes: frozenset[str], doubtful: frozenset[str]
    ) -> tuple[RedFlag, ...]:
        """The rules that fire. An age left out hides no emergency: those of any adult age fire then."""
        found: dict[str, RedFlag] = {}
        for age in (evidence.age, *(ADULT_AGES if isnan(evidence.age) else ())):
            aged = replace(evidence, age=age)
            story, _ = tell(aged, reading.qualifiers, medication_classes=classes, doubtful=doubtful)
            for flag in self._red_flags.fired(story):
                before = found.get(flag.code)
                worse = before is None or before.urgency != "emergency"
                if age is evidence.age or (flag.urgency == "emergency" and worse):
                    found[flag.code] = flag
        return tuple(sorted(found.values(), key=lambda flag: -URGENCIES.index(flag.urgency)))

    def _evidence(self, asked: AskedOpinion, reading: Reading, factors: set[str]) -> PatientEvidence:
        vitals = {**reading.vitals, **dict(asked.vitals)}  # what was measured wins over what was told in words
        age = nan if asked.age is None else asked.age
        if reading.baby_days is not None and not age >= OLDEST_BABY:  # a baby's age in days, or no other is known
            age = float(np.fmin(age, reading.baby_days / 365))
        factors = set(factors)
        if asked.pregnant is not None:
            factors.discard("pregnant")
            if asked.pregnant and asked.sex != "male":
                factors.add("pregnant")
        if asked.sex == "male":
            factors -= {"pregnant", "postpartum", "perimenstrual"}
        present = reading.present | ({MET_ALLERGEN} if self._met_allergen(asked) else set())
        evidence = PatientEvidence(
            age=age,
            sex=asked.sex,
            present=frozenset(present),
            absent=frozenset(reading.absent),
            factors=frozenset(factors),
            severity=asked.severity,
            duration_days=asked.duration_days if asked.duration_days is not None else reading.duration_days,
            vitals=vitals,
            unrecognised=min(3, reading.not_understood),
        )
        return close(evidence, self.knowledge)

    def _met_allergen(self, asked: AskedOpinion) -> bool:
        """Do the complaints, or the medicines taken, name something that this person is allergic to?"""
        named = self._words.content(asked.allergies) - NO_ALLERGEN
        return bool(named & self._words.content((*asked.symptoms, *asked.medications)))


class MedicationClasses(Protocol):
    """Resolves names of medicines to the classes that rules may ask for."""

    def of(self, medications: Sequence[str]) -> frozenset[str]:
        """Classes of all that could be resolved."""


def _cautions(evidence: PatientEvidence) -> list[str]:
    cautions = []
    if evidence.unrecognised:
        cautions.append("Not all that was told could be read; what is listed as unrecognised was not judged.")
    if evidence.age < 5:
        cautions.append("Children under 5 show illness differently; the figures here are for adults.")
    if evidence.age > 80:
        cautions.append("Over 80, serious illness can come with few signs.")
    if "pregnant" in evidence.factors:
        cautions.append("Pregnancy changes what symptoms mean and how urgent they are.")
    if evidence.factors & {"immunosuppression", "no_spleen"}:
        cautions.append("With a weakened immune system, infections can be worse than they look.")
    if len(evidence.factors & CHRONIC) >= 2:
        cautions.append("Several long-term conditions widen the uncertainty.")
    return cautions


def _notes(evidence: PatientEvidence) -> list[str]:
    missing = [name for name, unknown in (("age", isnan(evidence.age)), ("sex", evidence.sex == "unknown")) if unknown]
    if not missing:
        return []
    what = " and ".join(missing)
    notes = [f"This answer is over all people, for {what} was not given; with {what} it would be sharper."]
    if "age" in missing:
        notes.append("Rules for children were not applied, and emergencies of any adult age were.")
    return notes
