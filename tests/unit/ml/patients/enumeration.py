"""The generator's posterior by writing every hidden quantity out, one patient at a time: the check on `posterior.py`.

Slow and plain. It shares the world and the generator's constants with the program, and no line of its arithmetic.
"""

import itertools
from math import exp, isnan, log, sqrt

import numpy as np

from config.ml import GeneratorSettings
from ml.knowledge.vital_signs import AFEBRILE, DIASTOLIC, FEBRILE, SYSTOLIC, TOGETHER
from ml.patients.bayes import DAYS
from ml.patients.generator import EXPRESSION, Patients, Structure, told_scale
from ml.patients.world import ANY_DURATION, Floats, World, band_of, prior


class Enumeration:
    """Exact, for patients of known age and sex."""

    def __init__(self, world: World, structure: Structure, settings: GeneratorSettings) -> None:
        self.world, self.structure, self.settings = world, structure, settings
        self.scale = told_scale(world)
        self.deny = structure.denial(settings)

    def classes(self, patients: Patients) -> Floats:
        """P(class | evidence), (n, named + 1)."""
        return np.stack([self._one(patients[slice(row, row + 1)]) for row in range(len(patients))])

    def _one(self, who: Patients) -> Floats:
        world, rate = self.world, self.settings.atypical
        shown = np.array([self._state(who, state) for state in range(len(world.share))])
        likely = np.exp(shown - shown.max())
        mass = prior(world, band_of(who.age), who.sex, who.factors)[0]
        mass = mass * ((1 - rate) * likely + rate * world.confusion @ likely)
        classes = np.zeros(world.named + 1)
        np.add.at(classes, world.class_of, mass)
        return np.asarray(classes / classes.sum())

    def _state(self, who: Patients, state: int) -> float:
        """Log P(all that is known but age, sex, history | state, something is told)."""
        band = int(band_of(who.age)[0])
        told = silent = 0.0
        for (level, share), (mean, part) in itertools.product(
            EXPRESSION, zip(self.settings.mentions, self.settings.mention_shares, strict=True)
        ):
            pairs = [self._symptoms(who, state, band, level, mean, nothing) for nothing in (False, True)]
            told += share * part * exp(pairs[0])
            silent += share * part * exp(pairs[1])
        return log(told) - log(1 - silent) + self._plain(who, state, band)

    def _symptoms(self, who: Patients, state: int, band: int, level: float, mean: float, nothing: bool) -> float:
        clustered = [list(map(int, members)) for members in self.structure.clusters]
        dry, wet = self.structure.exclusive
        total = 0.0
        for one in range(self.world.probability.shape[2]):
            if not any(one in members for members in clustered) and one not in (dry, wet):
                p = self._truth(state, band, one, level, 0.0)
                there, gone = self._said(who, state, one, mean, nothing)
                total += log(p * there + (1 - p) * gone)
        for members in clustered:
            total += log(
                sum(0.5 * exp(self._cluster(who, state, band, level, mean, members, sign, nothing)) for sign in (-1, 1))
            )
        coughs = [self._truth(state, band, one, level, 0.0) for one in (dry, wet)]
        scale = 1 / max(1.0, sum(coughs))
        (dry1, dry0), (wet1, wet0) = (self._said(who, state, one, mean, nothing) for one in (dry, wet))
        neither = max(0.0, 1 - sum(coughs) * scale)
        cough = coughs[0] * scale * dry1 * wet0 + coughs[1] * scale * dry0 * wet1 + neither * dry0 * wet0
        return total + log(cough)

    def _cluster(
        self,
        who: Patients,
        state: int,
        band: int,
        level: float,
        mean: float,
        members: list[int],
        sign: int,
        nothing: bool,
    ) -> float:
        total = 0.0
        for one in members:
            p = self._truth(state, band, one, level, sign * self.settings.cluster_sd)
            there, gone = self._said(who, state, one, mean, nothing)
            total += log(p * there + (1 - p) * gone)
        return total

    def _truth(self, state: int, band: int, one: int, level: float, shift: float) -> float:
        p = float(self.world.probability[band, state, one])
        if not self.world.listed[state, one]:
            return p
        odds = p / (1 - p) * exp(self.settings.expression_sd * level + shift)
        return odds / (1 + odds)

    def _said(self, who: Patients, state: int, one: int, mean: float, nothing: bool) -> tuple[float, float]:
        """P(what is told of this symptom, and the temperature if it is the fever | there), | not there)."""
        mention = min(0.9, mean / self.scale[state] * self.world.weight[state, one])
        mistaken = self.settings.mistaken
        if nothing:
            return 1 - mention, 1 - mistaken
        there, gone = self._words(who, one, mention, mistaken)
        temperature = float(who.vitals[0, 0])
        if one == self.structure.high_fever and temperature >= 39:
            return 1.0, 1.0
        if one == self.structure.fever and not isnan(temperature):
            if temperature >= 38:
                there = gone = 1.0
            cool, rate = _normal(temperature, *AFEBRILE), self.settings.fever_measured
            return there * (rate * _normal(temperature, *FEBRILE) + (1 - rate) * cool), gone * cool
        return there, gone

    def _words(self, who: Patients, one: int, mention: float, mistaken: float) -> tuple[float, float]:
        present, absent = who.present[0], who.absent[0]
        if present[one]:
            implied = any(a == one and present[c] for c, a in self.structure.implications)
            return (1.0, 1.0) if implied else (mention, mistaken)
        if absent[one]:
            implied = any(c == one and absent[a] for c, a in self.structure.implications)
            return (1 - mention, 1 - mistaken) if implied else (0.0, (1 - mistaken) * float(self.deny[one]))
        return 1 - mention, (1 - mistaken) * (1 - float(self.deny[one]))

    def _plain(self, who: Patients, state: int, band: int) -> float:
        world = self.world
        total = float(who.unrecognised[0]) * log(world.unmapped[state]) - float(world.unmapped[state])
        if who.severity[0] >= 0:
            total += log(world.severity[state, who.severity[0]] + 1e-4)
        if not isnan(who.duration[0]):
            days = log(min(max(float(who.duration[0]), DAYS[0]), DAYS[1]))
            other = world.settings.any_duration
            total += log((1 - other) * _normal(days, *world.duration[state]) + other * _normal(days, *ANY_DURATION))
        shown = float(world.vital.shown[state])
        usual = self._vitals(who.vitals[0], world.vital.reference[band])
        changed = self._vitals(who.vitals[0], world.vital.changed[band, state])
        return total + log((1 - shown) * usual + shown * changed)

    @staticmethod
    def _vitals(values: Floats, table: Floats) -> float:
        product = 1.0
        for which in range(1, len(values)):
            if isnan(values[which]):
                continue
            mean, sd = table[which]
            if which == DIASTOLIC and not isnan(values[SYSTOLIC]):
                mean += TOGETHER * sd * (values[SYSTOLIC] - table[SYSTOLIC, 0]) / table[SYSTOLIC, 1]
                sd *= sqrt(1 - TOGETHER**2)
            product *= _normal(values[which], mean, sd)
        return product


def _normal(value: float, mean: float, sd: float) -> float:
    return exp(-0.5 * ((value - mean) / sd) ** 2) / sd
