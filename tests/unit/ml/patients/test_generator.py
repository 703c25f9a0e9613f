"""The imagined patients, and the answers that need no training."""

from dataclasses import replace

import numpy as np
import pytest

from config.ml import GeneratorSettings
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.knowledge.vital_signs import VitalSigns
from ml.model.features import patients_of
from ml.model.metrics import auroc, calibration_error, figures
from ml.patients.bayes import UNKNOWN_SEX, naive_posterior, prior_posterior, to_classes
from ml.patients.generator import Patients, Structure, generate
from ml.patients.posterior import Posterior
from ml.patients.world import BAND_SHARES, SEX_SHARES, Floats, World, build_world
from tests.unit.ml.patients.enumeration import Enumeration

SETTINGS = GeneratorSettings()


@pytest.fixture(scope="module")
def world(knowledge: Knowledge) -> World:
    return build_world(knowledge, SETTINGS)


@pytest.fixture(scope="module")
def structure(knowledge: Knowledge) -> Structure:
    return Structure(knowledge)


@pytest.fixture(scope="module")
def patients(world: World, structure: Structure) -> Patients:
    return generate(world, structure, SETTINGS, 4000, np.random.default_rng(5))


def test_the_same_seed_imagines_the_same_patients(world: World, structure: Structure) -> None:
    one, other = (generate(world, structure, SETTINGS, 300, np.random.default_rng(5)) for _ in range(2))
    for name in one.__dataclass_fields__:
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


def test_people_tell_little_and_always_something(patients: Patients) -> None:
    told = patients.present.sum(axis=1)
    assert told.min() >= 1
    assert np.median(told) <= 3
    assert (told >= 6).mean() < 0.15


def test_what_is_told_is_closed_and_never_contradicts_itself(patients: Patients, structure: Structure) -> None:
    assert not (patients.present & patients.absent).any()
    for child, ancestor in structure.implications:
        assert not (patients.present[:, child] & ~patients.present[:, ancestor]).any()


def test_about_a_fifth_have_something_else(patients: Patients, world: World) -> None:
    assert 0.15 < (patients.label(world) == world.named).mean() < 0.30


def test_men_are_never_pregnant(patients: Patients, knowledge: Knowledge) -> None:
    pregnant = patients.factors[:, knowledge.factor_index["pregnant"]]
    assert pregnant.any()
    assert (patients.sex[pregnant] == 0).all()


def test_flattened_patients_weigh_as_much_as_they_should(knowledge: Knowledge, structure: Structure) -> None:
    steep = build_world(knowledge, SETTINGS.model_copy(update={"share_power": 1.0}))
    flat = generate(steep, structure, SETTINGS, 6000, np.random.default_rng(6), flatten=0.5)
    plain = generate(steep, structure, SETTINGS, 6000, np.random.default_rng(7))
    rare = [at for at in range(steep.named) if steep.share[at] < 0.01]
    assert np.isin(flat.state, rare).mean() > 1.3 * np.isin(plain.state, rare).mean()
    assert flat.weight.mean() == pytest.approx(1, abs=0.1)
    weighted = (flat.weight * np.isin(flat.state, rare)).mean()
    assert weighted == pytest.approx(np.isin(plain.state, rare).mean(), abs=0.01)


def test_a_lower_power_flattens_the_mix_and_keeps_its_order(knowledge: Knowledge, world: World) -> None:
    steep = build_world(knowledge, SETTINGS.model_copy(update={"share_power": 1.0}))
    flat, sharp = (to_classes(one.share[None], one)[0, : one.named] for one in (world, steep))
    assert flat.sum() == pytest.approx(sharp.sum())
    assert (np.argsort(flat.round(9), kind="stable") == np.argsort(sharp.round(9), kind="stable")).all()
    assert flat.min() > sharp.min()


def test_a_drawn_world_differs_most_where_the_figures_are_judgements(knowledge: Knowledge, world: World) -> None:
    drawn = [build_world(knowledge, SETTINGS, np.random.default_rng(seed)) for seed in range(30)]
    spread: dict[str, list[float]] = {"A": [], "B": [], "C": []}
    for row in knowledge.frequencies:
        if 30 <= row.percent <= 70:
            at = 3, knowledge.condition_index[row.condition], knowledge.symptom_index[row.symptom]
            spread[row.grade].append(float(np.std([one.probability[at] for one in drawn])))
    assert np.mean(spread["A"]) < np.mean(spread["B"]) < np.mean(spread["C"])


@pytest.fixture(scope="module")
def posterior(world: World, structure: Structure) -> Posterior:
    return Posterior(world, structure, SETTINGS)


def test_exact_bayes_is_calibrated_and_beats_every_baseline(
    posterior: Posterior, patients: Patients, world: World
) -> None:
    """The ceiling is only one if its probabilities come true: that would break with any slip in the likelihood."""
    labels = patients.label(world)
    exact = figures(posterior.classes(patients), labels)
    naive, priors = figures(naive_posterior(world, patients), labels), figures(prior_posterior(world, patients), labels)
    assert exact.log_loss < min(naive.log_loss, priors.log_loss)
    assert exact.ece < 0.03
    assert exact.top1 < 0.9, "near-perfect figures would mean that the patients are too easy"


def test_the_tables_agree_with_an_enumeration_of_every_hidden_quantity(
    world: World, structure: Structure, patients: Patients
) -> None:
    few = _some_states(world, [*range(0, world.named, 3), world.named + 1, world.named + 5, 60, 61])
    told = patients[np.flatnonzero(patients.present.sum(axis=1) >= 4)[:3]]
    hot = patients[np.flatnonzero(patients.vitals[:, 0] >= 38)[:2]]
    some = Patients.joined([told, hot, patients[slice(0, 2)]])
    expected = Enumeration(few, structure, SETTINGS).classes(some)
    assert Posterior(few, structure, SETTINGS).classes(some) == pytest.approx(expected, abs=1e-5)


def _some_states(world: World, kept: list[int]) -> World:
    """A smaller world, so that writing everything out takes seconds."""
    vital = world.vital
    confusion = world.confusion[np.ix_(kept, kept)]
    return replace(
        world,
        states=tuple(world.states[at] for at in kept),
        class_of=world.class_of[kept],
        probability=world.probability[:, kept],
        age_weight=world.age_weight[:, kept] + 0.01,
        sex_weight=world.sex_weight[:, kept],
        risk=world.risk[:, kept],
        vital=VitalSigns(vital.changed[:, kept], vital.shown[kept], vital.reference),
        confusion=confusion / confusion.sum(axis=1, keepdims=True),
        **{
            name: getattr(world, name)[kept]
            for name in ("listed", "weight", "share", "duration", "severity", "unmapped")
        },
    )


def test_who_is_unknown_is_everybody_in_proportion(
    world: World, structure: Structure, posterior: Posterior, patients: Patients
) -> None:
    """Bayes by hand: the answer without age and sex is the mean over whom it may be, weighed by how likely they are."""
    one = patients[np.flatnonzero(~patients.factors.any(axis=1) & np.isnan(patients.vitals).all(axis=1))[:1]]
    unknown = replace(one, age=np.array([np.nan]), sex=np.array([UNKNOWN_SEX]))
    answers, chances = [], []
    for band, age in enumerate((2.0, 11.0, 24.0, 37.0, 52.0, 67.0, 81.0)):
        for sex, share in enumerate(SEX_SHARES):
            known = replace(one, age=np.array([age]), sex=np.array([sex]))
            answers.append(posterior.classes(known)[0])
            chances.append(BAND_SHARES[band] * share * _evidence(posterior, known))
    mean = np.average(answers, axis=0, weights=chances)
    assert posterior.classes(unknown)[0] == pytest.approx(mean, abs=0.02)


def _evidence(posterior: Posterior, known: Patients) -> float:
    """P(what is told | this person), up to a constant."""
    return float(np.exp(posterior.log_evidence(known)[0]))


def test_pregnancy_tells_of_who_is_unknown(posterior: Posterior, patients: Patients, knowledge: Knowledge) -> None:
    one = patients[slice(0, 1)]
    pregnant = np.zeros_like(one.factors)
    pregnant[0, knowledge.factor_index["pregnant"]] = True
    unknown = replace(one, age=np.array([np.nan]), sex=np.array([UNKNOWN_SEX]), factors=pregnant)
    at = [row.id for row in knowledge.others].index("male_genital")
    states = posterior.states(unknown)[0]
    assert states[len(states) - len(knowledge.others) + at] < 1e-5


def test_a_normal_blood_pressure_says_next_to_nothing(posterior: Posterior, knowledge: Knowledge) -> None:
    """And of a headache's cause a high one says nothing but how likely hypertension is."""

    def odds(pressures: tuple[float, float] | None) -> Floats:
        vitals = {} if pressures is None else {"systolic": pressures[0], "diastolic": pressures[1]}
        evidence = PatientEvidence(age=28, sex="female", present=frozenset({"headache"}), vitals=vitals)
        return np.asarray(np.log(posterior.classes(patients_of(knowledge, [evidence]))[0]))

    migraine, cold = knowledge.condition_index["migraine"], knowledge.condition_index["common_cold"]
    bare = odds(None)
    for pressures in ((118, 74), (104, 62), (148, 92)):
        with_reading = odds(pressures)
        assert with_reading[migraine] == pytest.approx(bare[migraine], abs=0.15)
        assert with_reading[migraine] - with_reading[cold] == pytest.approx(bare[migraine] - bare[cold], abs=0.03)
    high = knowledge.condition_index["hypertension"]
    assert odds((148, 92))[high] > bare[high] + 1


@pytest.mark.parametrize("days", [0.5, 2, 14, 90, 700])
def test_a_headache_may_be_a_migraine_however_long_it_has_come_back(
    posterior: Posterior, knowledge: Knowledge, days: float
) -> None:
    evidence = PatientEvidence(age=28, sex="female", present=frozenset({"headache"}), duration_days=days)
    answer = posterior.classes(patients_of(knowledge, [evidence]))[0]
    assert int(answer[:-1].argmax()) == knowledge.condition_index["migraine"]


@pytest.mark.parametrize("condition", ["stroke", "pneumonia"])
def test_who_comes_again_weeks_later_still_has_had_it(
    posterior: Posterior, knowledge: Knowledge, condition: str
) -> None:
    told = frozenset({f"self_{condition}", "checkup"})
    evidence = PatientEvidence(age=66, sex="male", present=told, duration_days=30)
    states = posterior.states(patients_of(knowledge, [evidence]))
    at = knowledge.condition_index[condition]
    assert int(to_classes(states, posterior.world)[0].argmax()) == at
    assert posterior.later(states)[0, at] > 0.9
    fresh = PatientEvidence(age=66, sex="male", present=frozenset({f"self_{condition}"}), duration_days=0.5)
    assert posterior.later(posterior.states(patients_of(knowledge, [fresh])))[0, at] < 0.75


def test_metrics_match_what_can_be_worked_out_by_hand() -> None:
    table = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.1, 0.5, 0.4]])
    found = figures(table, np.array([0, 1, 2, 2]))
    assert found.top1 == 0.5
    assert found.top3 == 1.0
    assert found.log_loss == pytest.approx(-np.log([0.8, 0.3, 0.6, 0.4]).mean(), abs=1e-4)
    assert calibration_error(np.array([0.75, 0.75]), np.array([True, False])) == pytest.approx(0.25)
    assert auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.75)
    assert auroc(np.array([0.5, 0.5]), np.array([True, False])) == 0.5
