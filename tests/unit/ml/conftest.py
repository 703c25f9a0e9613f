"""What the tests of the model share. Loading takes its time, so it happens once a session."""

from pathlib import Path

import pytest
import torch

from config.ml import MlSettings
from ml.answers.interpreter import Interpreter
from ml.answers.recommend import Recommender
from ml.knowledge.loading import Knowledge, load_knowledge
from ml.language.reader import TextReader
from ml.model.artifact import current_version
from ml.model.trained import TrainedModel


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="session")
def reader(knowledge: Knowledge) -> TextReader:
    return TextReader(knowledge)


@pytest.fixture(scope="session")
def recommender(knowledge: Knowledge) -> Recommender:
    return Recommender.load(knowledge)


@pytest.fixture(scope="session")
def interpreter(knowledge: Knowledge, recommender: Recommender) -> Interpreter:
    return Interpreter(knowledge, recommender)


@pytest.fixture(scope="session")
def artifact_folder() -> Path:
    """The model that ships."""
    artifacts = MlSettings().artifacts
    return artifacts / current_version(artifacts)


@pytest.fixture(scope="session")
def model(knowledge: Knowledge, artifact_folder: Path) -> TrainedModel:
    torch.set_num_threads(1)  # as in service; more of them only wait for each other here
    return TrainedModel.load(artifact_folder, knowledge)
