"""The network: an ensemble of small perceptrons that share one input and are evaluated together. Needs torch.

It corrects the exact answer of the published figures, for how uncertain they are, and can move no log odds by more than
2 x `REACH` before the temperature, whatever it is shown: off its beaten path it falls back to Bayes.
"""

import hashlib
from typing import Final

import torch
from torch import Tensor, nn
from typing_extensions import override

DROPOUT: Final = 0.05
QUIET: Final = 0.2  # of the usual size of first-layer weights at the start
REACH: Final = 0.2  # nats by which a logit can be corrected


class EnsembleMember(nn.Module):
    """One perceptron: evidence to class logits, as a bounded correction of the exact answer in the last columns."""

    def __init__(self, width: int, hidden: tuple[int, int], classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden[0]),
            nn.GELU(),
            nn.Dropout(DROPOUT),
            nn.Linear(hidden[0], hidden[1]),
            nn.GELU(),
            nn.Linear(hidden[1], classes),
        )
        first, last = self.layers[0], self.layers[5]
        assert isinstance(first, nn.Linear)
        assert isinstance(last, nn.Linear)
        with torch.no_grad():  # it begins as exact Bayes, and what is rarely told adds no noise of its own
            first.weight.mul_(QUIET)
            last.weight.zero_()
            last.bias.zero_()

    @override
    def forward(self, rows: Tensor) -> Tensor:
        """Shape: (n, width) float32 -> logits (n, classes)."""
        correction: Tensor = self.layers(rows)
        return _corrected(rows, correction)


def _corrected(rows: Tensor, correction: Tensor) -> Tensor:
    """The exact log probabilities in the last columns of `rows`, moved by at most `REACH` each."""
    return rows[:, -correction.shape[-1] :] + REACH * torch.tanh(correction)


class Ensemble:
    """Trained members, stacked so that one batched product evaluates them all.

    `tensors` holds w0, b0, w1, b1, w2 and b2 with a leading axis of members. `temperature` divides the logits.
    """

    def __init__(self, tensors: dict[str, Tensor], temperature: float) -> None:
        self.tensors = {name: value.float() for name, value in tensors.items()}
        self.temperature = temperature

    @staticmethod
    def of(members: list[EnsembleMember], temperature: float = 1.0) -> "Ensemble":
        """Stack trained members. Weights are rounded to half precision, as they are stored."""
        tensors: dict[str, Tensor] = {}
        for number, layer in enumerate((0, 3, 5)):
            linears = [one for member in members if isinstance(one := member.layers[layer], nn.Linear)]
            tensors[f"w{number}"] = torch.stack([linear.weight.detach().T for linear in linears]).half()
            tensors[f"b{number}"] = torch.stack([linear.bias.detach() for linear in linears]).half()
        return Ensemble(tensors, temperature)

    @property
    def members(self) -> int:
        """The number of networks."""
        return int(self.tensors["w0"].shape[0])

    @property
    def width(self) -> int:
        """Length of an input row."""
        return int(self.tensors["w0"].shape[1])

    def member_probabilities(self, rows: Tensor) -> Tensor:
        """Calibrated probabilities of each member, shape (members, n, classes)."""
        return torch.softmax(self.logits(rows) / self.temperature, dim=-1)

    def probabilities(self, rows: Tensor) -> Tensor:
        """Mean of the members, shape (n, classes); rows sum to 1."""
        return self.member_probabilities(rows).mean(dim=0)

    @torch.inference_mode()
    def logits(self, rows: Tensor) -> Tensor:
        """Logits of each member before the temperature, shape (members, n, classes)."""
        t = self.tensors
        hidden = rows.unsqueeze(0).expand(self.members, -1, -1)
        hidden = nn.functional.gelu(torch.baddbmm(t["b0"].unsqueeze(1), hidden, t["w0"]))
        hidden = nn.functional.gelu(torch.baddbmm(t["b1"].unsqueeze(1), hidden, t["w1"]))
        return _corrected(rows, torch.baddbmm(t["b2"].unsqueeze(1), hidden, t["w2"]))

    def digest(self) -> str:
        """SHA-256 of the stored weights: equal for equal training."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            digest.update(name.encode() + self.tensors[name].half().contiguous().numpy().tobytes())
        return digest.hexdigest()
