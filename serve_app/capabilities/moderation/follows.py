"""What the follower reads for safety."""

import asyncio
from collections.abc import Iterable
from typing import Final

from prometheus_client import Gauge

from actors.moderation.records import SEVERITIES
from actors.moderation.views import CASES
from common.errors import CarewireError
from ml.safety.screen import CrisisScreen
from serve_app.capabilities.following import FollowerContext, Follows
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.service import CareReader
from serve_app.capabilities.moderation.blocks import BlockReader
from serve_app.capabilities.moderation.reports import Reports
from serve_app.capabilities.moderation.screening import Danger, Screening, ScreeningMetrics
from serve_app.follower.consumer import Consumer
from store.mongo.client import database_errors

_COUNT_S: Final = 10.0
_STATES: Final = ("open", "assigned", "closing")
_counting: set[asyncio.Task[None]] = set()


def _open(context: FollowerContext) -> Iterable[Consumer]:
    places = context.settings.moderation.places
    roles, care = Roles(context.database, context.clock), CareReader(context.stores.views)
    danger = Danger(entities=context.region, care=care, roles=roles, clock=context.clock, places=places)
    reports = Reports(context.region, context.stores.views, context.clock)
    blocks, metrics = BlockReader(context.stores.views), ScreeningMetrics(context.registry)
    task = asyncio.create_task(_count(context))
    _counting.add(task)
    task.add_done_callback(_counting.discard)
    yield Screening(
        screen=CrisisScreen(), danger=danger, entities=context.region, reports=reports, blocks=blocks, metrics=metrics
    )


async def _count(context: FollowerContext) -> None:
    """How many cases are open, for as long as the process runs."""
    cases = Gauge("carewire_cases", "Cases that are not closed.", ["state", "severity"], registry=context.registry)
    while True:
        try:
            for state in _STATES:
                for severity in SEVERITIES:
                    with database_errors():
                        found = await context.database[CASES].count_documents(
                            {"f.state": state, "f.severity": severity}, limit=10_000
                        )
                    cases.labels(state, severity).set(found)
        except CarewireError:
            pass  # the database is away: what was counted last stands
        await asyncio.sleep(_COUNT_S)


FOLLOWS: Final = Follows(feature="moderation", open=_open)
