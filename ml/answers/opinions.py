"""The model's opinion of a patient, and which of what was told speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from ml.evidence import PatientEvidence, close
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import VITALS
from ml.patients.world import Floats

WEIGHTLESS: Final = 0.01  # evidence that moves the log odds by less is not shown


class Model(Protocol):
    """Calibrated probabilities for rows of evidence."""

    def predict(self, many: Sequence[PatientEvidence]) -> tuple[Floats, Floats, Floats]:
        """Probabilities (n, conditions + 1), last is "none of these"; disagreement of the members (n,), nats;
        P(it is a later visit | condition), (n, conditions).
        """


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model behind an answer."""

    version: str
    trained_at: str | None
    calibration_error: float | None
    disagreement_limit: float = float("inf")
    conformal: tuple[float, ...] = ()  # thresholds of the prediction set, by kind of complaint; none: no set


RULES_ONLY: Final = ModelInfo("rules-only", None, None)


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of one piece of evidence for a condition: the change in log odds when it is left out."""

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
    """The model's opinion of one patient. Depends on nothing but the evidence, so it may be kept and reused.

    `complaints`: told in their own right; `unmeasured_top`: the first probability had no vital sign been measured.
    """

    possibilities: tuple[Possibility, ...]
    none_of_these: float
    disagreement: float
    complaints: int
    unmeasured_top: float


def opinions(model: Model, knowledge: Knowledge, many: Sequence[PatientEvidence], explain: int = 5) -> list[Opinion]:
    """The model's opinion of each patient, with evidence weights, in one evaluation of the network.

    A weight is the change of a condition's log odds when that symptom had not been told. `explain` conditions get them.
    """
    rows: list[PatientEvidence] = []
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
            possibilities=_possibilities(
                knowledge=knowledge,
                told=told,
                chance=chance[at],
                odds=odds[at : at + 1 + len(told)],
                later=later[at],
                explain=explain,
            ),
            none_of_these=round(float(chance[at, named]), 4),
            disagreement=float(disagreement[at]),
            complaints=sum(one in knowledge.symptom_index for one in told),
            unmeasured_top=float(chance[bare, :named].max()),
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


def _tellable(evidence: PatientEvidence, knowledge: Knowledge) -> list[str]:
    """Symptoms told in their own right (not only implied by another), then vital signs."""
    implied = {parent for one in evidence.present for parent in knowledge.ancestors[one]}
    symptoms = sorted(evidence.present - implied)
    return [*symptoms, *(name for name in VITALS if name in evidence.vitals)]


def _without_vital(evidence: PatientEvidence, name: str) -> PatientEvidence:
    return replace(evidence, vitals={key: value for key, value in evidence.vitals.items() if key != name})
