"""One house, with somebody who keeps an index, and somebody who does what is owed."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from serve_app.capabilities.search.process.process import SearchProcess
from tests.activity_rig import a_runner
from tests.identity_rig import House, house
from tests.integration.search.rig import searching
from tests.mongo import url_of
from tests.quick_disk import quick_folder


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def kept(mongo_port: int) -> AsyncIterator[tuple[House, SearchProcess]]:
    """With two gateways. Nothing is emptied between tests: each has people and rooms of its own."""
    url = url_of(mongo_port)
    with quick_folder() as directory:
        async with house(url, f"test_{uuid.uuid4().hex}", directory) as made:
            await made.gateway()
            await made.gateway()
            async with searching(made, url) as process, a_runner(made):
                yield made, process


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """For indexes that a test has for itself."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def home(kept: tuple[House, SearchProcess]) -> House:
    """The house."""
    return kept[0]


@pytest.fixture
def process(kept: tuple[House, SearchProcess]) -> SearchProcess:
    """Whoever keeps the index."""
    return kept[1]
