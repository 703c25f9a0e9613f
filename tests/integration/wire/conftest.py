"""What the tests of the wire share."""

from collections.abc import AsyncIterator

import pytest

from tests.clients.wire_rig import PING_INTERVAL_S, PING_TIMEOUT_S
from tests.integration.wire.echo import Echo, echoing


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    """Pings do not disturb."""
    async with echoing() as one:
        yield one


@pytest.fixture
async def quick() -> AsyncIterator[Echo]:
    """Pings come as soon as time is skipped."""
    async with echoing(ping_interval=PING_INTERVAL_S, ping_timeout=PING_TIMEOUT_S) as one:
        yield one
