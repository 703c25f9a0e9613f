"""A house for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.identity_rig import House
from tests.integration.media.people import a_home


@pytest_asyncio.fixture
async def home(mongo_url: str, mongo: Any, tmp_path: Path) -> AsyncIterator[House]:
    """With workers that start when they are needed."""
    async with a_home(mongo_url, mongo.name, tmp_path) as (made, _, _):
        yield made
