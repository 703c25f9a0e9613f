"""Evidence as the network's input. One layout for synthetic patients (columns) and for one person (Evidence).

The last columns are the answer of a simple Bayes model on the published figures (log probabilities, (named + 1)): it
knows the likelihood of what was told, but not that symptoms hang together. The network starts from it and corrects it.
Blocks: symptom present (S), symptom absent (S), history (F), age (2 + 7 bands), sex (3), severity (3),
duration (3), vitals (2 x 6), told count (2), not understood (1). Unknown is all zeros in every block.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.bayes import SimpleBayes
from ml.evidence import Evidence
from ml.generator import Patients
from ml.knowledge import Knowledge
from ml.schema import BANDS, SEVERITIES, VITALS
from ml.world import REFERENCE_VITALS, band_of, build_world

Inputs = npt.NDArray[np.float32]
SEXES: Final = ("female", "male", "other")
VITAL_SCALE: Final = (1.0, 15.0, 20.0, 12.0, 4.0, 3.0)


class Features:
    """Turns evidence into rows of `width` float32 numbers."""

    def __init__(self, knowledge: Knowledge, settings: GeneratorSettings) -> None:
        self._simple = SimpleBayes(build_world(knowledge, settings), settings)
        self.classes = len(knowledge.conditions) + 1
        self._symptoms = knowledge.symptom_index
        self._factors = knowledge.factor_index
        self.width = 2 * len(self._symptoms) + len(self._factors) + 2 + len(BANDS) + 3 + 3 + 3 + 12 + 3 + self.classes

    def of_patients(self, patients: Patients) -> Inputs:
        """Shape (n, width)."""
        return self._rows(patients)

    def of_evidence(self, many: list[Evidence]) -> Inputs:
        """Shape (len(many), width)."""
        count = len(many)
        present = np.zeros((count, len(self._symptoms)), dtype=bool)
        absent = np.zeros_like(present)
        factors = np.zeros((count, len(self._factors)), dtype=bool)
        vitals = np.full((count, len(VITALS)), np.nan)
        for row, one in enumerate(many):
            present[row, [self._symptoms[name] for name in one.present]] = True
            absent[row, [self._symptoms[name] for name in one.absent]] = True
            factors[row, [self._factors[name] for name in one.factors]] = True
            for name, value in one.vitals.items():
                vitals[row, VITALS.index(name)] = value
        nothing = np.zeros(count, dtype=np.int64)
        return self._rows(
            Patients(
                age=np.array([one.age for one in many], dtype=float),
                sex=np.array([SEXES.index(one.sex) for one in many]),
                state=nothing,
                shown=nothing,
                present=present,
                absent=absent,
                factors=factors,
                severity=np.array([-1 if one.severity is None else SEVERITIES.index(one.severity) for one in many]),
                duration=np.array(
                    [np.nan if one.duration_days is None else one.duration_days for one in many], dtype=float
                ),
                vitals=vitals,
                unrecognised=np.array([min(one.unrecognised, 3) for one in many]),
                weight=np.ones(count),
            )
        )

    def _rows(self, who: Patients) -> Inputs:
        known = ~np.isnan(who.duration)
        days = np.log(np.clip(np.where(known, who.duration, 1.0), 0.01, 5000))
        mean = np.array([row[0] for row in REFERENCE_VITALS])
        scaled = np.clip(np.nan_to_num((who.vitals - mean) / np.array(VITAL_SCALE)), -6, 6)
        told = who.present.sum(axis=1)
        columns = (
            who.present,
            who.absent,
            who.factors,
            (who.age / 50 - 1)[:, None],
            (who.age / 50 - 1)[:, None] ** 2,
            np.eye(len(BANDS))[band_of(who.age)],
            np.eye(3)[who.sex],
            np.where(who.severity[:, None] < 0, 0, np.eye(3)[np.maximum(who.severity, 0)]),
            known[:, None],
            (known * days / 3)[:, None],
            (known * (days / 3) ** 2 / 2)[:, None],
            scaled,
            ~np.isnan(who.vitals),
            (np.minimum(told, 10) / 5)[:, None],
            (told == 0)[:, None],
            who.unrecognised[:, None] / 2,
            self._simple.log_posterior(who),
        )
        return np.concatenate([np.asarray(one, dtype=np.float32) for one in columns], axis=1)
