"""Situations in which the model is judged apart: how many complaints, which measurements, whose age and sex.

A model may be calibrated on the whole and wrong for somebody. Each group gets its own figures; one too small for a
figure of its own gets a range.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from ml.knowledge.schema import BANDS
from ml.model.metrics import calibration_error
from ml.patients.bayes import UNKNOWN_SEX
from ml.patients.generator import Ints, Patients, Structure
from ml.patients.world import Bools, Floats, band_of

SMALL: Final = 2000  # patients below which a calibration error is given as a range
RESAMPLED: Final = 200  # bootstrap samples of that range
RANGE: Final = (5.0, 95.0)  # percentiles
BINS: Final = 10
ROUNDING: Final = 5e-5  # thresholds are kept to four places
COMPLAINT_KINDS: Final = 3  # at most one complaint, two, more: each with a threshold of its own


class ReliabilityBin(msgspec.Struct, frozen=True):
    """One bar of a reliability plot: answers of about the same confidence, and how many were right."""

    confidence: float
    right: float
    count: int


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """The model's figures in one situation. `ece_range` is the bootstrap's 90 % range; `covered` and `set_size`
    are of the conformal sets.
    """

    count: int
    top1: float
    top3: float
    confidence: float
    ece: float
    ece_range: tuple[float, float]
    covered: float
    set_size: float
    bars: list[ReliabilityBin]


def told_in_their_own_right(present: Bools, structure: Structure) -> Ints:
    """Complaints of each patient, not counting what only another one implies, (n,)."""
    own = present.copy()
    for child, ancestor in structure.implications:
        own[:, ancestor] &= ~present[:, child]
    return np.asarray(own.sum(axis=1))


def complaint_kind(complaints: Ints) -> Ints:
    """Which conformal threshold applies: 0 for at most one complaint, 1 for two, 2 for more."""
    return np.asarray(np.clip(complaints - 1, 0, COMPLAINT_KINDS - 1))


def situations(patients: Patients, structure: Structure) -> dict[str, Bools]:
    """Which patients are in which situation; most are in several."""
    complaints = told_in_their_own_right(patients.present, structure)
    measured = ~np.isnan(patients.vitals).all(axis=1)
    known, bands = ~np.isnan(patients.age), band_of(np.nan_to_num(patients.age))
    lasting = np.isnan(patients.duration)
    groups = {
        "everybody": np.ones(len(patients), dtype=bool),
        "no complaint": complaints == 0,
        "one complaint": complaints == 1,
        "one complaint, no vital signs": (complaints == 1) & ~measured,
        "one complaint, vital signs": (complaints == 1) & measured,
        "two complaints": complaints == 2,
        "three or more complaints": complaints >= 3,
        "no vital signs": ~measured,
        "vital signs": measured,
        "duration not told": lasting,
        "up to a week": ~lasting & (patients.duration <= 7),
        "up to two months": ~lasting & (patients.duration > 7) & (patients.duration <= 60),
        "longer": ~lasting & (patients.duration > 60),
        "female": patients.sex == 0,
        "male": patients.sex == 1,
        "other sex": patients.sex == 2,
        "sex not known": patients.sex == UNKNOWN_SEX,
        "age not known": ~known,
    }
    for band, first in enumerate(BANDS):
        last = f"to {BANDS[band + 1] - 1}" if band + 1 < len(BANDS) else "and over"
        groups[f"aged {first} {last}"] = known & (bands == band)
    return groups


def judged(
    table: Floats, labels: Ints, members: Bools, groups: Mapping[str, Bools], rng: np.random.Generator
) -> dict[str, Situation]:
    """The figures of each group that is not empty. `members` (n, classes): the conformal sets."""
    order = np.argsort(-table, axis=1)
    right, near = order[:, 0] == labels, (order[:, :3] == labels[:, None]).any(axis=1)
    top, covered = table.max(axis=1), members[np.arange(len(labels)), labels]
    found = {}
    for name, inside in groups.items():
        if not inside.any():
            continue
        found[name] = Situation(
            count=int(inside.sum()),
            top1=_mean(right[inside]),
            top3=_mean(near[inside]),
            confidence=_mean(top[inside]),
            ece=round(calibration_error(top[inside], right[inside], BINS), 4),
            ece_range=_range(top[inside], right[inside], rng),
            covered=_mean(covered[inside]),
            set_size=round(float(members[inside].sum(axis=1).mean()), 2),
            bars=bars(top[inside], right[inside]),
        )
    return found


def bars(confidence: Floats, right: Bools) -> list[ReliabilityBin]:
    """The reliability plot: answers in ten bins of confidence."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        ReliabilityBin(_mean(confidence[inside]), _mean(right[inside]), int(inside.sum()))
        for one in range(BINS)
        if (inside := which == one).any()
    ]


def conformal_thresholds(table: Floats, labels: Ints, kinds: Ints, coverage: float) -> list[float]:
    """For each kind of complaint, the mass above a class up to which it belongs to the set, so that the set holds the
    truth in `coverage` of cases.

    Source: adaptive prediction sets without randomisation (Romano, Sesia and Candes 2020, arXiv:2006.02544), by group
    (Mondrian; Vovk et al. 2005). A kind without patients takes the whole mass: its set is everything.
    """
    order = np.argsort(-table, axis=1)
    mass = np.take_along_axis(table, order, axis=1)
    before = mass.cumsum(axis=1) - mass
    score = before[np.arange(len(labels)), (order == labels[:, None]).argmax(axis=1)]
    thresholds = []
    for kind in range(COMPLAINT_KINDS):
        some = np.sort(score[kinds == kind])
        rank = int(np.ceil((len(some) + 1) * coverage)) - 1
        thresholds.append(round(float(some[rank]), 4) if rank < len(some) else 1.0)
    return thresholds


def conformal_sets(table: Floats, kinds: Ints, thresholds: Sequence[float]) -> Bools:
    """Which classes are in each set, (n, classes): those above which no more mass lies than the threshold."""
    order = np.argsort(-table, axis=1, kind="stable")
    mass = np.take_along_axis(table, order, axis=1)
    before = mass.cumsum(axis=1) - mass
    inside = np.zeros(table.shape, dtype=bool)
    np.put_along_axis(inside, order, before <= np.array(thresholds)[kinds][:, None] + ROUNDING, axis=1)
    return inside


def _range(confidence: Floats, right: Bools, rng: np.random.Generator) -> tuple[float, float]:
    errors = []
    for _ in range(RESAMPLED):
        some = rng.integers(0, len(right), min(len(right), SMALL))
        errors.append(calibration_error(confidence[some], right[some], BINS))
    low, high = np.percentile(errors, RANGE)
    return round(float(low), 4), round(float(high), 4)


def _mean(values: "Floats | Bools") -> float:
    return round(float(values.mean()), 4)
