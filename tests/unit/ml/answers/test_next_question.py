"""The next question tells most, is never asked twice, and ends."""

import numpy as np

from ml.answers.next_question import NextQuestion
from ml.evidence import PatientEvidence, close
from ml.knowledge.loading import Knowledge
from ml.model.trained import TrainedModel


def test_a_question_is_chosen_that_the_patient_has_not_answered(model: TrainedModel, knowledge: Knowledge) -> None:
    evidence = close(PatientEvidence(age=30, sex="female", present=frozenset({"cough"})), knowledge)
    first = NextQuestion(knowledge).choose(model, evidence)
    assert first.symptom is not None
    assert first.symptom != "cough"
    assert first.gain > 0.02
    second = NextQuestion(knowledge).choose(model, evidence, asked=[first.symptom])
    assert second.symptom != first.symptom


def test_answers_lower_the_uncertainty_on_average(model: TrainedModel, knowledge: Knowledge) -> None:
    """The gain that is promised is the gain that is had: mean entropy after the answer, weighed by P(yes)."""
    evidence = close(PatientEvidence(age=30, sex="female", present=frozenset({"headache"})), knowledge)
    chosen = NextQuestion(knowledge).choose(model, evidence)
    assert chosen.symptom is not None
    now, yes, no = (
        _entropy(model, one)
        for one in (
            evidence,
            evidence.with_symptom(chosen.symptom, True, knowledge),
            evidence.with_symptom(chosen.symptom, False, knowledge),
        )
    )
    assert min(yes, no) < now


def test_it_says_enough_in_the_end(model: TrainedModel, knowledge: Knowledge) -> None:
    """Answer every question as a typical migraine would; it must come to an end before the symptoms do."""
    typical = {
        "headache",
        "throbbing_headache",
        "light_sensitivity",
        "sound_sensitivity",
        "nausea",
        "one_sided_headache",
    }
    evidence = close(PatientEvidence(age=30, sex="female", present=frozenset({"headache"})), knowledge)
    asked: list[str] = []
    for _ in range(60):
        question = NextQuestion(knowledge).choose(model, evidence, asked)
        if question.symptom is None:
            break
        asked.append(question.symptom)
        evidence = evidence.with_symptom(question.symptom, question.symptom in typical, knowledge)
    assert question.symptom is None
    assert "enough" in question.reason
    assert len(set(asked)) == len(asked)
    chance = model.predict([evidence])[0][0]
    assert int(np.argmax(chance)) == knowledge.condition_index["migraine"]


def _entropy(model: TrainedModel, evidence: PatientEvidence) -> float:
    chance = model.predict([evidence])[0][0]
    return float(-(chance * np.log(chance + 1e-12)).sum())
