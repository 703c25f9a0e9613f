"""A runner in a house of `identity_rig`: the real thing but for Ray."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve_app.activities.connector import Connector
from serve_app.activities.payloads import Payloads
from serve_app.activities.runner import Runner
from serve_app.capabilities.connecting import RunnerContext, open_connectors
from serve_app.cluster.runner import addresses_of
from serve_app.cluster.spec import CarewireSpec
from tests.identity_rig import House


def connectors_in(home: House) -> list[Connector]:
    """Those that the settings of this house name."""
    spec = CarewireSpec(home.settings)
    context = RunnerContext(
        settings=home.settings,
        clock=home.clock,
        region=home.region,
        stores=home.stores,
        database=home.database,
        blobs=home.context.blobs,
        addresses=addresses_of(home.context.root, home.database, home.stores),
        kinds=[kind for pool in spec.pools for kind in spec.kinds(pool)],
        root=home.context.root,
        online=home.is_online,
    )
    return open_connectors(context)


@asynccontextmanager
async def a_runner(home: House, connectors: list[Connector] | None = None) -> AsyncIterator[Runner]:
    """A runner of this house, with the connectors that its settings name."""
    if connectors is None:
        connectors = connectors_in(home)
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
