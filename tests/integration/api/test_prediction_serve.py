"""The Predictor deployment on a real, small Ray cluster: batches, the cache, errors, and a swap under load."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import ray
from ray import serve

from common.errors import InvalidArgument, error_of
from config.ml import MlSettings
from ml.model.artifact import CURRENT, META, current_version
from serve_app.capabilities.prediction.client import PredictorClient
from serve_app.cluster.predictor import predictor
from tests.waiting import eventually

OLD, NEW = "old-model", "new-model"
ASKED: dict[str, Any] = {"symptoms": ["high fever", "dry cough"], "age": 34.0, "sex": "female"}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model that ships, twice, under two names; `CURRENT` names the first."""
    shipped = MlSettings().artifacts
    folder = tmp_path_factory.mktemp("artifacts")
    for version in (OLD, NEW):
        shutil.copytree(shipped / current_version(shipped), folder / version)
        meta = json.loads((folder / version / META).read_text())
        (folder / version / META).write_text(json.dumps(meta | {"version": version}))
    (folder / CURRENT).write_text(OLD)
    return folder


@pytest.fixture(scope="module")
def client(artifacts: Path) -> Iterator[PredictorClient]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield run(artifacts, "ml")
    with contextlib.suppress(Exception):
        serve.shutdown()  # type: ignore[no-untyped-call]  # Ray leaves it unannotated
    ray.shutdown()


def run(artifacts: Path, name: str) -> PredictorClient:
    settings = MlSettings(artifacts=artifacts, replicas_max=1, watch_s=0.1, deadline_s=30)
    return PredictorClient(serve.run(predictor(settings), name=name, route_prefix=None), settings)


async def version_of(client: PredictorClient) -> str:
    return str((await client.ask("model_info", {}))["version"])


async def test_many_callers_are_answered_and_the_model_is_swapped_without_a_failed_request(
    client: PredictorClient, artifacts: Path
) -> None:
    assert await version_of(client) == OLD
    seen = {OLD: 0, NEW: 0}
    stop = asyncio.Event()

    async def caller(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            reply = await client.ask("predict", ASKED | {"age": float(18 + (number * 7 + turn) % 60)})
            assert "error" not in reply
            assert reply["predictions"]
            model: Any = reply["model"]
            seen[model["version"]] += 1

    async def answered(version: str) -> bool:
        return seen[version] > 100

    async with asyncio.TaskGroup() as callers:
        for number in range(20):
            callers.create_task(caller(number))
        await eventually(lambda: answered(OLD), "the old model answers under load", timeout_s=30)
        (artifacts / CURRENT).write_text(NEW)
        await eventually(lambda: answered(NEW), "the new model answers under load", timeout_s=30)
        stop.set()


async def test_errors_cross_the_process_as_what_they_are(client: PredictorClient) -> None:
    reply = await client.ask("predict", ASKED | {"age": 200.0})
    error: Any = reply["error"]
    raised = error_of(error["code"], error["message"], details=error["details"])
    assert isinstance(raised, InvalidArgument)
    assert raised.details == {"field": "age"}


async def test_a_model_that_cannot_be_loaded_leaves_the_old_one_in_service(
    client: PredictorClient, artifacts: Path
) -> None:
    before = await version_of(client)
    broken = artifacts / "broken"
    broken.mkdir()
    os.mkfifo(broken / META)
    (artifacts / CURRENT).write_text(broken.name)
    with await when_read(broken / META) as meta:
        meta.write(b"not a model")
    assert (await client.ask("predict", ASKED))["predictions"]
    assert await version_of(client) == before
    good = OLD if before == NEW else NEW
    (artifacts / CURRENT).write_text(good)

    async def in_service() -> bool:
        return await version_of(client) == good

    await eventually(in_service, "nobody looks for models any more", timeout_s=30)


async def when_read(pipe: Path) -> BinaryIO:
    """The end to write to, as soon as somebody reads."""
    ends: list[BinaryIO] = []

    async def opened() -> bool:
        with contextlib.suppress(OSError):
            ends.append(os.fdopen(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK), "wb"))
        return bool(ends)

    await eventually(opened, "nobody reads it", timeout_s=30)
    return ends[0]


async def test_with_no_model_at_all_the_rules_answer(client: PredictorClient, tmp_path: Path) -> None:
    bare = run(tmp_path, "bare")
    reply = await bare.ask("predict", ASKED | {"symptoms": ["crushing chest pain, sweating"]})
    assert await version_of(bare) == "rules-only"
    assert reply["triage"] == "emergency"
    assert reply["abstained"] is True
