"""Answers that need no training: exact Bayes on the generator (the ceiling), naive Bayes and priors (the floors).

Exact: every hidden quantity of `ml.generator` is discrete, so the posterior is a sum over them, per patient:
conditions x second conditions x expression levels x talkativeness x denial, and two states per symptom cluster.
Conditioning on "told at least one symptom" is part of it. What is left out: the rounding at which a thermometer turns
into a told fever when it is the only symptom.
"""

from typing import Final

import numpy as np

from config.ml import GeneratorSettings
from ml.generator import (
    COMPANION_STRENGTH,
    EXPRESSION,
    Ints,
    Patients,
    Structure,
    companion_shares,
    expit,
    logit,
    told_scale,
)
from ml.schema import BANDS
from ml.world import FEBRILE, Bools, Floats, World, band_of, prior

DAYS: Final = (0.01, 5000.0)  # what a told duration is held to


class ExactBayes:
    """The posterior of the generator itself. Slow (milliseconds a patient), for reports and tests only."""

    def __init__(self, world: World, structure: Structure, settings: GeneratorSettings) -> None:
        self._world, self._structure, self._settings = world, structure, settings
        self._tables: dict[int, _Table] = {}

    def posterior(self, patients: Patients) -> Floats:
        """P(class | all that is known), shape (n, named + 1); the last class is "something else"."""
        world = self._world
        bands = band_of(patients.age)
        shown = self._plain(patients, bands)
        for row in range(len(patients)):
            shown[row] += self._symptoms(patients, row, int(bands[row]))
        likely = np.exp(shown - shown.max(axis=1, keepdims=True))
        rate = self._settings.atypical
        mass = prior(world, bands, patients.sex, patients.factors)
        mass = mass * ((1 - rate) * likely + rate * likely @ world.confusion.T) + 1e-300
        return to_classes(mass / mass.sum(axis=1, keepdims=True), world.named)

    def _plain(self, patients: Patients, bands: Ints) -> Floats:
        """Log likelihood of duration, severity, vitals but temperature, and phrases not understood, (n, C)."""
        return plain_log_likelihood(self._world, patients, bands, temperature=False)

    def _table(self, band: int) -> "_Table":
        return _Table(self._world, self._structure, self._settings, band)

    def _symptoms(self, patients: Patients, row: int, band: int) -> Floats:
        table = self._tables.setdefault(band, self._tables.get(band) or self._table(band))
        present, absent = patients.present[row], patients.absent[row]
        touched = np.flatnonzero(present | absent)
        temperature = float(patients.vitals[row, 0])
        return table.log_likelihood(present, absent, touched, temperature)


class _Table:
    """Likelihoods at one age band, arrays over (C, K + 1, Z, T, D): K companions and none, Z expression levels."""

    def __init__(self, world: World, structure: Structure, settings: GeneratorSettings, band: int) -> None:
        self.structure, self.settings = structure, settings
        self.base = world.probability[band]
        self.listed = world.listed
        second = [np.zeros(self.base.shape[1])]
        strength = [np.zeros(self.base.shape[1])]
        for other in world.companion:
            second.append(np.where(world.listed[other], self.base[other] * COMPANION_STRENGTH, 0))
            strength.append(np.where(world.listed[other], world.weight[other] * COMPANION_STRENGTH, 0))
        self.second = np.stack(second)
        self.weight = np.maximum(world.weight[:, None, :], np.stack(strength)[None])
        self.scale = np.array(settings.mentions)[None] / told_scale(world)[band][:, None]
        shares = companion_shares(world)[band] * settings.second_condition
        none = np.full((len(shares), 1), 1 - settings.second_condition)
        denial = np.array([1 - settings.denial_share, settings.denial_share])
        self.log_weight = np.log(
            np.concatenate([none, shares], axis=1)[:, :, None, None, None]
            * np.array([share for _, share in EXPRESSION])[None, None, :, None, None]
            * np.array(settings.mention_shares)[None, None, None, :, None]
            * denial
            + 1e-300
        )
        self.cluster_of = {int(one): at for at, members in enumerate(structure.clusters) for one in members}
        nothing = np.zeros(self.base.shape[1], dtype=bool)
        self.silent = self._blocks(nothing, nothing, float("nan"), silent=True)
        self.quiet = self._blocks(nothing, nothing, float("nan"), silent=False)
        at_least_one = 1 - np.exp(_logsum(self.log_weight + sum(self.silent.values(), np.zeros(1))))
        self.log_tells = np.log(at_least_one)

    def log_likelihood(self, present: Bools, absent: Bools, touched: Ints, temperature: float) -> Floats:
        """Log P(what is told | condition, something is told), shape (C,)."""
        names = {self._block(int(one)) for one in touched}
        for one in touched:  # a told child changes how its ancestors read, and the reverse
            for child, ancestor in self.structure.implications:
                if one in (child, ancestor):
                    names |= {self._block(child), self._block(ancestor)}
        if not np.isnan(temperature):
            names.add(self._block(self.structure.fever))
        changed = self._blocks(present, absent, temperature, silent=False, only=names)
        total = self.log_weight + sum((changed.get(name, value) for name, value in self.quiet.items()), np.zeros(1))
        return np.asarray(_logsum(total) - self.log_tells)

    def _block(self, symptom: int) -> str:
        if symptom in self.structure.exclusive:
            return "cough"
        return f"cluster {self.cluster_of[symptom]}" if symptom in self.cluster_of else f"symptom {symptom}"

    def _blocks(
        self,
        present: Bools,
        absent: Bools,
        temperature: float,
        *,
        silent: bool,
        only: set[str] | None = None,
    ) -> dict[str, Floats]:
        members: dict[str, list[int]] = {}
        for one in range(self.base.shape[1]):
            members.setdefault(self._block(one), []).append(one)
        blocks: dict[str, Floats] = {}
        rest = np.zeros(1)
        for name, ones in members.items():
            if only is not None and name not in only:
                continue
            value = self._log_block(name, ones, present, absent, temperature, silent)
            blocks[name] = value
        return blocks if only is not None or silent else {**blocks, "rest": rest}

    def _log_block(
        self,
        name: str,
        ones: list[int],
        present: Bools,
        absent: Bools,
        temperature: float,
        silent: bool,
    ) -> Floats:
        if name == "cough":
            return self._log_cough(ones, present, absent, silent)
        if not name.startswith("cluster"):
            return np.log(self._told(ones[0], 0.0, present, absent, temperature, silent))
        halves = []
        for sign in (-1.0, 1.0):
            shift = sign * self.settings.cluster_sd
            halves.append(
                sum((np.log(self._told(one, shift, present, absent, temperature, silent)) for one in ones), np.zeros(1))
            )
        return np.asarray(np.logaddexp(halves[0], halves[1]) - np.log(2))

    def _truth(self, one: int, shift: float) -> Floats:
        levels = np.array([level for level, _ in EXPRESSION]) * self.settings.expression_sd + shift
        base = self.base[:, one]
        own = np.where(self.listed[:, one, None], expit(logit(base)[:, None] + levels), base[:, None])
        return np.asarray(1 - (1 - own[:, None, :]) * (1 - self.second[:, one][None, :, None]))

    def _given(
        self,
        one: int,
        present: Bools,
        absent: Bools,
        silent: bool,
    ) -> tuple[Floats, Floats]:
        """P(what is told of this symptom | it is there), and | it is not there."""
        mention = np.minimum(0.9, self.scale[:, None, :] * self.weight[:, :, one, None])[:, :, None, :, None]
        mistaken = self.settings.mistaken
        deny = np.array([0.0, self.settings.denial_rate * min(float(self.structure.salience[one]), 2.5)])
        there, gone = np.ones_like(mention) + 0 * deny, np.ones_like(mention) + 0 * deny
        if silent:
            return there * (1 - mention), gone * (1 - mistaken)
        if present[one]:
            forced = any(a == one and present[c] for c, a in self.structure.implications)
            return (there, gone) if forced else (there * mention, gone * mistaken)
        if absent[one]:
            if any(c == one and absent[a] for c, a in self.structure.implications):
                return there * (1 - mention), gone * (1 - mistaken)
            return there * 0, gone * (1 - mistaken) * deny
        return there * (1 - mention), gone * (1 - mistaken) * (1 - deny)

    def _told(
        self,
        one: int,
        shift: float,
        present: Bools,
        absent: Bools,
        temperature: float,
        silent: bool,
    ) -> Floats:
        there, gone = self._given(one, present, absent, silent)
        truth = self._truth(one, shift)[:, :, :, None, None]
        if one == self.structure.fever and not np.isnan(temperature):
            if temperature >= 38.0:
                there, gone = np.ones_like(there), np.ones_like(gone)
            there, gone = there * _normal(temperature, *FEBRILE), gone * _normal(temperature, 36.8, 0.35)
        if one == self.structure.high_fever and temperature >= 39.0:
            return np.ones_like(truth * there)
        return np.asarray(truth * there + (1 - truth) * gone + 1e-300)

    def _log_cough(self, ones: list[int], present: Bools, absent: Bools, silent: bool) -> Floats:
        dry, wet = self.structure.exclusive
        p_dry, p_wet = (self._truth(one, 0.0)[:, :, :, None, None] for one in (dry, wet))
        scale = 1 / np.maximum(p_dry + p_wet, 1)
        p_dry, p_wet = p_dry * scale, p_wet * scale
        (dry1, dry0), (wet1, wet0) = (self._given(one, present, absent, silent) for one in (dry, wet))
        neither = np.maximum(1 - p_dry - p_wet, 0)
        return np.log(p_dry * dry1 * wet0 + p_wet * dry0 * wet1 + neither * dry0 * wet0 + 1e-300)


class SimpleBayes:
    """Bayes without the hidden quantities: every told symptom is one independent draw from what the state's patients
    tell, so that telling little is not read as having little. Fast: one matrix product. An input of the network.
    """

    def __init__(self, world: World, settings: GeneratorSettings) -> None:
        self._world, self._settings = world, settings
        scale = told_scale(world)[:, :, None]
        self._told = np.log(world.probability * world.weight / scale + settings.mistaken)
        self._denied = np.log(1 - world.probability)

    def log_posterior(self, patients: Patients) -> Floats:
        """Log P(class | evidence), at least -12, shape (n, named + 1)."""
        world, rate = self._world, self._settings.atypical
        bands = band_of(patients.age)
        shown = plain_log_likelihood(world, patients, bands, temperature=False)
        for band in np.unique(bands):
            rows = np.flatnonzero(bands == band)
            shown[rows] += patients.present[rows] @ self._told[band].T + patients.absent[rows] @ self._denied[band].T
        likely = np.exp(shown - shown.max(axis=1, keepdims=True))
        mass = prior(world, bands, patients.sex, patients.factors)
        mass = mass * ((1 - rate) * likely + rate * likely @ world.confusion.T) + 1e-300
        classes = to_classes(mass / mass.sum(axis=1, keepdims=True), world.named)
        return np.asarray(np.log(np.maximum(classes, np.exp(-12.0))))


def naive_posterior(world: World, patients: Patients) -> Floats:
    """Naive Bayes on the same figures: told symptoms count as independent draws, P(symptom | class), (n, named + 1)."""
    bands = band_of(patients.age)
    classes = _class_average(world, world.probability)
    chance = np.log(to_classes(prior(world, bands, patients.sex, patients.factors), world.named) + 1e-12)
    for band in range(len(BANDS)):
        rows = np.flatnonzero(bands == band)
        there, gone = np.log(classes[band]), np.log(1 - classes[band])
        chance[rows] += patients.present[rows] @ there.T + patients.absent[rows] @ gone.T
    plain = plain_log_likelihood(world, patients, bands, temperature=True)
    share = world.share[world.named :] / world.share[world.named :].sum()
    other = np.log(np.exp(np.clip(plain[:, world.named :], -600, 600)) @ share + 1e-300)
    chance += np.concatenate([plain[:, : world.named], other[:, None]], axis=1)
    mass = np.exp(chance - chance.max(axis=1, keepdims=True))
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))


def prior_posterior(world: World, patients: Patients) -> Floats:
    """What age, sex and history alone say, (n, named + 1)."""
    return to_classes(prior(world, band_of(patients.age), patients.sex, patients.factors), world.named)


def to_classes(states: Floats, named: int) -> Floats:
    """Sum the states of "something else" into one last class: (n, C) -> (n, named + 1)."""
    return np.concatenate([states[:, :named], states[:, named:].sum(axis=1, keepdims=True)], axis=1)


def plain_log_likelihood(world: World, patients: Patients, bands: Ints, *, temperature: bool) -> Floats:
    """Log likelihood of all that is not a symptom, (n, C): each quantity by itself, unknown ones left out."""
    total = patients.unrecognised[:, None] * np.log(world.unmapped) - world.unmapped
    days = np.log(np.clip(np.where(np.isnan(patients.duration), 1, patients.duration), *DAYS))[:, None]
    of_days = _log_normal(days, world.duration[:, 0], world.duration[:, 1])
    total = total + np.where(np.isnan(patients.duration)[:, None], 0, of_days)
    grade = np.log(world.severity + 1e-4)[:, np.maximum(patients.severity, 0)].T
    total = total + np.where(patients.severity[:, None] < 0, 0, grade)
    for which in range(0 if temperature else 1, patients.vitals.shape[1]):
        value = patients.vitals[:, which, None]
        of_value = _log_normal(value, world.vital[bands, :, which, 0], world.vital[bands, :, which, 1])
        total = total + np.where(np.isnan(value), 0, of_value)
    return np.asarray(total)


def _class_average(world: World, probability: Floats) -> Floats:
    named, share = world.named, world.share
    other = np.einsum("bcs,c->bs", probability[:, named:], share[named:] / share[named:].sum())
    return np.concatenate([probability[:, :named], other[:, None]], axis=1)


def _log_normal(value: Floats, mean: Floats, sd: Floats) -> Floats:
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def _normal(value: float, mean: float, sd: float) -> float:
    return float(np.exp(-0.5 * ((value - mean) / sd) ** 2) / sd)


def _logsum(values: Floats) -> Floats:
    """Log of the sum over all axes but the first."""
    flat = values.reshape(len(values), -1)
    top = flat.max(axis=1, keepdims=True)
    return np.asarray((top + np.log(np.exp(flat - top).sum(axis=1, keepdims=True)))[:, 0])
