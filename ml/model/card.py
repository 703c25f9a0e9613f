"""The model card that training writes beside the weights."""

from collections.abc import Mapping
from typing import Final

from config.ml import MlSettings
from ml.model.artifact import Meta
from ml.model.network import REACH
from ml.patients.grid import Deviations
from ml.patients.situations import SMALL, Situation

ROWS: Final = (
    ("model", "model"),
    ("priors only", "priors_only"),
    ("naive Bayes", "naive_bayes"),
    ("exact Bayes (ceiling)", "exact_bayes"),
    ("model, drawn worlds", "model_drawn_worlds"),
    ("exact Bayes, drawn worlds", "exact_bayes_drawn_worlds"),
)
COLUMNS: Final = ("top1", "top3", "macro_f1", "log_loss", "brier", "ece", "auroc_none", "count")


def figures_table(metrics: dict[str, dict[str, float]]) -> str:
    """The held-out figures as a Markdown table."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for title, name in ROWS:
        row = metrics[name]
        lines.append(f"| {title} | " + " | ".join(f"{row[column]:g}" for column in COLUMNS) + " |")
    return "\n".join(lines)


def calibration(situation: Situation) -> str:
    """The calibration error, or its range where the group is small."""
    low, high = situation.ece_range
    return f"{situation.ece:.3f}" if situation.count >= SMALL else f"{low:.3f} to {high:.3f}"


def situations_table(groups: Mapping[str, Situation]) -> str:
    """The figures of each situation as a Markdown table."""
    head = ("situation", "patients", "top1", "top3", "confidence", "ECE", "sets hold the truth", "conditions in a set")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, one in groups.items():
        lines.append(
            f"| {name} | {one.count} | {one.top1:.3f} | {one.top3:.3f} | {one.confidence:.3f} | {calibration(one)} "
            f"| {one.covered:.3f} | {one.set_size:.1f} |"
        )
    return "\n".join(lines)


def deviations_table(grid: Deviations) -> str:
    """The cells in which the network strays furthest from exact Bayes, as a Markdown table."""
    lines = ["| told | condition | exact Bayes | network | apart, nats |", "|---" * 5 + "|"]
    lines += [
        f"| {cell.told} | {cell.condition} | {cell.exact:.3f} | {cell.network:.3f} | {cell.deviation:.3f} |"
        for cell in grid.worst_cells
    ]
    return "\n".join(lines)


def model_card(
    meta: Meta,
    metrics: dict[str, dict[str, float]],
    groups: Mapping[str, Situation],
    grid: Deviations,
    settings: MlSettings,
) -> str:
    """Markdown: what the model is, what it is for, how well it does, where it must not be trusted."""
    chosen = settings.training
    return f"""# Model card: symptom model {meta.version}

Trained {meta.trained_at} with seed {meta.seed}. Data {meta.data_hash[:16]}, weights {meta.weights_hash[:16]}.

## What it is

Exact Bayes on the published frequencies, from told symptoms, age, sex, history, duration, severity and vital signs to
{len(meta.conditions)} conditions and "none of these"; age and sex may be unknown and are then those of the population.
{chosen.members} perceptrons ({chosen.hidden[0]} and {chosen.hidden[1]} hidden units), averaged, temperature
{meta.temperature}, correct its logits by at most {REACH} each. Each learned from
{chosen.worlds * chosen.patients_per_world:,} synthetic patients of {chosen.worlds} worlds drawn from how uncertain the
frequencies are. No patient data was used.

## What it is for

Decision support: ranked possibilities for a person who consults remotely, to be read by or with a clinician. Not a
diagnosis, not triage by itself: red flags and the early-warning score are deterministic rules that stand above it.

## Figures on held-out synthetic patients

{figures_table(metrics)}

Exact Bayes sums over every hidden quantity of the generator, so no model can do better on the same patients except by
luck. "Drawn worlds" are patients of worlds that no member has seen, where the figures themselves are off.

These figures say how well the model learned the generator, not how well it does on people. The generator rests on
published frequencies, many of them judgements (grade C); real cases are harder and differ in mix.

## By situation

Patients of drawn worlds. ECE is the expected calibration error of the first answer in ten bins; for fewer than
{SMALL:,} patients it is the 90 % range of the bootstrap instead. The conformal set is calibrated to hold the truth (a
condition, or "none of these") for 90 % of those with as many complaints.

{situations_table(groups)}

## Held to exact Bayes

{grid.cells:,} cells: every symptom alone and {chosen.grid_pairs} frequent pairs, seven ages, two sexes, vital signs
normal, abnormal or not taken, no duration, days, weeks and months. The network's log odds of whatever either holds for
likelier than 2 % differ from those of exact Bayes by {grid.mean:.3f} on average and by {grid.worst:.3f} at worst. The
worst {len(grid.worst_cells)}:

{deviations_table(grid)}

## Limits

- Adults who consult remotely were imagined; children under 5, pregnancy, age over 80, a weakened immune system and
  several chronic diseases widen the uncertainty, and answers say so.
- Conditions outside the list are one class, made of rough judgements. A rare condition is recognised as "none of
  these" at best.
- Hypertension is found by measurement; without a blood pressure it stays near its prior.
- A vital sign says something only where an effect of a condition on it is published; a normal one says next to nothing.
- Symptoms are read from English phrases by rules; what is not recognised is returned, not guessed.
- The knowledge files await review by a licensed clinician.
"""
