"""One house for each module, emptied for each test."""

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.identity_rig import House, house
from tests.mongo import url_of


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """With two gateways."""
    directory = tmp_path_factory.mktemp("house")
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", directory) as made:
        await made.gateway()
        await made.gateway()
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(shared_house: House) -> House:
    """As new."""
    await shared_house.empty()
    return shared_house
