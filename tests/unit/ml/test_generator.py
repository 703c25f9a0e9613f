"""The imagined patients, and the answers that need no training."""

import numpy as np
import pytest

from config.ml import GeneratorSettings
from ml.bayes import ExactBayes, SimpleBayes, naive_posterior, prior_posterior
from ml.generator import Patients, Structure, generate
from ml.knowledge import Knowledge
from ml.metrics import auroc, calibration_error, figures
from ml.world import World, build_world

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


def test_about_a_third_have_something_else(patients: Patients, world: World) -> None:
    assert 0.25 < (patients.state >= world.named).mean() < 0.40


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
    named = slice(0, world.named)
    assert world.share[named].sum() == pytest.approx(steep.share[named].sum())
    assert (np.argsort(world.share[named], kind="stable") == np.argsort(steep.share[named], kind="stable")).all()
    assert world.share[named].min() > steep.share[named].min()


def test_a_drawn_world_differs_most_where_the_figures_are_judgements(knowledge: Knowledge, world: World) -> None:
    drawn = [build_world(knowledge, SETTINGS, np.random.default_rng(seed)) for seed in range(30)]
    spread: dict[str, list[float]] = {"A": [], "B": [], "C": []}
    for row in knowledge.frequencies:
        if 30 <= row.percent <= 70:
            at = 3, knowledge.condition_index[row.condition], knowledge.symptom_index[row.symptom]
            spread[row.grade].append(float(np.std([one.probability[at] for one in drawn])))
    assert np.mean(spread["A"]) < np.mean(spread["B"]) < np.mean(spread["C"])


def test_exact_bayes_is_calibrated_and_beats_every_baseline(world: World, structure: Structure) -> None:
    """The ceiling is only one if its probabilities come true: that would break with any slip in the likelihood."""
    few = generate(world, structure, SETTINGS, 160, np.random.default_rng(8))
    labels = few.label(world.named)
    exact = figures(ExactBayes(world, structure, SETTINGS).posterior(few), labels)
    simple = figures(np.exp(SimpleBayes(world, SETTINGS).log_posterior(few)), labels)
    naive, priors = figures(naive_posterior(world, few), labels), figures(prior_posterior(world, few), labels)
    assert exact.log_loss < min(simple.log_loss, naive.log_loss, priors.log_loss)
    assert abs(exact.confidence - exact.top1) < 0.09
    assert exact.top1 < 0.9, "near-perfect figures would mean that the patients are too easy"


def test_metrics_match_what_can_be_worked_out_by_hand() -> None:
    table = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6], [0.1, 0.5, 0.4]])
    found = figures(table, np.array([0, 1, 2, 2]))
    assert found.top1 == 0.5
    assert found.top3 == 1.0
    assert found.log_loss == pytest.approx(-np.log([0.8, 0.3, 0.6, 0.4]).mean(), abs=1e-4)
    assert calibration_error(np.array([0.75, 0.75]), np.array([True, False])) == pytest.approx(0.25)
    assert auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.75)
    assert auroc(np.array([0.5, 0.5]), np.array([True, False])) == 0.5
