"""The predictor: from a request, through language, rules and model, to an answer. Pure; torch only behind `Model`.

Red flags are evaluated on what was told before the model is asked, and nothing that the model says can lower them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Final, Protocol

import numpy as np

from common.errors import InvalidArgument
from ml.evidence import Evidence, Severity, Sex, close
from ml.knowledge import Knowledge
from ml.language.numbers import PLAUSIBLE
from ml.language.reader import Reader, Reading
from ml.language.words import Words
from ml.safety.news2 import EarlyWarning
from ml.safety.redflags import RedFlag, RedFlags, tell
from ml.schema import URGENCIES, VITALS
from ml.world import Floats

DISCLAIMER: Final = (
    "This is decision support, not a diagnosis. It can be wrong, and it knows only some conditions. "
    "If you are worried or getting worse, talk to a clinician; in an emergency call your local emergency number."
)
MAX_COMPLAINTS: Final = 100
MAX_CHARS: Final = 2000
OLDEST: Final = 120
ADULT_AGES: Final = (25.0, 45.0, 55.0, 70.0, 85.0)  # at which the rules are tried where the age is not known
OLDEST_BABY: Final = 3.0  # years up to which an age told in days or weeks is taken over
LONGEST_DAYS: Final = 36_500
MET_ALLERGEN: Final = "allergen_contact"
NO_ALLERGEN: Final = frozenset(  # words of an entry that name no substance
    {"allergy", "reaction", "severe", "mild", "rash", "hives", "swell", "itch", "not", "known", "none", "medication"}
)
WEIGHTLESS: Final = 0.01  # evidence that moves the log odds by less is not shown
CHRONIC: Final = frozenset(
    {"diabetes", "copd", "heart_disease", "heart_failure", "kidney_disease", "liver_disease", "stroke", "cancer"}
)


class Model(Protocol):
    """Calibrated probabilities for rows of evidence."""

    def predict(self, many: Sequence[Evidence]) -> tuple[Floats, Floats, Floats]:
        """Probabilities (n, conditions + 1), last is "none of these"; disagreement of the members (n,), nats;
        P(it is a later visit | condition), (n, conditions).
        """


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What an answer says about the model behind it."""

    version: str
    trained_at: str | None
    calibration_error: float | None
    disagreement_limit: float = float("inf")
    conformal: tuple[float, ...] = ()  # thresholds of the prediction set, by kind of complaint; none: no set


RULES_ONLY: Final = ModelInfo("rules-only", None, None)


@dataclass(frozen=True, slots=True)
class Asked:
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


@dataclass(frozen=True, slots=True)
class Understood:
    """A request after language and rules: all that does not need the model."""

    evidence: Evidence
    red_flags: tuple[RedFlag, ...]
    early_warning: EarlyWarning | None
    unrecognised: tuple[str, ...]
    words: dict[str, str]
    cautions: tuple[str, ...]
    notes: tuple[str, ...]
    top_k: int
    anything: bool = True  # was any of it understood?


@dataclass(frozen=True, slots=True)
class Weight:
    """How much one piece of evidence speaks for a condition: change in log odds when it is left out."""

    symptom: str
    weight: float


@dataclass(frozen=True, slots=True)
class Possibility:
    """One ranked condition. `later`: if it is this one, P(it stays, came back or is being followed up)."""

    condition: str
    probability: float
    later: float
    evidence: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model says of one patient. Depends on nothing but the evidence, so it may be kept and reused.

    `complaints`: told in their own right; `unmeasured_top`: the first probability had no vital sign been measured.
    """

    possibilities: tuple[Possibility, ...]
    none_of_these: float
    disagreement: float
    complaints: int
    unmeasured_top: float


class Interpreter:
    """Language and rules. Needs no model; one instance serves a process."""

    def __init__(self, knowledge: Knowledge, medication_classes: "MedicationClasses | None" = None) -> None:
        self.knowledge = knowledge
        self._words = Words()
        self._reader = Reader(knowledge, self._words)
        self._red_flags = RedFlags(knowledge, self._words.qualifiers)
        self._medication_classes = medication_classes

    def understand(self, asked: Asked) -> Understood:
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
        self, evidence: Evidence, reading: Reading, classes: frozenset[str], doubtful: frozenset[str]
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

    def _evidence(self, asked: Asked, reading: Reading, factors: set[str]) -> Evidence:
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
        evidence = Evidence(
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

    def _met_allergen(self, asked: Asked) -> bool:
        """Do the complaints, or the medicines taken, name something that this person is allergic to?"""
        named = self._words.content(asked.allergies) - NO_ALLERGEN
        return bool(named & self._words.content((*asked.symptoms, *asked.medications)))


class MedicationClasses(Protocol):
    """Resolves names of medicines to the classes that rules may ask for."""

    def of(self, medications: Sequence[str]) -> frozenset[str]:
        """Classes of all that could be resolved."""


def check(asked: Asked) -> None:
    """Refuse what no person can have.

    Raises:
        InvalidArgument: names the field.
    """
    if asked.age is not None:
        _within("age", asked.age, 0, OLDEST, "years")
    if asked.duration_days is not None:
        _within("duration_days", asked.duration_days, 0, LONGEST_DAYS, "days")
    if len(asked.symptoms) > MAX_COMPLAINTS:
        raise InvalidArgument(f"At most {MAX_COMPLAINTS} symptoms can be sent.", details={"field": "symptoms"})
    if not asked.symptoms:
        raise InvalidArgument("Tell at least one symptom.", details={"field": "symptoms"})
    for name in ("symptoms", "medical_history", "allergies", "medications"):
        if any(len(one) > MAX_CHARS for one in getattr(asked, name)):
            raise InvalidArgument(f"One entry has more than {MAX_CHARS} characters.", details={"field": name})
    for name, value in asked.vitals:
        low, high = PLAUSIBLE[name]
        _within(f"vitals.{name}", value, low, high, "")
    measured = dict(asked.vitals)
    if "systolic" in measured and "diastolic" in measured and measured["diastolic"] >= measured["systolic"]:
        raise InvalidArgument("Diastolic must be below systolic.", details={"field": "vitals.diastolic"})
    if asked.pregnant and asked.sex == "male":
        raise InvalidArgument("Pregnancy and male sex contradict each other.", details={"field": "pregnant"})


def opinions(model: Model, knowledge: Knowledge, many: Sequence[Evidence], explain: int = 5) -> list[Opinion]:
    """What the model says of each patient, with evidence weights, in one evaluation of the network.

    A weight is the change of a condition's log odds when that symptom had not been told. `explain` conditions get them.
    """
    rows: list[Evidence] = []
    parts: list[tuple[int, int, list[str]]] = []
    for evidence in many:
        told = _tellable(evidence, knowledge)
        at = len(rows)
        rows.append(evidence)
        rows.extend(evidence.without_symptom(one, knowledge) for one in told if one in knowledge.symptom_index)
        rows.extend(_without_vital(evidence, one) for one in told if one in VITALS)
        bare = at
        if evidence.vitals:
            bare = len(rows)
            rows.append(close(replace(evidence, vitals={}), knowledge))
        parts.append((at, bare, told))
    chance, disagreement, later = model.predict(rows)
    odds = np.log(np.clip(chance, 1e-9, 1)) - np.log(np.clip(1 - chance, 1e-9, 1))
    named = len(knowledge.conditions)
    return [
        Opinion(
            _possibilities(knowledge, told, chance[at], odds[at : at + 1 + len(told)], later[at], explain),
            round(float(chance[at, named]), 4),
            float(disagreement[at]),
            sum(one in knowledge.symptom_index for one in told),
            float(chance[bare, :named].max()),
        )
        for at, bare, told in parts
    ]


def _possibilities(
    knowledge: Knowledge, told: list[str], chance: Floats, odds: Floats, later: Floats, explain: int
) -> tuple[Possibility, ...]:
    order: list[int] = np.argsort(-chance[: len(knowledge.conditions)], kind="stable").tolist()
    changes: list[list[float]] = (odds[0, order[:explain]] - odds[1:, order[:explain]]).T.tolist()
    likely: list[float] = chance.round(4).tolist()
    again: list[float] = later.round(4).tolist()
    weights = [
        tuple(
            Weight(one, round(value, 3))
            for one, value in sorted(zip(told, change, strict=True), key=lambda pair: -abs(pair[1]))
            if abs(value) >= WEIGHTLESS
        )
        for change in changes
    ]
    weights += [()] * (len(order) - len(weights))
    return tuple(
        Possibility(knowledge.conditions[at].id, likely[at], again[at], weight)
        for at, weight in zip(order, weights, strict=True)
    )


def _tellable(evidence: Evidence, knowledge: Knowledge) -> list[str]:
    """Symptoms told in their own right (not only implied by another), then vital signs."""
    implied = {parent for one in evidence.present for parent in knowledge.ancestors[one]}
    symptoms = sorted(evidence.present - implied)
    return [*symptoms, *(name for name in VITALS if name in evidence.vitals)]


def _without_vital(evidence: Evidence, name: str) -> Evidence:
    return replace(evidence, vitals={key: value for key, value in evidence.vitals.items() if key != name})


def _cautions(evidence: Evidence) -> list[str]:
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


def _notes(evidence: Evidence) -> list[str]:
    missing = [name for name, unknown in (("age", isnan(evidence.age)), ("sex", evidence.sex == "unknown")) if unknown]
    if not missing:
        return []
    what = " and ".join(missing)
    notes = [f"This answer is over all people, for {what} was not given; with {what} it would be sharper."]
    if "age" in missing:
        notes.append("Rules for children were not applied, and emergencies of any adult age were.")
    return notes


def _within(field: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:  # also refuses NaN
        span = f"between {low:g} and {high:g} {unit}".rstrip()
        raise InvalidArgument(f"{field} must be {span}.", details={"field": field})
