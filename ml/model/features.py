"""Evidence as the network's input. One layout for synthetic patients (columns) and for one person (Evidence).

The last columns are the exact answer by the published figures (log probabilities, (named + 1)); the network starts from
it and may correct it a little, for how uncertain the figures are. Needs torch.
Blocks: symptom present (S), symptom absent (S), history (F), age (2 + 7 bands), sex (3), severity (3),
duration (3), vitals (2 x 6), told count (2), not understood (1). Unknown is all zeros in every block.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import BANDS, SEVERITIES, VITALS
from ml.knowledge.vital_signs import ADULT, REFERENCE
from ml.patients.bayes import UNKNOWN_SEX, to_classes
from ml.patients.generator import Patients, Structure
from ml.patients.posterior import Posterior, log_classes
from ml.patients.world import Floats, band_of, build_world

Inputs = npt.NDArray[np.float32]
SEXES: Final = ("female", "male", "other")


def patients_of(knowledge: Knowledge, many: Sequence[PatientEvidence]) -> Patients:
    """Evidence as columns; state, shown and weight mean nothing."""
    count = len(many)
    symptoms, history = knowledge.symptom_index, knowledge.factor_index
    present = np.zeros((count, len(symptoms)), dtype=bool)
    absent = np.zeros_like(present)
    factors = np.zeros((count, len(history)), dtype=bool)
    vitals = np.full((count, len(VITALS)), np.nan)
    for row, one in enumerate(many):
        present[row, [symptoms[name] for name in one.present]] = True
        absent[row, [symptoms[name] for name in one.absent]] = True
        factors[row, [history[name] for name in one.factors]] = True
        for name, value in one.vitals.items():
            vitals[row, VITALS.index(name)] = value
    nothing = np.zeros(count, dtype=np.int64)
    return Patients(
        age=np.array([one.age for one in many], dtype=float),
        sex=np.array([UNKNOWN_SEX if one.sex == "unknown" else SEXES.index(one.sex) for one in many], dtype=np.int64),
        state=nothing,
        shown=nothing,
        present=present,
        absent=absent,
        factors=factors,
        severity=np.array([-1 if one.severity is None else SEVERITIES.index(one.severity) for one in many]),
        duration=np.array([np.nan if one.duration_days is None else one.duration_days for one in many], dtype=float),
        vitals=vitals,
        unrecognised=np.array([min(one.unrecognised, 3) for one in many]),
        weight=np.ones(count),
    )


class Features:
    """Turns evidence into rows of `width` float32 numbers."""

    def __init__(self, knowledge: Knowledge, settings: GeneratorSettings) -> None:
        self._knowledge = knowledge
        self._world = build_world(knowledge, settings)
        self.posterior = Posterior(self._world, Structure(knowledge), settings)
        self.classes = len(knowledge.conditions) + 1
        self._symptoms = knowledge.symptom_index
        self._factors = knowledge.factor_index
        self.width = 2 * len(self._symptoms) + len(self._factors) + 2 + len(BANDS) + 3 + 3 + 3 + 12 + 3 + self.classes

    def of_evidence(self, many: list[PatientEvidence]) -> tuple[Inputs, Floats]:
        """Shape (len(many), width), and P(it is a later visit | condition), (len(many), conditions)."""
        who = patients_of(self._knowledge, many)
        states = self.posterior.states(who)
        return self.rows(who, states), self.posterior.later(states)

    def of_patients(self, patients: Patients) -> Inputs:
        """Shape (n, width)."""
        return self.rows(patients, self.posterior.states(patients))

    def rows(self, who: Patients, states: Floats) -> Inputs:
        """Shape (n, width), of patients whose exact posterior is known."""
        known = ~np.isnan(who.duration)
        aged, sexed = ~np.isnan(who.age)[:, None], (who.sex != UNKNOWN_SEX)[:, None]
        age = np.nan_to_num(who.age, nan=50.0)
        days = np.log(np.clip(np.where(known, who.duration, 1.0), 0.01, 5000))
        usual = np.array(REFERENCE)[np.where(aged[:, 0], band_of(age), ADULT)]
        scaled = np.clip(np.nan_to_num((who.vitals - usual[:, :, 0]) / usual[:, :, 1] / 2), -3, 3)
        told = who.present.sum(axis=1)
        columns = (
            who.present,
            who.absent,
            who.factors,
            (age / 50 - 1)[:, None],
            (age / 50 - 1)[:, None] ** 2,
            aged * np.eye(len(BANDS))[band_of(age)],
            sexed * np.eye(3)[np.maximum(who.sex, 0)],
            np.where(who.severity[:, None] < 0, 0, np.eye(3)[np.maximum(who.severity, 0)]),
            known[:, None],
            (known * days / 3)[:, None],
            (known * (days / 3) ** 2 / 2)[:, None],
            scaled,
            ~np.isnan(who.vitals),
            (np.minimum(told, 10) / 5)[:, None],
            (told == 0)[:, None],
            who.unrecognised[:, None] / 2,
            log_classes(to_classes(states, self._world)),
        )
        return np.concatenate([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
