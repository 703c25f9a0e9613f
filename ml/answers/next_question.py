"""The next question: the symptom whose answer is expected to tell most, or "enough"."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isnan
from typing import Final

import numpy as np

from config.ml import GeneratorSettings
from ml.answers.opinions import Model
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.patients.bayes import class_average
from ml.patients.world import BAND_SHARES, Floats, band_of, build_world

CANDIDATES: Final = 24  # asked of the network; chosen by a cheap bound first
ENOUGH_GAIN: Final = 0.02  # nats
ENOUGH_SURE: Final = 0.92


@dataclass(frozen=True, slots=True)
class ChosenQuestion:
    """The question to ask next, and the information that its answer should bring (nats). `symptom` is None when enough
    is known."""

    symptom: str | None
    gain: float
    reason: str


class NextQuestion:
    """Chooses questions. P(yes) comes from the knowledge, mixed by what the model believes now."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        world = build_world(knowledge, GeneratorSettings())
        self._frequency = class_average(world, world.probability)
        self._askable = np.array([row.kind == "canonical" for row in knowledge.symptoms])

    def choose(self, model: Model, evidence: PatientEvidence, asked: Collection[str] = ()) -> ChosenQuestion:
        """The question with the highest expected information gain: H(now) - E[H(after the answer)], nats."""
        now = model.predict([evidence])[0][0]
        if evidence.present and float(now.max()) >= ENOUGH_SURE:
            return ChosenQuestion(None, 0.0, "enough: one possibility stands out")
        frequency = self._of_age(evidence.age)
        chosen = self._candidates(now, frequency, evidence, asked)
        if not len(chosen):
            return ChosenQuestion(None, 0.0, "enough: nothing is left to ask")
        ids = [self._knowledge.symptoms[at].id for at in chosen]
        after = [evidence.with_symptom(one, yes, self._knowledge) for one in ids for yes in (True, False)]
        tables = model.predict(after)[0].reshape(len(ids), 2, -1)
        yes = frequency[:, chosen].T @ now
        expected = yes * _entropy(tables[:, 0]) + (1 - yes) * _entropy(tables[:, 1])
        gain = _entropy(now) - expected
        best = int(np.argmax(gain))
        if gain[best] < ENOUGH_GAIN:
            return ChosenQuestion(
                None, round(float(gain[best]), 4), "enough: no question would change the picture much"
            )
        return ChosenQuestion(ids[best], round(float(gain[best]), 4), "tells the present possibilities apart best")

    def _of_age(self, age: float) -> Floats:
        """P(symptom | class), (classes, S); over the population where the age is not known."""
        if isnan(age):
            return np.asarray(np.tensordot(BAND_SHARES, self._frequency, axes=1))
        return np.asarray(self._frequency[int(band_of(np.array([age]))[0])])

    def _candidates(
        self, now: Floats, frequency: Floats, evidence: PatientEvidence, asked: Collection[str]
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The askable symptoms with the highest gain if the frequencies were the whole truth."""
        known = evidence.present | evidence.absent | set(asked)
        free = self._askable & np.array([row.id not in known for row in self._knowledge.symptoms])
        yes = now @ frequency
        given_yes = now[:, None] * frequency / np.maximum(yes, 1e-9)
        given_no = now[:, None] * (1 - frequency) / np.maximum(1 - yes, 1e-9)
        bound = _entropy(now) - yes * _entropy(given_yes.T) - (1 - yes) * _entropy(given_no.T)
        order = np.argsort(-np.where(free, bound, -np.inf), kind="stable")[:CANDIDATES]
        return np.asarray(order[free[order]])


def _entropy(chance: Floats) -> Floats:
    return np.asarray(-(chance * np.log(np.maximum(chance, 1e-12))).sum(axis=-1))
