"""Evidence as the network's input. One layout for synthetic patients (columns) and for one person (Evidence).

Blocks: symptom present (S), symptom absent (S), history (F), age (2 + 7 bands), sex (3), severity (3),
duration (3), vitals (2 x 6), told count (2), not understood (1). Unknown is all zeros in every block.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.evidence import Evidence
from ml.generator import Ints, Patients
from ml.knowledge import Knowledge
from ml.schema import BANDS, SEVERITIES, VITALS
from ml.world import REFERENCE_VITALS, Bools, Floats, band_of

Inputs = npt.NDArray[np.float32]
SEXES: Final = ("female", "male", "other")
VITAL_SCALE: Final = (1.0, 15.0, 20.0, 12.0, 4.0, 3.0)


class Features:
    """Turns evidence into rows of `width` float32 numbers."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._symptoms = knowledge.symptom_index
        self._factors = knowledge.factor_index
        self.width = 2 * len(self._symptoms) + len(self._factors) + 2 + len(BANDS) + 3 + 3 + 3 + 12 + 3

    def of_patients(self, patients: Patients) -> Inputs:
        """Shape (n, width)."""
        return self._rows(
            patients.present,
            patients.absent,
            patients.factors,
            patients.age,
            patients.sex,
            patients.severity,
            patients.duration,
            patients.vitals,
            patients.unrecognised,
        )

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
        return self._rows(
            present,
            absent,
            factors,
            np.array([one.age for one in many], dtype=float),
            np.array([SEXES.index(one.sex) for one in many]),
            np.array([-1 if one.severity is None else SEVERITIES.index(one.severity) for one in many]),
            np.array([np.nan if one.duration_days is None else one.duration_days for one in many], dtype=float),
            vitals,
            np.array([min(one.unrecognised, 3) for one in many]),
        )

    def _rows(
        self,
        present: Bools,
        absent: Bools,
        factors: Bools,
        age: Floats,
        sex: Ints,
        severity: Ints,
        duration: Floats,
        vitals: Floats,
        unrecognised: Ints,
    ) -> Inputs:
        known = ~np.isnan(duration)
        days = np.log(np.clip(np.where(known, duration, 1.0), 0.01, 5000))
        mean = np.array([row[0] for row in REFERENCE_VITALS])
        scaled = np.clip(np.nan_to_num((vitals - mean) / np.array(VITAL_SCALE)), -6, 6)
        told = present.sum(axis=1)
        columns = (
            present,
            absent,
            factors,
            (age / 50 - 1)[:, None],
            (age / 50 - 1)[:, None] ** 2,
            np.eye(len(BANDS))[band_of(age)],
            np.eye(3)[sex],
            np.where(severity[:, None] < 0, 0, np.eye(3)[np.maximum(severity, 0)]),
            known[:, None],
            (known * days / 3)[:, None],
            (known * (days / 3) ** 2 / 2)[:, None],
            scaled,
            ~np.isnan(vitals),
            (np.minimum(told, 10) / 5)[:, None],
            (told == 0)[:, None],
            unrecognised[:, None] / 2,
        )
        return np.concatenate([np.asarray(one, dtype=np.float32) for one in columns], axis=1)
