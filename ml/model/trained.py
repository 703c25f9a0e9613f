"""The trained model behind the predictor's protocol. Needs torch; import it only in the process that serves it."""

from collections.abc import Sequence
from pathlib import Path

import torch

from config.ml import GeneratorSettings
from ml.answers.opinions import ModelInfo
from ml.evidence import PatientEvidence
from ml.knowledge.loading import Knowledge
from ml.model import artifact
from ml.model.features import Features
from ml.model.metrics import disagreement
from ml.patients.world import Floats


class TrainedModel:
    """An artifact, ready to answer. Immutable: a swap replaces the whole object."""

    def __init__(self, loaded: artifact.Artifact, knowledge: Knowledge) -> None:
        self._ensemble = loaded.ensemble
        self._features = Features(knowledge, GeneratorSettings.model_validate(loaded.meta.generator))
        meta = loaded.meta
        self.meta = meta
        self.info = ModelInfo(
            version=meta.version,
            trained_at=meta.trained_at,
            calibration_error=meta.calibration_error,
            disagreement_limit=meta.disagreement_limit,
            conformal=tuple(meta.conformal),
        )

    @staticmethod
    def load(folder: Path, knowledge: Knowledge) -> "TrainedModel":
        """Read and check the artifact in `folder`.

        Raises:
            ArtifactError: it cannot be used.
        """
        return TrainedModel(artifact.load(folder, knowledge), knowledge)

    def predict(self, many: Sequence[PatientEvidence]) -> tuple[Floats, Floats, Floats]:
        """See `ml.answers.opinions.Model`."""
        rows, later = self._features.of_evidence(list(many))
        members = self._ensemble.member_probabilities(torch.from_numpy(rows)).numpy().astype(float)
        return members.mean(axis=0), disagreement(members), later
