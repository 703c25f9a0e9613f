"""One house for each module, in which encrypted rooms are offered; emptied for each test."""

import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from config.settings import E2eeSettings
from tests.identity_rig import House, house
from tests.mongo import url_of


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_house(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory = tmp_path_factory.mktemp("house")
    offered = E2eeSettings(relations=("client_therapist",))
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", directory, e2ee=offered) as made:
        await made.gateway()
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def home(shared_house: House) -> House:
    """As new."""
    await shared_house.empty()
    return shared_house
