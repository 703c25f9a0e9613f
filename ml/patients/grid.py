"""A grid of what little people tell, on which the network is held to exact Bayes: every symptom alone and frequent
pairs, at every age band, for both sexes, with vital signs that are normal or not, and for every kind of duration.

Averages over patients hide what happens off the beaten path; here every cell counts the same, and the worst one most.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from ml.evidence import PatientEvidence, close
from ml.knowledge.loading import OTHER, Knowledge
from ml.patients.generator import Patients, Structure
from ml.patients.world import Floats

LIKELY: Final = 0.02  # probabilities below this, by both, are not compared
WORST: Final = 50
CHUNK: Final = 4096
AGES: Final = (2.0, 11.0, 24.0, 37.0, 52.0, 67.0, 81.0)  # one in each band
DAYS: Final[dict[str, float | None]] = {"no duration": None, "days": 2.0, "weeks": 20.0, "months": 150.0}
SIGNS: Final[dict[str, dict[str, float]]] = {
    "no vital signs": {},
    "normal": {"temperature_c": 36.8, "heart_rate": 76.0, "systolic": 120.0, "diastolic": 76.0,
               "respiratory_rate": 16.0, "spo2": 98.0},
    "normal temperature": {"temperature_c": 36.8},
    "high pressure": {"systolic": 156.0, "diastolic": 96.0},
    "low pressure": {"systolic": 98.0, "diastolic": 60.0},
    "fever": {"temperature_c": 38.6},
    "fast pulse": {"heart_rate": 112.0},
    "low oxygen": {"spo2": 92.0},
    "fast breath": {"respiratory_rate": 24.0},
}  # fmt: skip


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One condition in one cell of the grid: what exact Bayes and the network say, and how far apart they are, nats."""

    told: str
    condition: str
    exact: float
    network: float
    deviation: float


class Deviations(msgspec.Struct, frozen=True):
    """Deviations of the network from exact Bayes: log odds of whatever either holds for likelier than `LIKELY`."""

    cells: int
    worst: float
    mean: float
    worst_cells: list[Cell]


@dataclass(frozen=True)
class SparseGrid:
    """The cells: evidence, and how each is described."""

    evidence: list[PatientEvidence]
    told: list[str]

    def thinned(self, most: int) -> "SparseGrid":
        """At most so many cells, evenly taken."""
        step = -(-len(self.told) // most)
        return SparseGrid(self.evidence[::step], self.told[::step])


def frequent_pairs(patients: Patients, structure: Structure, count: int) -> list[tuple[str, str]]:
    """The pairs of symptoms that are told together most often, but for those of which one implies the other."""
    told = patients.present.astype(float)
    together = np.triu(told.T @ told, 1)
    for child, ancestor in structure.implications:
        together[min(child, ancestor), max(child, ancestor)] = 0
    order = np.argsort(-together, axis=None, kind="stable")[:count]
    ids = [row.id for row in structure.knowledge.symptoms]
    return [(ids[at // len(ids)], ids[at % len(ids)]) for at in order]


def sparse_grid(knowledge: Knowledge, pairs: list[tuple[str, str]]) -> SparseGrid:
    """All cells."""
    evidence, told = [], []
    for what in _told(knowledge, pairs):
        for age in AGES:
            for sex in ("female", "male"):
                for signs, vitals in SIGNS.items():
                    for length, days in DAYS.items():
                        evidence.append(
                            close(
                                PatientEvidence(
                                    age=age, sex=sex, present=frozenset(what), duration_days=days, vitals=vitals
                                ),
                                knowledge,
                            )
                        )
                        told.append(f"{' + '.join(what)}; {sex}, {age:g}; {signs}; {length}")
    return SparseGrid(evidence, told)


def deviations(
    grid: SparseGrid,
    conditions: list[str],
    exact: Callable[[list[PatientEvidence]], Floats],
    network: Callable[[list[PatientEvidence]], Floats],
) -> Deviations:
    """The network beside exact Bayes in every cell."""
    names = [*conditions, OTHER]
    total, count = 0.0, 0
    cells: list[Cell] = []
    for at in range(0, len(grid.evidence), CHUNK):
        some = grid.evidence[at : at + CHUNK]
        right, given = exact(some), network(some)
        apart = np.abs(_log_odds(given) - _log_odds(right))
        apart[(right < LIKELY) & (given < LIKELY)] = 0
        total, count = total + float(apart.sum()), count + int((apart > 0).sum())
        for cell in np.argsort(-apart, axis=None)[:WORST]:
            row, of = divmod(int(cell), len(names))
            cells.append(
                Cell(
                    told=grid.told[at + row],
                    condition=names[of],
                    exact=round(float(right[row, of]), 4),
                    network=round(float(given[row, of]), 4),
                    deviation=round(float(apart[row, of]), 4),
                )
            )
    cells = sorted(cells, key=lambda cell: -cell.deviation)[:WORST]
    worst = cells[0].deviation if cells else 0.0
    return Deviations(len(grid.evidence), worst, round(total / max(1, count), 4), cells)


def _told(knowledge: Knowledge, pairs: list[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    yield from ((row.id,) for row in knowledge.symptoms)
    yield from pairs


def _log_odds(chance: Floats) -> Floats:
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(held) - np.log(1 - held))
