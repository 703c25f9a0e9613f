"""`carewire train`: make a model from the knowledge files and put it into the artifacts folder."""

from pathlib import Path

from config.clock import Clock, to_rfc3339
from ml.settings import MlSettings, TrainingSettings


def train(settings: MlSettings, clock: Clock, *, seed: int | None = None, out: Path | None = None) -> Path:
    """Train with these settings, print progress, and return the folder of the new model.

    The same settings, seed and data give the same weights (`weights_hash` in its model.json).
    """
    from ml.training import train as run  # noqa: PLC0415  # torch is loaded by this command only

    if seed is not None:
        training = TrainingSettings.model_validate(settings.training.model_dump() | {"seed": seed})
        settings = settings.model_copy(update={"training": training})
    folder = run(settings, trained_at=to_rfc3339(clock.now_ms()), folder=out, progress=_say)
    _say((folder / "MODEL_CARD.md").read_text(encoding="utf-8"))
    _say(f"Model in {folder}")
    return folder


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # the command's output
