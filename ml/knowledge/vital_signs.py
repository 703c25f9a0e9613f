"""Vital signs: anybody's by age, and what a condition makes of them where that is published.

A condition without a published effect has anybody's vital signs, so that a reading says nothing for or against it. One
with an effect shows it in a share of its visits; in the rest, and at its follow-ups, its vital signs are anybody's too.
Systolic and diastolic pressure go together, or one high reading would count twice. Temperature is not here: it follows
the fever (`ml.patients.generator`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.knowledge.schema import VITALS, VitalShifts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEBRILE: Final = (38.4, 0.6)  # degrees Celsius while the thermometer shows a fever
AFEBRILE: Final = (36.8, 0.35)
REFERENCE: Final = (  # by age band: mean, sd of each of VITALS among those who consult (pressure B, R106; rest C, J1)
    (AFEBRILE, (111.0, 15.0), (98.0, 10.0), (60.0, 9.0), (26.0, 5.0), (97.8, 1.2)),
    (AFEBRILE, (85.0, 13.0), (111.0, 11.0), (66.0, 9.0), (19.0, 3.0), (97.9, 1.1)),
    (AFEBRILE, (77.0, 12.0), (117.0, 13.0), (73.0, 9.0), (16.5, 2.2), (97.8, 1.2)),
    (AFEBRILE, (77.0, 12.0), (120.0, 14.0), (76.0, 10.0), (16.5, 2.2), (97.6, 1.3)),
    (AFEBRILE, (76.0, 12.0), (126.0, 16.0), (78.0, 10.0), (16.5, 2.2), (97.3, 1.4)),
    (AFEBRILE, (75.0, 12.0), (131.0, 18.0), (75.0, 10.0), (17.0, 2.3), (96.9, 1.6)),
    (AFEBRILE, (74.0, 12.0), (135.0, 19.0), (71.0, 11.0), (17.0, 2.4), (96.5, 1.8)),
)
ADULT: Final = 3  # the band (30 to 44 years) for which effects are given
SYSTOLIC: Final = VITALS.index("systolic")
DIASTOLIC: Final = VITALS.index("diastolic")
TOGETHER: Final = 0.65  # correlation of the two pressures (C, J1)
ABSOLUTE: Final = (SYSTOLIC, DIASTOLIC)  # a changed pressure is given as it is, at every age


@dataclass(frozen=True)
class VitalSigns:
    """Shapes: changed (B, C, V, 2), mean and sd where the state shows; shown (C,), share of visits in which it does;
    reference (B, V, 2).
    """

    changed: Floats
    shown: Floats
    reference: Floats

    @staticmethod
    def of(rows: list[VitalShifts]) -> "VitalSigns":
        """From the rows of the knowledge, one a state."""
        reference = np.array(REFERENCE)
        changed = np.repeat(reference[:, None], len(rows), axis=1)
        shown = np.zeros(len(rows))
        for at, vitals in enumerate(rows):
            for which, name in enumerate(VITALS):
                given = getattr(vitals, name)
                if given is not None:
                    moved = which not in ABSOLUTE
                    shift = (reference[:, which, 0] - reference[ADULT, which, 0]) * moved
                    changed[:, at, which, 0], changed[:, at, which, 1] = given[0] + shift, given[1]
                    shown[at] = vitals.shown
        return VitalSigns(changed, shown, reference)

    def log_likelihood(self, values: Floats, bands: Ints) -> Floats:
        """Log likelihood of all but the temperature, (n, C). `values` (n, V), NaN where not measured."""
        usual = _log_density(values, self.reference[bands])
        total = np.repeat(usual[:, None], len(self.shown), axis=1)
        some = np.flatnonzero(self.shown)
        changed = _log_density(values[:, None], self.changed[bands][:, some])
        share = self.shown[some]
        with np.errstate(divide="ignore"):
            total[:, some] = np.logaddexp(usual[:, None] + np.log(1 - share), changed + np.log(share))
        return total

    def draw(self, states: Ints, bands: Ints, rng: np.random.Generator) -> Floats:
        """Vital signs of these patients, (n, V); the temperature is that of somebody without a fever."""
        shows = rng.random(len(states)) < self.shown[states]
        table = np.where(shows[:, None, None], self.changed[bands, states], self.reference[bands])
        noise = rng.normal(size=table.shape[:2])
        noise[:, DIASTOLIC] = TOGETHER * noise[:, SYSTOLIC] + np.sqrt(1 - TOGETHER**2) * noise[:, DIASTOLIC]
        values = table[:, :, 0] + noise * table[:, :, 1]
        return np.asarray(values)


def unremarkable(vitals: Mapping[str, float], band: int) -> bool:
    """Is every measured vital sign within two standard deviations of anybody's at this age band?"""
    return all(
        abs(value - REFERENCE[band][VITALS.index(name)][0]) <= 2 * REFERENCE[band][VITALS.index(name)][1]
        for name, value in vitals.items()
    )


def log_normal(value: Floats, mean: Floats, sd: Floats) -> Floats:
    """Log density of a normal distribution, without its constant."""
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def _log_density(values: Floats, table: Floats) -> Floats:
    """Sum over what was measured but the temperature; `table` (..., V, 2) is mean and sd."""
    mean, sd = table[..., 0], table[..., 1]
    known = ~np.isnan(values)
    scaled = (np.where(known, values, 0) - mean) / sd
    both = (known[..., SYSTOLIC] & known[..., DIASTOLIC])[..., None]
    at = np.arange(values.shape[-1])
    scaled = np.where(
        both & (at == DIASTOLIC),
        (scaled - TOGETHER * scaled[..., SYSTOLIC, None]) / np.sqrt(1 - TOGETHER**2),
        scaled,
    )
    each = -0.5 * scaled**2 - np.log(sd) - np.where(both & (at == DIASTOLIC), 0.5 * np.log(1 - TOGETHER**2), 0)
    return np.asarray(np.where(known, each, 0)[..., 1:].sum(axis=-1))
