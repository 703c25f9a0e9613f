"""Training: reproducible, better than its baselines, and refused when it does not fit."""

import json
from pathlib import Path

import pytest
import torch
from typing_extensions import override

from config.ml import MlSettings, TrainingSettings
from ml.knowledge.loading import Knowledge
from ml.model import artifact
from ml.model.artifact import ArtifactError, current_version, load
from ml.model.calibration import fit_temperature, mean_log_loss
from ml.model.network import Ensemble
from ml.model.trained import TrainedModel
from ml.model.training import train

TINY = MlSettings(
    training=TrainingSettings(
        members=2,
        worlds=1,
        patients_per_world=1500,
        epochs=1,
        hidden=(32, 16),
        calibration_patients=300,
        test_patients=300,
        grid_pairs=1,
        grid_cells=500,
    )
)
AT = "2026-11-20T09:30:00.000Z"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(TINY, trained_at=AT, folder=tmp_path_factory.mktemp("one"))


def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not(trained: Path, tmp_path: Path) -> None:
    again = train(TINY, trained_at="2026-11-21T00:00:00.000Z", folder=tmp_path / "again")
    assert again.name == trained.name
    hashes = [json.loads((folder / "model.json").read_text())["weights_hash"] for folder in (trained, again)]
    assert hashes[0] == hashes[1]
    training = TrainingSettings.model_validate(TINY.training.model_dump() | {"seed": 1})
    other = train(TINY.model_copy(update={"training": training}), trained_at=AT, folder=tmp_path / "other")
    assert other.name != trained.name


def test_an_artifact_holds_weights_figures_and_a_card(trained: Path) -> None:
    assert {one.name for one in trained.iterdir()} == {"weights.pt", "model.json", "metrics.json", "MODEL_CARD.md"}
    metrics = json.loads((trained / "metrics.json").read_text())["held_out"]
    assert set(metrics) >= {"model", "priors_only", "naive_bayes", "exact_bayes", "model_drawn_worlds"}
    assert current_version(trained.parent) == trained.name


def test_damaged_weights_are_refused(trained: Path, tmp_path: Path, knowledge: Knowledge) -> None:
    for name in ("weights.pt", "model.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    load(tmp_path, knowledge)  # setup is sound
    tensors = torch.load(tmp_path / "weights.pt", weights_only=True)
    tensors["b2"][0, 0, ...] += 1
    torch.save(tensors, tmp_path / "weights.pt")
    with pytest.raises(ArtifactError, match="not those"):
        load(tmp_path, knowledge)
    (tmp_path / "weights.pt").write_bytes(b"not a model")
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(tmp_path, knowledge)


def test_a_model_of_other_symptoms_is_refused(trained: Path, tmp_path: Path, knowledge: Knowledge) -> None:
    (tmp_path / "weights.pt").write_bytes((trained / "weights.pt").read_bytes())
    meta = json.loads((trained / "model.json").read_text())
    meta["symptoms"] = meta["symptoms"][::-1]
    (tmp_path / "model.json").write_text(json.dumps(meta))
    with pytest.raises(ArtifactError, match="other symptoms"):
        load(tmp_path, knowledge)


def test_no_model_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="carewire train"):
        current_version(tmp_path)


def test_the_temperature_lowers_the_loss_of_an_overconfident_ensemble() -> None:
    torch.manual_seed(1)
    labels = torch.randint(0, 4, (2000,))
    logits = (torch.nn.functional.one_hot(labels, 4) + torch.randn(2000, 4)) * 5
    ensemble = _Fixed(logits)
    temperature = fit_temperature(ensemble, torch.zeros(2000, 1), labels)
    assert temperature > 2
    assert mean_log_loss(logits[None], labels, temperature) < mean_log_loss(logits[None], labels, 1.0)


class _Fixed(Ensemble):
    """An ensemble of one member that always gives these logits."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__({}, 1.0)
        self._logits = logits

    @override
    def logits(self, rows: torch.Tensor) -> torch.Tensor:
        return self._logits[None]


def test_the_shipped_model_meets_its_promises(artifact_folder: Path) -> None:
    metrics = json.loads((artifact_folder / "metrics.json").read_text())["held_out"]
    assert metrics["model"]["ece"] <= 0.03
    assert metrics["model"]["log_loss"] < metrics["naive_bayes"]["log_loss"]
    assert metrics["model"]["top1"] >= 0.98 * metrics["exact_bayes"]["top1"]
    assert metrics["model"]["auroc_none"] >= 0.65
    assert metrics["model"]["top1"] < 0.9, "near-perfect figures would mean that the patients are too easy"


def test_the_shipped_model_is_small_and_made_from_the_data_that_ships(
    artifact_folder: Path, model: TrainedModel, knowledge: Knowledge
) -> None:
    assert sum(one.stat().st_size for one in artifact_folder.iterdir()) < 5_000_000
    assert model.meta.data_hash == knowledge.data_hash, "the data has changed: run `carewire train`"
    assert artifact_folder.name == model.meta.version
    assert artifact.WEIGHTS in {one.name for one in artifact_folder.iterdir()}
