"""The model card that training writes beside the weights."""

from typing import Final

from config.ml import MlSettings
from ml.artifact import Meta

ROWS: Final = (
    ("model", "model"),
    ("priors only", "priors_only"),
    ("naive Bayes", "naive_bayes"),
    ("model, subset", "model_subset"),
    ("exact Bayes (ceiling), subset", "exact_bayes_subset"),
    ("model, drawn worlds", "model_drawn_worlds"),
)
COLUMNS: Final = ("top1", "top3", "macro_f1", "log_loss", "brier", "ece", "auroc_none", "count")


def figures_table(metrics: dict[str, dict[str, float]]) -> str:
    """The held-out figures as a Markdown table."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for title, name in ROWS:
        row = metrics[name]
        lines.append(f"| {title} | " + " | ".join(f"{row[column]:g}" for column in COLUMNS) + " |")
    return "\n".join(lines)


def model_card(meta: Meta, metrics: dict[str, dict[str, float]], settings: MlSettings) -> str:
    """Markdown: what the model is, what it is for, how well it does, where it must not be trusted."""
    chosen = settings.training
    return f"""# Model card: symptom model {meta.version}

Trained {meta.trained_at} with seed {meta.seed}. Data {meta.data_hash[:16]}, weights {meta.weights_hash[:16]}.

## What it is

{chosen.members} perceptrons ({chosen.hidden[0]} and {chosen.hidden[1]} hidden units), averaged, temperature
{meta.temperature}. They map told symptoms, age, sex, history, duration, severity and vital signs to
{len(meta.conditions)} conditions and "none of these". Each learned from
{chosen.worlds * chosen.patients_per_world:,} synthetic patients of {chosen.worlds} worlds drawn from how uncertain the
published frequencies are. No patient data was used.

## What it is for

Decision support: ranked possibilities for a person who consults remotely, to be read by or with a clinician. Not a
diagnosis, not triage by itself: red flags and the early-warning score are deterministic rules that stand above it.

## Figures on held-out synthetic patients

{figures_table(metrics)}

Subset rows share the same {metrics["exact_bayes_subset"]["count"]:g} patients. Exact Bayes sums over every hidden
quantity of the generator, so no model can do better on these patients except by luck. "Drawn worlds" are patients of
worlds that no member has seen.

These figures say how well the model learned the generator, not how well it does on people. The generator rests on
published frequencies, many of them judgements (grade C); real cases are harder and differ in mix.

## Limits

- Adults who consult remotely were imagined; children under 5, pregnancy, age over 80, a weakened immune system and
  several chronic diseases widen the uncertainty, and answers say so.
- Conditions outside the list are one class, made of rough judgements. A rare condition is recognised as "none of
  these" at best.
- Hypertension is found by measurement; without a blood pressure it stays near its prior.
- Symptoms are read from English phrases by rules; what is not recognised is returned, not guessed.
- The knowledge files await review by a licensed clinician.
"""
