"""Synthetic patients: who they are, what they have, and the little that they tell of it.

Each patient has a condition and a reason to come (it began, or it stays, comes back or is followed up), an expression
level, cluster effects that make symptoms go together, and a talkativeness that does not depend on the condition: most
people tell one to four things, whatever they have. Every hidden quantity is discrete, so that `ml.patients.posterior`
can sum over all of them: the best answer there can be is known, and served.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import BANDS, VITALS
from ml.knowledge.vital_signs import ADULT, FEBRILE
from ml.patients.world import ANY_DURATION, BAND_SHARES, SEX_SHARES, Bools, Floats, World, band_of, prior

Ints = npt.NDArray[np.int64]
EXPRESSION: Final = ((-1.0, 0.25), (0.0, 0.5), (1.0, 0.25))  # level, share
OLDEST: Final = 96.0
ASKED: Final = 0.55  # share of visits in which the history was asked for (C, J1)
DECADES: Final = (30.0, 60.0)  # ages at which the prevalence of history factors changes
FERTILE: Final = (15.0, 48.0)
PREGNANT: Final = 0.06  # of fertile women who consult (C, J1)
ONLY_FERTILE: Final = ("postpartum", "perimenstrual", "aura_pill_smoking")
EXCLUSIVE: Final = ("dry_cough", "productive_cough")
VITALS_TOLD: Final = (  # which vital signs come with a consultation, and how often (C, J1)
    ((), 0.45),
    ((0,), 0.08),
    ((2, 3), 0.12),
    ((1, 2, 3), 0.06),
    ((0, 1, 5), 0.03),
    ((0, 2, 3), 0.09),
    ((0, 1, 2, 3), 0.05),
    ((0, 1, 2, 3, 4, 5), 0.12),
)


@dataclass(frozen=True)
class Patients:
    """Columns of n patients. Shapes: age, sex, state, shown, severity, unrecognised (n,); `state` is what they have,
    `shown` what their complaints come from (nearly always the same); present, absent (n, S); age NaN and sex -1 where
    unknown;
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

    def label(self, world: World) -> Ints:
        """Class of each: the condition, or the number of conditions for something else."""
        return np.asarray(world.class_of[self.state])

    @staticmethod
    def joined(parts: "list[Patients]") -> "Patients":
        """All of them, in order."""
        names = Patients.__dataclass_fields__
        return Patients(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Structure:
    """The structure of symptoms, as arrays: clusters, implication, the two kinds of cough."""

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

    def denial(self, settings: GeneratorSettings) -> Floats:
        """P(a symptom that is not there is denied), shape (S,)."""
        return np.asarray(settings.denial_rate * np.minimum(self.salience, 2.5))

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


def told_scale(world: World) -> Floats:
    """Salience that one state's patients have to share out, shape (C,); an adult's, at every age."""
    return np.asarray((world.probability[ADULT] * world.weight).sum(axis=1))


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
    person = _people(
        world=world, knowledge=structure.knowledge, settings=settings, count=count, rng=rng, flatten=flatten
    )
    waiting = np.arange(count)
    order: list[Ints] = []
    while len(waiting):
        some = person[waiting]
        told = _complaints(world=world, structure=structure, settings=settings, some=some, rng=rng)
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
    """The people who consult: age, sex, history, condition, duration, severity. No symptoms yet."""
    band = rng.choice(len(BANDS), count, p=BAND_SHARES)
    edges = np.array([*BANDS, OLDEST])
    age = edges[band] + rng.random(count) * (edges[band + 1] - edges[band])
    sex = rng.choice(3, count, p=SEX_SHARES)
    factors = _history(world=world, knowledge=knowledge, age=age, sex=sex, rng=rng)
    chance = prior(world, band, sex, factors)
    drawn = chance**flatten
    drawn /= drawn.sum(axis=1, keepdims=True)
    state = (drawn.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    rows = np.arange(count)
    like = (world.confusion[state].cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    shown = np.where(rng.random(count) < settings.atypical, like, state)
    days = _days(world, shown, rng)
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


def _history(world: World, knowledge: Knowledge, age: Floats, sex: Ints, rng: np.random.Generator) -> Bools:
    """The histories, (n, F); of nearly half the patients nothing was asked."""
    count = len(age)
    decade = np.searchsorted(DECADES, age, side="right")
    asked = rng.random(count) < ASKED
    factors = (rng.random((count, len(world.prevalence))) < world.prevalence[:, decade].T) & asked[:, None]
    fertile = (sex == 0) & (age >= FERTILE[0]) & (age < FERTILE[1])
    at = knowledge.factor_index
    factors[:, at["pregnant"]] = fertile & (rng.random(count) < PREGNANT)
    for only in ONLY_FERTILE:
        factors[:, at[only]] &= fertile
    return np.asarray(factors)


def _days(world: World, shown: Ints, rng: np.random.Generator) -> Floats:
    """Durations in days: as long as the condition or its course takes, or whatever else the number may mean."""
    count = len(shown)
    other = rng.random(count) < world.settings.any_duration
    mean = np.where(other, ANY_DURATION[0], world.duration[shown, 0])
    spread = np.where(other, ANY_DURATION[1], world.duration[shown, 1])
    return np.exp(rng.normal(mean, spread))


def _complaints(
    world: World, structure: Structure, settings: GeneratorSettings, some: Patients, rng: np.random.Generator
) -> Patients:
    """The complaints that these patients have and tell. May be nothing; the caller asks again."""
    count, band = len(some), band_of(some.age)
    probability, weight = _picture(world=world, structure=structure, settings=settings, some=some, band=band, rng=rng)
    truth = rng.random(probability.shape) < probability
    _exclude(structure, probability, truth, rng)
    people = rng.choice(len(settings.mentions), count, p=settings.mention_shares)
    share = np.array(settings.mentions)[people] / told_scale(world)[some.shown]
    mention = np.minimum(0.9, share[:, None] * weight)
    present = np.where(truth, rng.random(truth.shape) < mention, rng.random(truth.shape) < settings.mistaken)
    absent = ~truth & ~present & (rng.random(truth.shape) < structure.denial(settings))
    vitals = _vital_signs(world=world, structure=structure, some=some, band=band, truth=truth, rng=rng)
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
    """P(symptom) of each patient, and how readily each symptom is told; both (n, S)."""
    count = len(some)
    levels = np.array([level for level, _ in EXPRESSION])
    level = levels[rng.choice(len(levels), count, p=[share for _, share in EXPRESSION])]
    shift = np.repeat(settings.expression_sd * level[:, None], world.probability.shape[2], axis=1)
    for members in structure.clusters:
        shift[:, members] += settings.cluster_sd * rng.choice((-1.0, 1.0), count)[:, None]
    base = world.probability[band, some.shown]
    probability = np.where(world.listed[some.shown], expit(logit(base) + shift), base)
    return probability, world.weight[some.shown]


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
    values = world.vital.draw(some.shown, band, rng)
    hot = truth[:, structure.fever] & (rng.random(count) < world.settings.fever_measured)
    values[hot, 0] = rng.normal(FEBRILE[0], FEBRILE[1], int(hot.sum()))
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
