"""One temperature for the ensemble, and the sets that cover, set on patients that no member has seen. Needs torch."""

from typing import Final

import torch
from torch import Tensor

from ml.model.network import Ensemble

SEARCH: Final = (0.3, 4.0)
STEPS: Final = 20
GOLDEN: Final = (5**0.5 - 1) / 2


def mean_log_loss(logits: Tensor, labels: Tensor, temperature: float) -> float:
    """Mean of -log P(label), nats. Shapes: logits (members, n, classes), labels (n,)."""
    chance = torch.softmax(logits / temperature, dim=-1).mean(dim=0).gather(1, labels[:, None])
    return float(-chance.clamp_min(1e-12).log().mean())


def fit_temperature(ensemble: Ensemble, rows: Tensor, labels: Tensor) -> float:
    """The temperature that minimises the log loss of the members' mean (golden-section search).

    Shapes: rows (n, width), labels (n,). Source: Guo et al. 2017, arXiv:1706.04599, section 4.2, applied to the mean.
    """
    logits = ensemble.logits(rows)
    low, high = SEARCH
    for _ in range(STEPS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if mean_log_loss(logits, labels, left) <= mean_log_loss(logits, labels, right):
            high = right
        else:
            low = left
    return round((low + high) / 2, 3)
