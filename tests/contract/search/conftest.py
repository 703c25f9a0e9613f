"""The engines that every test here runs on: the one of the process, and Elasticsearch where
`CAREWIRE_TEST_ELASTICSEARCH_URL` names a server (and `CAREWIRE_TEST_ELASTICSEARCH_API_KEY` its key)."""

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from common.clock import SystemClock
from serve_app.capabilities.search.engines.elastic.engine import ElasticEngine
from serve_app.capabilities.search.engines.elastic.server import connect
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.port import Engine, Generation

FIRST = Generation(1, "key1", "one")
URL = "CAREWIRE_TEST_ELASTICSEARCH_URL"


@pytest_asyncio.fixture(params=["tantivy", "elasticsearch"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """An empty one whose first generation serves."""
    made: Engine
    if request.param == "tantivy":
        made = TantivyEngine(tmp_path / "index", SystemClock(), commit_every_s=0.001)
    elif url := os.environ.get(URL):
        client = connect(url, os.environ.get(f"{URL[:-4]}_API_KEY"))
        name = f"carewire-test-{uuid.uuid4().hex[:8]}"
        made = ElasticEngine(client, name)
    else:
        pytest.skip(f"{URL} names no server: whether Elasticsearch finds the same is not shown")
    await made.start()
    await made.create(FIRST)
    await made.swap(1)
    yield made
    if isinstance(made, ElasticEngine):
        await client.indices.delete(index=f"{name}-g*")
    await made.close()
