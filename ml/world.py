"""One possible world: the published frequencies as arrays, either as they stand or drawn from their uncertainty.

States are the named conditions followed by those that make up "something else". Shapes: B age bands, C states,
S symptoms, F history factors, V vital signs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from config.ml import GeneratorSettings
from ml.knowledge import Knowledge
from ml.schema import BANDS, EFFECTIVE_SAMPLE_SIZE, VITALS, Condition, OtherCondition

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

REFERENCE_VITALS: Final = ((36.8, 0.35), (76.0, 11.0), (122.0, 13.0), (76.0, 9.0), (15.0, 2.0), (97.5, 1.0))
ADULT: Final = 3  # the band (30 to 44 years) in which likeness is measured
LIKENESS: Final = 4.0  # how much more often a condition is taken for a similar one (C, J1)
FEBRILE: Final = (38.4, 0.6)  # degrees Celsius while a fever is there
VITAL_BY_BAND: Final = (  # added to the mean: children's hearts and breath are faster, pressure climbs with age (C, J1)
    (0.0, 35.0, -22.0, -14.0, 11.0, 0.0),
    (0.0, 12.0, -8.0, -6.0, 4.0, 0.0),
    (0.0, 0.0, -4.0, -2.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 4.0, 2.0, 0.0, -0.2),
    (0.0, 0.0, 9.0, 1.0, 0.5, -0.6),
    (0.0, 0.0, 12.0, -2.0, 1.0, -1.0),
)


@dataclass(frozen=True)
class World:
    """Parameters of the generator.

    probability: (B, C, S), P(symptom | state); listed: (C, S), is the symptom the state's own, not background;
    weight: (C, S), how readily it is told; share: (C,), prior mass; age_weight: (B, C); sex_weight: (3, C) for
    female, male, other; risk: (F, C), log multipliers; definitional: (F,), exempt from the cap; duration: (C, 2),
    mean and sd of log days; severity: (C, 3); vital: (B, C, V, 2), mean and sd; companion: (K,), states that may come
    along as a second condition; confusion: (C, C), what a patient looks like whose condition does not show itself.
    """

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
    vital: Floats
    unmapped: Floats
    companion: npt.NDArray[np.int64]
    confusion: Floats
    named: int


def band_of(age: Floats) -> npt.NDArray[np.int64]:
    """Index of the age band, for ages in years."""
    return np.searchsorted(np.asarray(BANDS), age, side="right") - 1


def build_world(knowledge: Knowledge, settings: GeneratorSettings, rng: np.random.Generator | None = None) -> World:
    """The world of the published figures, or, with `rng`, one drawn from how uncertain they are.

    A figure of grade A, B or C is drawn from a Beta distribution of effective sample size 100, 30 or 10.
    """
    states: list[Condition | OtherCondition] = [*knowledge.conditions, *knowledge.others]
    probability, listed = _probabilities(knowledge, rng)
    salience = np.array([row.salience for row in knowledge.symptoms])
    share = np.array([row.share**settings.share_power for row in knowledge.conditions])
    share = np.append(share, [row.weight for row in knowledge.others])
    named = len(knowledge.conditions)
    if rng is not None:
        salience = salience ** rng.uniform(settings.salience_power, 1)
        salience = salience * rng.lognormal(0, settings.salience_sd, salience.shape)
        share = share * rng.lognormal(0, settings.share_sd, share.shape)
    share[:named] *= (1 - settings.other_share) / share[:named].sum()
    share[named:] *= settings.other_share / share[named:].sum()
    ratio = np.array([row.female_to_male for row in states])
    risk, definitional = _risks(knowledge, [row.id for row in states])
    severity = np.array([row.severity for row in states])
    ids = [row.id for row in states]
    weight = salience * _told(knowledge, listed, settings)
    return World(
        probability=probability,
        listed=listed,
        weight=weight,
        share=share,
        age_weight=np.array([row.age_weights for row in states]).T,
        sex_weight=np.stack([2 * ratio / (1 + ratio), 2 / (1 + ratio), 2 * np.sqrt(ratio) / (1 + ratio)]),
        risk=risk,
        definitional=definitional,
        duration=_durations(np.array([row.duration_days for row in states])),
        severity=severity / severity.sum(axis=1, keepdims=True),
        vital=_vitals(knowledge),
        unmapped=np.where(np.arange(len(states)) < named, settings.unmapped_named, settings.unmapped_other),
        companion=np.array([ids.index(one) for one in settings.companions]),
        confusion=_confusion(probability[ADULT] * weight, share),
        named=named,
    )


def prior(world: World, bands: npt.NDArray[np.int64], sexes: npt.NDArray[np.int64], factors: Bools) -> Floats:
    """P(state | age, sex, history), shape (n, C). The product of multipliers is capped at 10 and 0.1."""
    capped = np.clip(factors[:, ~world.definitional] @ world.risk[~world.definitional], np.log(0.1), np.log(10))
    exempt = factors[:, world.definitional] @ world.risk[world.definitional]
    mass = world.share * world.age_weight[bands] * world.sex_weight[sexes] * np.exp(capped + exempt)
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


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
    return by_band, listed


def _fill_other(figure: Floats, listed: Bools, other: OtherCondition, index: dict[str, int]) -> None:
    if other.background_factor:
        figure *= other.background_factor
        listed[:] = True
    for symptom_id, percent in other.symptoms.items():
        figure[index[symptom_id]], listed[index[symptom_id]] = percent / 100, True


def _told(knowledge: Knowledge, listed: Bools, settings: GeneratorSettings) -> Floats:
    """How readily a state's patients tell each symptom, relative to its salience, shape (C, S)."""
    factor = np.where(listed, 1.0, settings.background_salience)
    index = knowledge.symptom_index
    for at, condition in enumerate(knowledge.conditions):
        factor[at, [index[one] for one in condition.core]] = settings.core_salience
    for at, other in enumerate(knowledge.others, start=len(knowledge.conditions)):
        core = [index[one] for one, percent in other.symptoms.items() if percent >= settings.core_percent]
        factor[at, core] = settings.core_salience
    return factor


def _confusion(picture: Floats, share: Floats) -> Floats:
    """P(looks like c' | is c but does not look like it): common and similar conditions first, shape (C, C)."""
    unit = picture / np.linalg.norm(picture, axis=1, keepdims=True)
    mass = share * np.exp(LIKENESS * (unit @ unit.T))
    np.fill_diagonal(mass, 0)
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def _risks(knowledge: Knowledge, states: list[str]) -> tuple[Floats, Bools]:
    at = {one: number for number, one in enumerate(states)}
    risk = np.zeros((len(knowledge.factors), len(states)))
    definitional = np.zeros(len(knowledge.factors), dtype=bool)
    for row in knowledge.risk_factors:
        risk[knowledge.factor_index[row.factor], at[row.condition]] = np.log(row.multiplier)
        definitional[knowledge.factor_index[row.factor]] |= row.definitional == "yes"
    return risk, definitional


def _durations(days: Floats) -> Floats:
    """Median and central range (10th to 90th percentile) to mean and sd of log days."""
    spread = np.log(days[:, 2] / days[:, 1]) / (2 * 1.2816)
    return np.stack([np.log(days[:, 0]), spread], axis=1)


def _vitals(knowledge: Knowledge) -> Floats:
    states: list[Condition | OtherCondition] = [*knowledge.conditions, *knowledge.others]
    table = np.tile(np.array(REFERENCE_VITALS), (len(BANDS), len(states), 1, 1))
    for at, row in enumerate(states):
        for which, name in enumerate(VITALS):
            given = getattr(row.vitals, name)
            if given is not None and name != "temperature_c":  # temperature follows the fever, see generator
                table[:, at, which] = given
        if row.id != "hypertension":
            table[:, at, :, 0] += np.array(VITAL_BY_BAND)
    return table
