"""The engines that every test here runs on: the one of the process, and Elasticsearch where
`CAREWIRE_TEST_ELASTICSEARCH_URL` names a server (and `CAREWIRE_TEST_ELASTICSEARCH_API_KEY` its key)."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from common.clock import SystemClock
from serve_app.capabilities.search.engines.elastic.engine import ElasticEngine
from serve_app.capabilities.search.engines.elastic.server import connect
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.port import Engine, Generation
from tests.quick_disk import quick_folder

FIRST = Generation(1, "key1", "one")
URL = "CAREWIRE_TEST_ELASTICSEARCH_URL"


ENGINES = ["tantivy", "elasticsearch"]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: what is durable there after a crash of a process is durable on a disk."""
    with quick_folder() as folder:
        yield folder


@asynccontextmanager
async def made(kind: str, folder: Path) -> AsyncIterator[Engine]:
    """An empty one whose first generation serves."""
    one: Engine
    if kind == "tantivy":
        one = TantivyEngine(folder, SystemClock())
    elif url := os.environ.get(URL):
        client = connect(url, os.environ.get(f"{URL[:-4]}_API_KEY"))
        name = f"carewire-test-{uuid.uuid4().hex[:8]}"
        one = ElasticEngine(client, name)
    else:
        pytest.skip(f"{URL} names no server: whether Elasticsearch finds the same is not shown")
    await one.start()
    await one.create(FIRST)
    await one.swap(1)
    yield one
    if isinstance(one, ElasticEngine):
        await client.indices.delete(index=f"{name}-g*")
    await one.close()


@pytest_asyncio.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    """An empty one of a test's own."""
    async with made(request.param, tmp_path / "index") as one:
        yield one


@pytest_asyncio.fixture(params=ENGINES, scope="module", loop_scope="module")
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """One for all tests of a module that do not mind what else is in it: opening one costs more than they do."""
    with quick_folder() as folder:
        async with made(request.param, folder / "index") as one:
            yield one
