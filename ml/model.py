"""The trained model behind the predictor's protocol. Needs torch; import it only in the process that serves it."""

from collections.abc import Sequence
from pathlib import Path

import torch

from config.ml import GeneratorSettings
from ml import artifact
from ml.evidence import Evidence
from ml.features import Features
from ml.knowledge import Knowledge
from ml.metrics import disagreement
from ml.predictor import ModelInfo
from ml.world import Floats


class TrainedModel:
    """An artifact, ready to answer. Immutable: a swap replaces the whole object."""

    def __init__(self, loaded: artifact.Artifact, knowledge: Knowledge) -> None:
        self._ensemble = loaded.ensemble
        self._features = Features(knowledge, GeneratorSettings.model_validate(loaded.meta.generator))
        meta = loaded.meta
        self.meta = meta
        self.info = ModelInfo(
            meta.version, meta.trained_at, meta.calibration_error, meta.disagreement_limit, tuple(meta.conformal)
        )

    @staticmethod
    def load(folder: Path, knowledge: Knowledge) -> "TrainedModel":
        """Read and check the artifact in `folder`.

        Raises:
            ArtifactError: it cannot be used.
        """
        return TrainedModel(artifact.load(folder, knowledge), knowledge)

    def predict(self, many: Sequence[Evidence]) -> tuple[Floats, Floats, Floats]:
        """See `ml.predictor.Model`."""
        rows, later = self._features.of_evidence(list(many))
        members = self._ensemble.member_probabilities(torch.from_numpy(rows)).numpy().astype(float)
        return members.mean(axis=0), disagreement(members), later
