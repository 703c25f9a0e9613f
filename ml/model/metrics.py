"""Figures by which a classifier's probabilities are judged. Shapes: probabilities (n, classes), labels (n,)."""

from typing import Any

import msgspec
import numpy as np

from ml.patients.generator import Ints
from ml.patients.world import Bools, Floats


class ModelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Higher is better for the first three and auroc_none; lower for log_loss, brier and ece."""

    top1: float
    top3: float
    macro_f1: float
    log_loss: float
    brier: float
    ece: float
    auroc_none: float
    confidence: float
    count: int


def figures(probabilities: Floats, labels: Ints) -> ModelFigures:
    """All figures of one table of probabilities. The last class is "none of these"."""
    order = np.argsort(-probabilities, axis=1)
    rows = np.arange(len(labels))
    none = probabilities.shape[1] - 1
    right = order[:, 0] == labels
    return ModelFigures(
        top1=_round(right.mean()),
        top3=_round((order[:, :3] == labels[:, None]).any(axis=1).mean()),
        macro_f1=_round(macro_f1(order[:, 0], labels, probabilities.shape[1])),
        log_loss=_round(-np.log(np.maximum(probabilities[rows, labels], 1e-12)).mean()),
        brier=_round(((probabilities - np.eye(none + 1)[labels]) ** 2).sum(axis=1).mean()),
        ece=_round(calibration_error(probabilities.max(axis=1), right)),
        auroc_none=_round(auroc(probabilities[:, none], labels == none)),
        confidence=_round(probabilities.max(axis=1).mean()),
        count=len(labels),
    )


def calibration_error(confidence: Floats, right: Bools, bins: int = 15) -> float:
    """Expected calibration error of the first answer, equal-width bins (Guo et al. 2017, arXiv:1706.04599)."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for one in range(bins):
        inside = which == one
        if inside.any():
            error += float(inside.mean()) * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return error


def macro_f1(predicted: Ints, labels: Ints, classes: int) -> float:
    """Unweighted mean of F1 over the classes that occur."""
    scores = []
    for one in range(classes):
        if not (labels == one).any():
            continue
        hit = float(((predicted == one) & (labels == one)).sum())
        scores.append(2 * hit / float((predicted == one).sum() + (labels == one).sum()))
    return float(np.mean(scores))


def auroc(score: Floats, positive: Bools) -> float:
    """P(a positive scores higher than a negative); ties count half. 0.5 if there are none of either."""
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def disagreement(members: Floats) -> Floats:
    """The disagreement of the members: mutual information, nats. Shape (members, n, classes) -> (n,)."""
    mean = members.mean(axis=0)
    return np.asarray(_entropy(mean) - _entropy(members).mean(axis=0))


def _entropy(chance: Floats) -> Floats:
    return np.asarray(-(chance * np.log(np.maximum(chance, 1e-12))).sum(axis=-1))


def _round(value: "float | np.floating[Any]") -> float:
    return round(float(value), 4)
