"""`carewire train`: make a model from the files in `ml/data` and put it into the artifacts folder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.clock import Clock
    from config.ml import MlSettings

HELP = "Train the symptom model (running predictors put it in service by themselves), or that of messages."


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--seed", type=int, help="seed of everything random; the same one gives the same weights")
    parser.add_argument("--messages", action="store_true", help="train the model of messages instead (one minute)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder of models (ml/artifacts)")


def run(options: argparse.Namespace) -> int:
    """Train with the settings in force."""
    from common.clock import SystemClock
    from config.loading import load_settings

    make = train_messages if options.messages else train
    make(load_settings({}).ml, SystemClock(), seed=options.seed, out=options.out)
    return 0


def train_messages(settings: "MlSettings", clock: "Clock", *, seed: int | None = None, out: Path | None = None) -> Path:
    """Train the model that reads messages, print its card, and return its folder (`messages` in that of models)."""
    from common.clock import to_rfc3339
    from ml.messages.classifier import CARD, FOLDER
    from ml.messages.training import train as run_training

    folder = run_training(
        (out or settings.artifacts) / FOLDER,
        trained_at=to_rfc3339(clock.now_ms()),
        seed=settings.training.seed if seed is None else seed,
        progress=_say,
    )
    _say((folder / CARD).read_text(encoding="utf-8"))
    return folder


def train(settings: "MlSettings", clock: "Clock", *, seed: int | None = None, out: Path | None = None) -> Path:
    """Train with these settings, print progress, and return the folder of the new model.

    The same settings, seed and data give the same weights (`weights_hash` in its model.json).
    """
    from common.clock import to_rfc3339
    from config.ml import TrainingSettings
    from ml.model.training import train as run_training

    if seed is not None:
        training = TrainingSettings.model_validate(settings.training.model_dump() | {"seed": seed})
        settings = settings.model_copy(update={"training": training})
    folder = run_training(settings, trained_at=to_rfc3339(clock.now_ms()), folder=out, progress=_say)
    _say((folder / "MODEL_CARD.md").read_text(encoding="utf-8"))
    _say(f"Model in {folder}")
    return folder


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
