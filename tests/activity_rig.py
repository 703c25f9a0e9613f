"""A runner in a house of `identity_rig`: the real thing but for Ray."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve_app.activities.connector import Connector
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from serve_app.cluster.runner import connectors_of
from serve_app.cluster.spec import CarewireSpec
from tests.identity_rig import House


@asynccontextmanager
async def a_runner(home: House, connectors: list[Connector] | None = None) -> AsyncIterator[Runner]:
    """A runner of this house, with the connectors that its settings name."""
    if connectors is None:
        connectors = await connectors_of(CarewireSpec(home.settings), home.database, home.stores, home.clock)
    runner = Runner(
        f"activities-{uuid.uuid4().hex}",
        home.activities,
        ["rooms"],
        home.region,
        Payloads(home.stores.vault),
        connectors,
        settings=home.settings.activities,
        clock=home.clock,
    )
    home.activities.runners.append(runner)
    await runner.start()
    try:
        yield runner
    finally:
        home.activities.runners.remove(runner)
        await runner.close(within_s=2.0)
