"""The compact model of messages: one matrix a task over hashed words. Needs numpy, not torch.

On disk: `weights.npz` (half precision), `model.json`, `CARD.md` in `<artifacts>/messages`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ml.messages.corpus import Task
from ml.messages.features import SPACE, features

FOLDER: Final = "messages"
WEIGHTS: Final = "weights.npz"
META: Final = "model.json"
CARD: Final = "CARD.md"
Floats = NDArray[np.float64]
Halves = NDArray[np.float16]


class MessageModelError(Exception):
    """No model of messages can be loaded; `str(exc)` says why."""


class MessageMeta(msgspec.Struct, frozen=True, kw_only=True):
    """`model.json`. `raise_at` is the probability of harm from which the model raises what the rules let pass."""

    version: str
    trained_at: str
    data_hash: str
    weights_hash: str
    seed: int
    labels: dict[str, list[str]]
    temperature: dict[str, float]
    raise_at: float
    figures: dict[str, float]


class MessageModel:
    """Probabilities of the labels of a task."""

    def __init__(self, meta: MessageMeta, weights: Mapping[str, Halves]) -> None:
        self.meta = meta
        self._weights = {task: matrix.astype(np.float64) for task, matrix in weights.items()}

    @staticmethod
    def load(folder: Path) -> "MessageModel":
        """The model in `folder`.

        Raises:
            MessageModelError: a file is missing or damaged, or the weights are not those described.
        """
        try:
            meta = msgspec.json.decode((folder / META).read_bytes(), type=MessageMeta)
            with np.load(folder / WEIGHTS, allow_pickle=False) as file:
                weights = {task: file[task] for task in meta.labels}
        except Exception as exc:  # numpy raises whatever its parsers raise on a damaged file
            raise MessageModelError(f"The model of messages in {folder} cannot be read: {type(exc).__name__}.") from exc
        if digest(weights) != meta.weights_hash:
            raise MessageModelError(f"The weights in {folder} are not those that {META} describes.")
        return MessageModel(meta, weights)

    def probabilities(self, task: Task, message: str, rules: Iterable[str] = ()) -> dict[str, float]:
        """Of every label of the task; they sum to 1. `rules` are those that speak for something."""
        logits = scores(self._weights[task], features(message, rules)) / self.meta.temperature[task]
        chance = np.exp(logits - logits.max())
        return dict(zip(self.meta.labels[task], (chance / chance.sum()).tolist(), strict=True))


def scores(weights: Floats, places: list[int]) -> Floats:
    """One score a label: the weights of what is there over the root of how much it is, and the bias (last row)."""
    rows: Floats = weights[places].sum(axis=0) / max(1.0, len(places)) ** 0.5
    total: Floats = rows + weights[SPACE]
    return total


def digest(weights: Mapping[str, Halves]) -> str:
    """SHA-256 over all weights, by task."""
    whole = hashlib.sha256()
    for task in sorted(weights):
        whole.update(task.encode() + weights[task].astype("<f2").tobytes())
    return whole.hexdigest()
