"""One possible world: the published frequencies as arrays, either as they stand or drawn from their uncertainty.

States are the named conditions, the later visits for those that have such (weeks or years on), and those that make up
"something else". Shapes: B age bands, C states, S symptoms, F history factors, V vital signs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import BANDS, EFFECTIVE_SAMPLE_SIZE, Condition, LaterVisits, OtherCondition
from ml.knowledge.vital_signs import ADULT, VitalSigns

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BAND_SHARES: Final = (0.08, 0.12, 0.17, 0.20, 0.19, 0.16, 0.08)  # of the people who consult (C, J1)
SEX_SHARES: Final = (0.55, 0.44, 0.01)  # female, male, other
LIKENESS: Final = 4.0  # how much more often a condition is taken for a similar one (C, J1)
ANY_DURATION: Final = (2.5, 2.3)  # mean and sd of log days where the number means something else (C, J1)


@dataclass(frozen=True)
class World:
    """Parameters of the generator.

    states: the conditions, then the later visits for those that have such, then what "something else" is made of;
    class_of: (C,), the answer that a state belongs to; probability: (B, C, S), P(symptom | state); listed: (C, S), is
    the symptom the state's own, not background; weight: (C, S), how readily it is told; share: (C,), prior mass;
    age_weight: (B, C); sex_weight: (3, C) for female, male, other; risk: (F, C), log multipliers; definitional: (F,),
    exempt from the cap; duration: (C, 2), mean and sd of log days; severity: (C, 3); prevalence: (F, 3), of history
    factors by decades of age; confusion: (C, C), what a patient looks like whose condition does not show itself.
    """

    states: tuple[str, ...]
    class_of: npt.NDArray[np.int64]
    probability: Floats
    listed: Bools
    weight: Floats
    share: Floats
    age_weight: Floats
    sex_weight: Floats
    risk: Floats
    definitional: Bools
    duration: Floats
    severity: Floats
    vital: VitalSigns
    prevalence: Floats
    unmapped: Floats
    confusion: Floats
    named: int
    settings: GeneratorSettings


def band_of(age: Floats) -> npt.NDArray[np.int64]:
    """Index of the age band, for ages in years; that of NaN is the last, and means nothing."""
    return np.searchsorted(np.asarray(BANDS), age, side="right") - 1


def build_world(knowledge: Knowledge, settings: GeneratorSettings, rng: np.random.Generator | None = None) -> World:
    """The world of the published figures, or, with `rng`, one drawn from how uncertain they are.

    A figure of grade A, B or C is drawn from a Beta distribution of effective sample size 100, 30 or 10.
    """
    visits = _later(knowledge)
    of_later = np.array([at for at, _ in visits], dtype=np.int64)
    named, other = len(knowledge.conditions), len(knowledge.conditions) + len(visits)
    rows: list[Condition | OtherCondition] = [*knowledge.conditions]
    rows += [knowledge.conditions[at] for at in of_later]
    rows += knowledge.others
    probability, listed = _probabilities(knowledge, rng)
    salience = np.array([row.salience for row in knowledge.symptoms])
    share = np.array([row.share**settings.share_power for row in knowledge.conditions])
    share = np.append(share, [row.weight for row in knowledge.others])
    if rng is not None:
        salience = salience ** rng.uniform(settings.salience_power, 1)
        salience = salience * rng.lognormal(0, settings.salience_sd, salience.shape)
        share = share * rng.lognormal(0, settings.share_sd, share.shape)
    share[:named] *= (1 - settings.other_share) / share[:named].sum()
    share[named:] *= settings.other_share / share[named:].sum()
    followed = np.zeros(len(share))
    followed[of_later] = [visit.share for _, visit in visits]
    share = np.concatenate(
        [share[:named] * (1 - followed[:named]), share[of_later] * followed[of_later], share[named:]]
    )
    ratio = np.array([row.female_to_male for row in rows])
    risk, definitional = _risks(knowledge, [row.id for row in rows])
    severity = np.array([row.severity for row in rows])
    days = [*(row.duration_days for row in knowledge.conditions), *(visit.duration_days for _, visit in visits)]
    days += [row.duration_days for row in knowledge.others]
    weight = salience * _told(knowledge, listed, settings)
    vitals = [row.vitals for row in knowledge.conditions] + [visit.vitals for _, visit in visits]
    vitals += [row.vitals for row in knowledge.others]
    class_of = np.concatenate([np.arange(named), of_later, np.full(len(knowledge.others), named)])
    return World(
        states=tuple(f"{row.id}{'/later' if named <= at < other else ''}" for at, row in enumerate(rows)),
        class_of=class_of,
        probability=probability,
        listed=listed,
        weight=weight,
        share=share,
        age_weight=np.array([row.age_weights for row in rows]).T,
        sex_weight=np.stack([2 * ratio / (1 + ratio), 2 / (1 + ratio), 2 * np.sqrt(ratio) / (1 + ratio)]),
        risk=risk,
        definitional=definitional,
        duration=_durations(np.array(days)),
        severity=severity / severity.sum(axis=1, keepdims=True),
        vital=VitalSigns.of(vitals),
        prevalence=np.array([row.prevalence for row in knowledge.factors]),
        unmapped=np.where(class_of < named, settings.unmapped_named, settings.unmapped_other),
        confusion=_confusion(probability[ADULT] * weight, share, class_of, named),
        named=named,
        settings=settings,
    )


def prior(world: World, bands: npt.NDArray[np.int64], sexes: npt.NDArray[np.int64], factors: Bools) -> Floats:
    """P(state | age, sex, history), shape (n, C). The product of multipliers is capped at 10 and 0.1."""
    told = factors.astype(float)
    exempt = world.definitional[:, None]
    capped = np.clip(told @ (world.risk * ~exempt), np.log(0.1), np.log(10))
    defining = told @ (world.risk * exempt)
    mass = world.share * world.age_weight[bands] * world.sex_weight[sexes] * np.exp(capped + defining)
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def _later(knowledge: Knowledge) -> list[tuple[int, LaterVisits]]:
    return [(at, row.later) for at, row in enumerate(knowledge.conditions) if row.later is not None]


def _probabilities(knowledge: Knowledge, rng: np.random.Generator | None) -> tuple[Floats, Bools]:
    index, named = knowledge.symptom_index, knowledge.condition_index
    background = np.array([row.background_percent for row in knowledge.symptoms]) / 100
    count = len(knowledge.conditions) + len(knowledge.others)
    figure = np.tile(background, (count, 1))
    size = np.full_like(figure, EFFECTIVE_SAMPLE_SIZE["C"])
    listed = np.zeros(figure.shape, dtype=bool)
    for row in knowledge.frequencies:
        at = named[row.condition], index[row.symptom]
        figure[at], size[at], listed[at] = row.percent / 100, EFFECTIVE_SAMPLE_SIZE[row.grade], True
    for number, other in enumerate(knowledge.others, start=len(named)):
        _fill_other(figure[number], listed[number], other, index)
    figure = np.clip(figure, 0.0002, 0.985)
    drawn = figure if rng is None else np.clip(rng.beta(figure * size, (1 - figure) * size), 0.0002, 0.985)
    by_band = np.repeat(drawn[None], len(BANDS), axis=0)
    for adjusted in knowledge.age_adjustments:
        at = named[adjusted.condition], index[adjusted.symptom]
        for band, first in enumerate(BANDS):
            if adjusted.min_age <= first <= adjusted.max_age:
                by_band[band, at[0], at[1]] = min(0.985, adjusted.percent / 100 * drawn[at] / figure[at])
                listed[at] = True
    left, left_listed = _left_over(knowledge=knowledge, drawn=drawn, listed=listed, background=background, rng=rng)
    after = len(knowledge.conditions)
    by_band = np.concatenate(
        [by_band[:, :after], np.repeat(left[None], len(BANDS), axis=0), by_band[:, after:]], axis=1
    )
    return by_band, np.concatenate([listed[:after], left_listed, listed[after:]])


def _left_over(
    knowledge: Knowledge, drawn: Floats, listed: Bools, background: Floats, rng: np.random.Generator | None
) -> tuple[Floats, Bools]:
    """P(symptom) at the later visits, and which are its own; both (conditions with later visits, S)."""
    index = knowledge.symptom_index
    visits = _later(knowledge)
    figure, own = np.zeros((len(visits), drawn.shape[1])), np.zeros((len(visits), drawn.shape[1]), dtype=bool)
    for row, (at, visit) in enumerate(visits):
        floor = np.clip(np.minimum(background, drawn[at]), 0.0002, 0.985)
        figure[row] = np.where(listed[at], floor + (drawn[at] - floor) * visit.remaining, drawn[at])
        own[row] = listed[at]
        for symptom_id, percent in visit.symptoms.items():
            p, size = np.clip(percent / 100, 0.0002, 0.985), EFFECTIVE_SAMPLE_SIZE["C"]
            value = p if rng is None else np.clip(rng.beta(p * size, (1 - p) * size), 0.0002, 0.985)
            figure[row, index[symptom_id]], own[row, index[symptom_id]] = value, True
    return figure, own


def _fill_other(figure: Floats, listed: Bools, other: OtherCondition, index: dict[str, int]) -> None:
    if other.background_factor:
        figure *= other.background_factor
        listed[:] = True
    for symptom_id, percent in other.symptoms.items():
        figure[index[symptom_id]], listed[index[symptom_id]] = percent / 100, True


def _told(knowledge: Knowledge, listed: Bools, settings: GeneratorSettings) -> Floats:
    """The readiness of a state's patients to tell each symptom, relative to its salience, shape (C, S)."""
    factor = np.where(listed, 1.0, settings.background_salience)
    index = knowledge.symptom_index
    cores = [row.core for row in knowledge.conditions] + [visit.core for _, visit in _later(knowledge)]
    cores += [[one for one, p in row.symptoms.items() if p >= settings.core_percent] for row in knowledge.others]
    for at, core in enumerate(cores):
        factor[at, [index[one] for one in core]] = settings.core_salience
    return factor


def _confusion(picture: Floats, share: Floats, class_of: npt.NDArray[np.int64], named: int) -> Floats:
    """P(looks like c' | is c but does not look like it): common and similar conditions first, shape (C, C)."""
    unit = picture / np.linalg.norm(picture, axis=1, keepdims=True)
    mass = share * np.exp(LIKENESS * (unit @ unit.T))
    mass[(class_of[:, None] == class_of) & (class_of < named)] = 0
    np.fill_diagonal(mass, 0)
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def _risks(knowledge: Knowledge, states: list[str]) -> tuple[Floats, Bools]:
    risk = np.zeros((len(knowledge.factors), len(states)))
    definitional = np.zeros(len(knowledge.factors), dtype=bool)
    for row in knowledge.risk_factors:
        same = [number for number, one in enumerate(states) if one == row.condition]
        risk[knowledge.factor_index[row.factor], same] = np.log(row.multiplier)
        definitional[knowledge.factor_index[row.factor]] |= row.definitional == "yes"
    return risk, definitional


def _durations(days: Floats) -> Floats:
    """Median and central range (10th to 90th percentile) to mean and sd of log days."""
    spread = np.log(days[:, 2] / days[:, 1]) / (2 * 1.2816)
    return np.stack([np.log(days[:, 0]), spread], axis=1)
