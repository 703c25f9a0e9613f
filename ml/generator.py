"""Synthetic patients: who they are, what they have, and the little that they tell of it.

Each patient has a condition (sometimes two), an expression level, cluster effects that make symptoms go together, and
a talkativeness that does not depend on the condition: most people tell one to four things, whatever they have. Every
hidden quantity is discrete, so that `ml.bayes` can sum over all of them and know the best answer there can be.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.knowledge import Knowledge
from ml.schema import BANDS, VITALS
from ml.world import FEBRILE, Bools, Floats, World, band_of, prior

Ints = npt.NDArray[np.int64]
EXPRESSION: Final = ((-1.0, 0.25), (0.0, 0.5), (1.0, 0.25))  # level, share
COMPANION_STRENGTH: Final = 0.6  # a second condition shows, and is told, this much
BAND_SHARES: Final = (0.08, 0.12, 0.17, 0.20, 0.19, 0.16, 0.08)  # of the people who consult (C, J1)
OLDEST: Final = 96.0
EXCLUSIVE: Final = ("dry_cough", "productive_cough")
VITALS_TOLD: Final = (  # which vital signs come with a consultation, and how often (C, J1)
    ((), 0.62),
    ((0,), 0.10),
    ((2, 3), 0.08),
    ((1, 2, 3), 0.04),
    ((0, 1, 5), 0.03),
    ((0, 1, 2, 3, 4, 5), 0.13),
)


@dataclass(frozen=True)
class Patients:
    """Columns of n patients. Shapes: age, sex, state, shown, severity, unrecognised (n,); `state` is what they have,
    `shown` what their complaints come from (nearly always the same); present, absent (n, S);
    factors (n, F); vitals (n, V), NaN where unknown; duration (n,), days, NaN where unknown; severity -1 unknown.
    weight (n,): how many patients this one stands for, 1 unless rare conditions were drawn more often than they come.
    """

    age: Floats
    sex: Ints
    state: Ints
    shown: Ints
    present: Bools
    absent: Bools
    factors: Bools
    severity: Ints
    duration: Floats
    vitals: Floats
    unrecognised: Ints
    weight: Floats

    def __len__(self) -> int:
        return len(self.age)

    def __getitem__(self, rows: "slice | Ints") -> "Patients":
        return Patients(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def label(self, named: int) -> Ints:
        """Class of each: the condition, or `named` for something else."""
        return np.minimum(self.state, named)

    @staticmethod
    def joined(parts: "list[Patients]") -> "Patients":
        """All of them, in order."""
        names = Patients.__dataclass_fields__
        return Patients(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Structure:
    """How symptoms hang together, as arrays: clusters, implication, the two kinds of cough."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        index = knowledge.symptom_index
        names = sorted({row.cluster for row in knowledge.symptoms if row.cluster})
        self.clusters = [
            np.array([at for at, row in enumerate(knowledge.symptoms) if row.cluster == name]) for name in names
        ]
        self.exclusive = (index[EXCLUSIVE[0]], index[EXCLUSIVE[1]])
        self.fever, self.high_fever = index["fever"], index["high_fever"]
        self.salience = np.array([row.salience for row in knowledge.symptoms])

    @cached_property
    def implications(self) -> list[tuple[int, int]]:
        """(child, ancestor) pairs."""
        index = self.knowledge.symptom_index
        return [(index[child], index[one]) for child, chain in self.knowledge.ancestors.items() for one in chain]

    def close(self, present: Bools, absent: Bools) -> None:
        """In place: what a told symptom implies is present; what a denied one rules out is absent."""
        for child, ancestor in self.implications:
            present[:, ancestor] |= present[:, child]
        absent &= ~present
        for child, ancestor in self.implications:
            absent[:, child] |= absent[:, ancestor] & ~present[:, child]


def logit(p: Floats) -> Floats:
    """Log odds."""
    return np.asarray(np.log(p / (1 - p)))


def expit(x: Floats) -> Floats:
    """Inverse of `logit`."""
    return np.asarray(1 / (1 + np.exp(-x)))


def companion_shares(world: World) -> Floats:
    """P(second condition | band, first condition, there is one), shape (B, C, K); never the first one again."""
    mass = np.repeat((world.share * world.age_weight)[:, None, world.companion], len(world.share), axis=1)
    mass[:, world.companion, np.arange(len(world.companion))] = 0
    return np.asarray(mass / mass.sum(axis=2, keepdims=True))


def told_scale(world: World) -> Floats:
    """Salience that one state's patients have to share out, shape (B, C)."""
    return np.asarray(np.einsum("bcs,cs->bc", world.probability, world.weight))


def generate(
    world: World,
    structure: Structure,
    settings: GeneratorSettings,
    count: int,
    rng: np.random.Generator,
    *,
    flatten: float = 1.0,
) -> Patients:
    """`count` patients who each tell at least one symptom.

    With `flatten` below 1, conditions are drawn from their prior to that power, so that rare ones are met often, and
    `weight` makes up for it.
    """
    parts: list[Patients] = []
    person = _people(world, structure.knowledge, settings, count, rng, flatten)
    waiting = np.arange(count)
    order: list[Ints] = []
    while len(waiting):
        some = person[waiting]
        told = _complaints(world, structure, settings, some, rng)
        ok = told.present.any(axis=1)
        parts.append(told[np.flatnonzero(ok)])
        order.append(waiting[ok])
        waiting = waiting[~ok]
    patients = Patients.joined(parts)[np.argsort(np.concatenate(order))]
    return _measured(world, structure, patients)


def _people(
    world: World,
    knowledge: Knowledge,
    settings: GeneratorSettings,
    count: int,
    rng: np.random.Generator,
    flatten: float,
) -> Patients:
    """Who consults, with what: age, sex, history, condition, duration, severity. No symptoms yet."""
    band = rng.choice(len(BANDS), count, p=BAND_SHARES)
    edges = np.array([*BANDS, OLDEST])
    age = edges[band] + rng.random(count) * (edges[band + 1] - edges[band])
    sex = rng.choice(3, count, p=(0.55, 0.44, 0.01))
    prevalence = np.array([row.prevalence for row in knowledge.factors])
    decade = np.searchsorted((30, 60), age, side="right")
    asked = rng.random(count) < 0.55
    factors = (rng.random((count, len(prevalence))) < prevalence[:, decade].T) & asked[:, None]
    fertile = (sex == 0) & (age >= 15) & (age < 48)
    at = knowledge.factor_index
    factors[:, at["pregnant"]] = fertile & (rng.random(count) < 0.06)
    for only in ("postpartum", "perimenstrual", "aura_pill_smoking"):
        factors[:, at[only]] &= fertile
    chance = prior(world, band, sex, factors)
    drawn = chance**flatten
    drawn /= drawn.sum(axis=1, keepdims=True)
    state = (drawn.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    rows = np.arange(count)
    like = (world.confusion[state].cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    shown = np.where(rng.random(count) < settings.atypical, like, state)
    days = np.exp(rng.normal(world.duration[shown, 0], world.duration[shown, 1]))
    grade = (world.severity[shown].cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    nothing = np.zeros((count, world.probability.shape[2]), dtype=bool)
    return Patients(
        age=age,
        sex=sex,
        state=state,
        shown=shown,
        present=nothing,
        absent=nothing,
        factors=factors,
        severity=np.where(rng.random(count) < 0.55, grade, -1),
        duration=np.where(rng.random(count) < 0.55, days, np.nan),
        vitals=np.full((count, len(VITALS)), np.nan),
        unrecognised=np.minimum(rng.poisson(world.unmapped[shown]), 3),
        weight=chance[rows, state] / drawn[rows, state],
    )


def _complaints(
    world: World, structure: Structure, settings: GeneratorSettings, some: Patients, rng: np.random.Generator
) -> Patients:
    """What these patients have and tell. May be nothing; the caller asks again."""
    count, band = len(some), band_of(some.age)
    probability, weight = _picture(world, structure, settings, some, band, rng)
    truth = rng.random(probability.shape) < probability
    _exclude(structure, probability, truth, rng)
    people = rng.choice(len(settings.mentions), count, p=settings.mention_shares)
    share = np.array(settings.mentions)[people] / told_scale(world)[band, some.shown]
    mention = np.minimum(0.9, share[:, None] * weight)
    present = np.where(truth, rng.random(truth.shape) < mention, rng.random(truth.shape) < settings.mistaken)
    denies = rng.random(count) < settings.denial_share
    rate = settings.denial_rate * np.minimum(structure.salience, 2.5)
    absent = ~truth & ~present & denies[:, None] & (rng.random(truth.shape) < rate)
    vitals = _vital_signs(world, structure, some, band, truth, rng)
    structure.close(present, absent)
    return Patients(**{**some.__dict__, "present": present, "absent": absent, "vitals": vitals})


def _picture(
    world: World,
    structure: Structure,
    settings: GeneratorSettings,
    some: Patients,
    band: Ints,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """P(symptom) of each patient, second condition included, and how readily each symptom is told; both (n, S)."""
    count = len(some)
    levels = np.array([level for level, _ in EXPRESSION])
    level = levels[rng.choice(len(levels), count, p=[share for _, share in EXPRESSION])]
    shift = np.repeat(settings.expression_sd * level[:, None], world.probability.shape[2], axis=1)
    for members in structure.clusters:
        shift[:, members] += settings.cluster_sd * rng.choice((-1.0, 1.0), count)[:, None]
    listed = world.listed[some.shown]
    base = world.probability[band, some.shown]
    probability = np.where(listed, expit(logit(base) + shift), base)
    weight = world.weight[some.shown].copy()
    second = np.flatnonzero(rng.random(count) < settings.second_condition)
    chance = companion_shares(world)[band[second], some.shown[second]]
    other = world.companion[(chance.cumsum(axis=1) > rng.random((len(second), 1))).argmax(axis=1)]
    extra = np.where(world.listed[other], world.probability[band[second], other] * COMPANION_STRENGTH, 0)
    probability[second] = 1 - (1 - probability[second]) * (1 - extra)
    strength = np.where(world.listed[other], world.weight[other] * COMPANION_STRENGTH, 0)
    weight[second] = np.maximum(weight[second], strength)
    return probability, weight


def _exclude(structure: Structure, probability: Floats, truth: Bools, rng: np.random.Generator) -> None:
    """In place: a cough is dry or brings something up, never both."""
    dry, wet = structure.exclusive
    total = probability[:, dry] + probability[:, wet]
    scale = 1 / np.maximum(total, 1)
    draw = rng.random(len(probability))
    truth[:, dry] = draw < probability[:, dry] * scale
    truth[:, wet] = (draw >= probability[:, dry] * scale) & (draw < total * scale)


def _vital_signs(
    world: World, structure: Structure, some: Patients, band: Ints, truth: Bools, rng: np.random.Generator
) -> Floats:
    count = len(some)
    table = world.vital[band, some.shown]
    values = rng.normal(table[:, :, 0], table[:, :, 1])
    hot = truth[:, structure.fever]
    values[hot, 0] = rng.normal(FEBRILE[0], FEBRILE[1], int(hot.sum()))
    values[:, 5] = np.minimum(values[:, 5], 100)
    told = np.zeros((len(VITALS_TOLD), len(VITALS)), dtype=bool)
    for row, (which, _) in enumerate(VITALS_TOLD):
        told[row, list(which)] = True
    kind = rng.choice(len(VITALS_TOLD), count, p=[share for _, share in VITALS_TOLD])
    return np.where(told[kind], values, np.nan)


def _measured(world: World, structure: Structure, patients: Patients) -> Patients:
    """A thermometer that reads 38.0 or more says fever, whatever was told."""
    temperature = patients.vitals[:, 0]
    with np.errstate(invalid="ignore"):
        patients.present[:, structure.fever] |= temperature >= 38.0
        patients.present[:, structure.high_fever] |= temperature >= 39.0
    structure.close(patients.present, patients.absent)
    return patients
