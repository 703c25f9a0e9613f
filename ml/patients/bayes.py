"""Bayes without symptoms that hang together: priors, what is not a symptom, and the floors under the model.

The exact posterior is `ml.patients.posterior`; it takes from here what does not depend on what was told.
"""

from typing import Final

import numpy as np

from ml.knowledge.loading import Knowledge
from ml.knowledge.schema import BANDS
from ml.knowledge.vital_signs import log_normal
from ml.patients.generator import ASKED, DECADES, FERTILE, OLDEST, ONLY_FERTILE, PREGNANT, Ints, Patients
from ml.patients.world import ANY_DURATION, BAND_SHARES, SEX_SHARES, Bools, Floats, World, band_of, prior

DAYS: Final = (0.01, 5000.0)  # what a told duration is held to
UNKNOWN_SEX: Final = -1


def to_classes(states: Floats, world: World) -> Floats:
    """Sum the states of each class: (n, C) -> (n, named + 1); the last is "something else"."""
    return np.asarray(states @ np.eye(world.named + 1)[world.class_of])


def people(world: World, knowledge: Knowledge, patients: Patients) -> tuple[Ints, Ints, Floats]:
    """Whom each patient may be, where age or sex is unknown: rows, bands, and log P(this band, history, state), (m, C).

    One entry for a patient of known age, seven for one of unknown age. A known person's history and band are given, so
    they say no more than the prior does; an unknown person's history tells of them.
    """
    unknown = np.isnan(patients.age)
    rows = np.repeat(np.arange(len(patients)), np.where(unknown, len(BANDS), 1))
    first = np.concatenate([[0], np.cumsum(np.where(unknown, len(BANDS), 1))[:-1]])
    bands = np.where(unknown[rows], np.arange(len(rows)) - first[rows], band_of(patients.age)[rows])
    factors, sexes = patients.factors[rows], patients.sex[rows]
    anybody = unknown[rows] | (sexes == UNKNOWN_SEX)
    total = np.full((len(rows), len(world.share)), -np.inf)
    for sex, share in enumerate(SEX_SHARES):
        some = np.flatnonzero((sexes == sex) | (sexes == UNKNOWN_SEX))
        if not len(some):
            continue
        this = np.full(len(some), sex)
        with np.errstate(divide="ignore"):
            each = np.log(prior(world, bands[some], this, factors[some]))
        if anybody[some].any():
            who = np.log(np.array(BAND_SHARES)[bands[some]] * share)
            who += _log_history(world=world, knowledge=knowledge, bands=bands[some], sexes=this, factors=factors[some])
            each += np.where(anybody[some], who, 0)[:, None]
        total[some] = np.logaddexp(total[some], each)
    return rows, bands, total


def _log_history(world: World, knowledge: Knowledge, bands: Ints, sexes: Ints, factors: Bools) -> Floats:
    """Log P(history | band, sex) as the generator writes histories, (n,)."""
    at = knowledge.factor_index
    edges = np.array([*BANDS, OLDEST])
    chance = np.stack(
        [_share_of(edges, 0, DECADES[0]), _share_of(edges, *DECADES), _share_of(edges, DECADES[1], OLDEST)]
    )
    present = np.einsum("fd,db->bf", world.prevalence, chance)
    fertile = _share_of(edges, *FERTILE)[bands] * (sexes == 0)
    given = present[bands].copy()
    given[:, at["pregnant"]] = PREGNANT / ASKED
    only = [at[one] for one in ("pregnant", *ONLY_FERTILE)]
    given[:, only] *= fertile[:, None]
    with np.errstate(divide="ignore"):
        asked = np.where(factors, np.log(given), np.log(1 - given)).sum(axis=1) + np.log(ASKED)
        silent = np.where(factors.any(axis=1), -np.inf, np.log(1 - ASKED))
    return np.asarray(np.logaddexp(asked, silent))


def _share_of(edges: Floats, low: float, high: float) -> Floats:
    """Which share of each band lies in [low, high)."""
    inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return np.asarray(np.clip(inside / (edges[1:] - edges[:-1]), 0, 1))


def plain_log_likelihood(world: World, patients: Patients, bands: Ints) -> Floats:
    """Log likelihood of all that is neither symptom nor temperature, (n, C): unknown quantities say nothing."""
    total = patients.unrecognised[:, None] * np.log(world.unmapped) - world.unmapped
    known = ~np.isnan(patients.duration)
    total = total + np.where(known[:, None], _of_days(world, patients.duration), 0)
    grade = np.log(world.severity + 1e-4)[:, np.maximum(patients.severity, 0)].T
    total = total + np.where(patients.severity[:, None] < 0, 0, grade)
    return np.asarray(total + world.vital.log_likelihood(patients.vitals, bands))


def _of_days(world: World, duration: Floats) -> Floats:
    """The condition's own length, or a number that means something else, (n, C)."""
    days = np.log(np.clip(np.nan_to_num(duration, nan=1.0), *DAYS))[:, None]
    other = world.settings.any_duration
    own = log_normal(days, world.duration[:, 0], world.duration[:, 1]) + np.log(1 - other)
    mean, spread = (np.array(value) for value in ANY_DURATION)
    return np.asarray(np.logaddexp(own, log_normal(days, mean, spread) + np.log(other)))


def naive_posterior(world: World, patients: Patients) -> Floats:
    """Naive Bayes on the same figures: told symptoms count as independent draws, P(symptom | class), (n, named + 1)."""
    bands = band_of(patients.age)
    classes = class_average(world, world.probability)
    chance = np.log(to_classes(prior(world, bands, patients.sex, patients.factors), world) + 1e-12)
    for band in range(len(BANDS)):
        rows = np.flatnonzero(bands == band)
        there, gone = np.log(classes[band]), np.log(1 - classes[band])
        chance[rows] += patients.present[rows] @ there.T + patients.absent[rows] @ gone.T
    plain = np.exp(np.clip(plain_log_likelihood(world, patients, bands), -600, 600))
    chance += np.log(plain @ _within_classes(world) + 1e-300)
    mass = np.exp(chance - chance.max(axis=1, keepdims=True))
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def prior_posterior(world: World, patients: Patients) -> Floats:
    """The posterior given age, sex and history alone, (n, named + 1)."""
    return to_classes(prior(world, band_of(patients.age), patients.sex, patients.factors), world)


def _within_classes(world: World) -> Floats:
    """P(state | class), shape (C, named + 1)."""
    mass = world.share[:, None] * np.eye(world.named + 1)[world.class_of]
    return np.asarray(mass / mass.sum(axis=0))


def class_average(world: World, probability: Floats) -> Floats:
    """P(symptom | class) from P(symptom | state): (B, C, S) -> (B, named + 1, S)."""
    return np.asarray(np.einsum("bcs,ck->bks", probability, _within_classes(world)))
