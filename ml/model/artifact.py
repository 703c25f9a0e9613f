"""A trained model on disk: weights.pt, model.json, metrics.json, MODEL_CARD.md in one folder. Needs torch to load.

`weights.pt` holds tensors only and is read with `weights_only=True`, so a file from elsewhere cannot run code.
`CURRENT` beside the folders names the model that is served by default.
"""

import json
from pathlib import Path
from typing import Final

import msgspec
import torch

from ml.knowledge.loading import Knowledge
from ml.model.card_page import CARD, METRICS
from ml.model.network import Ensemble

WEIGHTS: Final = "weights.pt"
META: Final = "model.json"
CURRENT: Final = "CURRENT"
TENSORS: Final = frozenset({"w0", "b0", "w1", "b1", "w2", "b2"})


class ArtifactError(Exception):
    """The model cannot be used. `str(exc)` says why; nothing of it has been loaded."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata of a model, beside its weights."""

    version: str
    trained_at: str
    data_hash: str
    weights_hash: str
    temperature: float
    calibration_error: float
    disagreement_limit: float
    conformal: list[float]
    seed: int
    generator: dict[str, object]
    conditions: list[str]
    symptoms: list[str]
    factors: list[str]


class Artifact(msgspec.Struct, frozen=True):
    """A loaded model."""

    meta: Meta
    ensemble: Ensemble


def current_version(folder: Path) -> str:
    """The version named in `CURRENT`.

    Raises:
        ArtifactError: there is none.
    """
    try:
        return (folder / CURRENT).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ArtifactError(f"No trained model in {folder}: run `carewire train`.") from exc


def save(folder: Path, meta: Meta, ensemble: Ensemble, metrics: dict[str, object], card: str) -> Path:
    """Write the model to `folder/<version>` and name it in `CURRENT`, last."""
    target = folder / meta.version
    target.mkdir(parents=True, exist_ok=True)
    torch.save({name: value.half() for name, value in ensemble.tensors.items()}, target / WEIGHTS)
    (target / META).write_text(_pretty(msgspec.to_builtins(meta)), encoding="utf-8")
    (target / METRICS).write_text(_pretty(metrics), encoding="utf-8")
    (target / CARD).write_text(card, encoding="utf-8")
    (folder / CURRENT).write_text(meta.version + "\n", encoding="utf-8")
    return target


def load(folder: Path, knowledge: Knowledge) -> Artifact:
    """The model in `folder`, checked against the knowledge it is to be used with.

    Raises:
        ArtifactError: a file is missing or damaged, the weights are not those described, or the symptoms,
            conditions or history factors have changed since training.
    """
    try:
        meta = msgspec.json.decode((folder / META).read_bytes(), type=Meta)
        tensors = torch.load(folder / WEIGHTS, weights_only=True, map_location="cpu")
    except Exception as exc:  # torch raises whatever its parsers raise on a damaged file
        raise ArtifactError(f"The model in {folder} cannot be read: {type(exc).__name__}.") from exc
    if not isinstance(tensors, dict) or set(tensors) != TENSORS:
        raise ArtifactError(f"The model in {folder} does not have the expected tensors.")
    ensemble = Ensemble(tensors, meta.temperature)
    if ensemble.digest() != meta.weights_hash:
        raise ArtifactError(f"The weights in {folder} are not those that {META} describes.")
    if meta.symptoms != [row.id for row in knowledge.symptoms] or meta.factors != [row.id for row in knowledge.factors]:
        raise ArtifactError(f"The model in {folder} was trained on other symptoms or history: run `carewire train`.")
    if meta.conditions != [row.id for row in knowledge.conditions]:
        raise ArtifactError(f"The model in {folder} was trained on other conditions: run `carewire train`.")
    return Artifact(meta, ensemble)


def _pretty(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
