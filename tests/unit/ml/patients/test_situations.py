"""Figures by situation, sets that cover, the grid on which the network is held to exact Bayes, and their card."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from config.ml import GeneratorSettings
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.model.card_page import ModelCardError, page, page_in
from ml.model.features import Features, patients_of
from ml.model.network import REACH, Ensemble, EnsembleMember
from ml.model.trained import TrainedModel
from ml.patients.generator import Structure, generate
from ml.patients.grid import deviations, frequent_pairs, sparse_grid
from ml.patients.situations import (
    ReliabilityBin,
    Situation,
    conformal_sets,
    conformal_thresholds,
    judged,
    situations,
    told_in_their_own_right,
)
from ml.patients.world import build_world

SETTINGS = GeneratorSettings()
RNG_SEED = 11


def a_table(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that come true, their outcomes, and a kind of complaint that makes them vaguer or surer."""
    kinds = rng.integers(0, 3, count)
    logits = rng.normal(size=(count, 6)) * (0.5 + kinds[:, None])
    table = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (table.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return table, labels, kinds


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_conformal_sets_cover_as_promised_for_each_kind(coverage: float) -> None:
    """Also where the probabilities are wrong: there the sets grow, and the coverage stays."""
    rng = np.random.default_rng(RNG_SEED)
    for wrong in (1.0, 2.5):
        table, labels, kinds = a_table(30_000, rng)
        table = table**wrong / (table**wrong).sum(axis=1, keepdims=True)
        half = 15_000
        thresholds = conformal_thresholds(table[:half], labels[:half], kinds[:half], coverage)
        inside = conformal_sets(table[half:], kinds[half:], thresholds)[np.arange(half), labels[half:]]
        for kind in range(3):
            assert inside[kinds[half:] == kind].mean() == pytest.approx(coverage, abs=0.02)


def test_a_kind_that_nobody_was_seen_of_gets_every_class() -> None:
    table, labels, _ = a_table(100, np.random.default_rng(RNG_SEED))
    thresholds = conformal_thresholds(table, labels, np.zeros(100, dtype=int), 0.9)
    assert thresholds[1:] == [1.0, 1.0]
    assert conformal_sets(table[:1], np.array([2]), thresholds).all()


def test_a_miscalibrated_group_shows_though_the_whole_looks_well() -> None:
    rng = np.random.default_rng(RNG_SEED)
    table, labels, _ = a_table(20_000, rng)
    few = np.arange(20_000) < 1500
    labels = np.where(few, 5, labels)  # for these, the answer is always the last
    groups = {"everybody": np.ones(20_000, dtype=bool), "few": few, "rest": ~few}
    found = judged(table, labels, np.ones(table.shape, dtype=bool), groups, rng)
    assert found["few"].ece > 5 * found["rest"].ece
    low, high = found["few"].ece_range
    assert low < found["few"].ece < high
    assert sum(bar.count for bar in found["few"].bars) == 1500


def test_every_patient_is_in_the_groups_of_age_and_of_complaints_once(knowledge: Knowledge) -> None:
    world, structure = build_world(knowledge, SETTINGS), Structure(knowledge)
    patients = generate(world, structure, SETTINGS, 2000, np.random.default_rng(RNG_SEED))
    groups = situations(patients, structure)
    aged = np.sum([inside for name, inside in groups.items() if name.startswith("aged")], axis=0)
    assert (aged + groups["age not known"] == 1).all()
    number = [groups[name] for name in ("no complaint", "one complaint", "two complaints", "three or more complaints")]
    assert (np.sum(number, axis=0) == 1).all()
    told = told_in_their_own_right(patients.present, structure)
    assert (told <= patients.present.sum(axis=1)).all()
    assert (told < patients.present.sum(axis=1)).any()


def test_no_input_moves_the_network_further_from_bayes_than_it_reaches(knowledge: Knowledge) -> None:
    """Whatever it has learned: here weights of nobody's making, ten times as large as any that training finds."""
    features = Features(knowledge, SETTINGS)
    torch.manual_seed(3)
    member = EnsembleMember(features.width, (24, 12), features.classes).eval()
    for weight in member.parameters():
        torch.nn.init.normal_(weight, std=3.0)
    ensemble = Ensemble.of([member])
    odd = [
        PatientEvidence(age=age, sex="female", present=frozenset({one}), vitals={"systolic": 230.0}, duration_days=4000)
        for age in (0.1, 40.0, 119.0)
        for one in ("seizure", "rash", "cough")
    ]
    rows, _ = features.of_evidence(odd)
    exact = features.posterior.classes(patients_of(knowledge, odd))
    network = ensemble.probabilities(torch.from_numpy(rows)).numpy()
    apart = np.abs(np.log(network / (1 - network)) - np.log(exact / (1 - exact)))[exact > 0.001]
    assert apart.max() <= 2 * REACH + 0.01
    assert apart.max() > REACH, "the setup moves it at all"


def test_the_grid_finds_the_cell_in_which_the_network_is_off(knowledge: Knowledge) -> None:
    grid = sparse_grid(knowledge, [("cough", "fever")])
    conditions = [row.id for row in knowledge.conditions]
    assert len(grid.evidence) == (len(knowledge.symptoms) + 1) * 7 * 2 * 9 * 4
    strange = grid.told.index("rash; male, 67; low oxygen; weeks")

    def exact(many: list[PatientEvidence]) -> np.ndarray:
        return np.full((len(many), len(conditions) + 1), 1 / (len(conditions) + 1))

    def network(many: list[PatientEvidence]) -> np.ndarray:
        table = exact(many)
        for row, one in enumerate(many):
            if one is grid.evidence[strange]:
                table[row, :2] = 0.0, 2 / (len(conditions) + 1)
        return table

    found = deviations(grid, conditions, exact, network)
    assert found.worst_cells[0].told == "rash; male, 67; low oxygen; weeks"
    assert found.worst_cells[0].condition == conditions[0]
    assert found.worst == found.worst_cells[0].deviation > 1


def test_frequent_pairs_are_pairs_of_two_things(knowledge: Knowledge) -> None:
    world, structure = build_world(knowledge, SETTINGS), Structure(knowledge)
    patients = generate(world, structure, SETTINGS, 3000, np.random.default_rng(RNG_SEED))
    pairs = frequent_pairs(patients, structure, 30)
    assert len(set(pairs)) == 30
    implied = {(child, one) for child, chain in knowledge.ancestors.items() for one in chain}
    assert not {pair for pair in pairs if pair in implied or pair[::-1] in implied}


def test_the_shipped_model_is_held_to_bayes_and_calibrated_in_every_situation(artifact_folder: Path) -> None:
    metrics = json.loads((artifact_folder / "metrics.json").read_text())
    assert metrics["grid"]["worst"] <= 0.5
    assert metrics["grid"]["cells"] > 100_000
    assert len(metrics["grid"]["worst_cells"]) == 50
    for name, one in metrics["situations"].items():
        if one["count"] >= 500:
            assert one["ece"] <= 0.06, name
            assert one["covered"] == pytest.approx(0.9, abs=0.04), name


def test_the_shipped_model_answers_the_grid_as_its_card_says(
    model: TrainedModel, artifact_folder: Path, knowledge: Knowledge
) -> None:
    worst = json.loads((artifact_folder / "metrics.json").read_text())["grid"]["worst_cells"][0]
    grid = sparse_grid(knowledge, [])
    if worst["told"] in grid.told:
        evidence = grid.evidence[grid.told.index(worst["told"])]
        at = [*(row.id for row in knowledge.conditions), "none_of_these"].index(worst["condition"])
        assert model.predict([evidence])[0][0, at] == pytest.approx(worst["network"], abs=0.005)


def test_a_page_escapes_what_a_card_says() -> None:
    one = Situation(
        count=3,
        top1=0.5,
        top3=1.0,
        confidence=0.5,
        ece=0.1,
        ece_range=(0.0, 0.2),
        covered=1.0,
        set_size=2.0,
        bars=[ReliabilityBin(0.5, 0.5, 3)],
    )
    text = page("# Card <script>\n\n| a | b |\n|---|---|\n| 1 | <b> |\n\n- one\n- two\n  lines\n", {'"><x>': one})
    assert "<script>" not in text
    assert "<x>" not in text
    assert "<li>two" in text
    assert "<td>&lt;b&gt;</td>" in text
    assert "ECE 0.000 to 0.200" in text


def test_a_model_without_a_card_says_so(tmp_path: Path) -> None:
    (tmp_path / "MODEL_CARD.md").write_text("# x")
    with pytest.raises(ModelCardError):
        page_in(tmp_path)
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(ModelCardError):
        page_in(tmp_path)
