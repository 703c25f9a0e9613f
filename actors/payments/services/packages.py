"""Sessions that a package pays for: a unit of a subscription is kept for each, until it is known what became of it."""

from collections.abc import Iterable
from typing import Final

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.subscription.commands import ReleaseUsage, ReserveUsage
from actors.payments.subscription.kind import SUBSCRIPTIONS, record_in
from actors.payments.subscription.state import LIVE, Subscription
from common.errors import FailedPrecondition
from common.timeline import DAY_MS
from store.ports.views import ViewQuery

_KEPT_MS: Final = 90 * DAY_MS
"""How long after its end it may take until somebody says what became of a session."""
_MOST: Final = 100


class Packages:
    """One a process."""

    def __init__(self, entities: EntityClient, views: ViewFinder) -> None:
        self._entities, self._views = entities, views

    async def reserve(self, client: str, feature: str, booking: str, end: int) -> str:
        """The subscription of a client of which a unit of `feature` is kept for a booking that ends at `end` (ms). "":
        none has one left, so the price counts. Idempotent for a booking."""
        for record in await self._with_feature(client, feature):
            command = ReserveUsage(usage_id=booking, feature=feature, quantity=1, until=end + _KEPT_MS, included=True)
            try:
                await self._entities.submit(f"subscription:{record.id}", command, by=SYSTEM)
            except FailedPrecondition:
                continue
            return record.id
        return ""

    async def release(self, subscription: str, booking: str) -> None:
        """It was not booked after all."""
        await self._entities.submit(f"subscription:{subscription}", ReleaseUsage(booking), by=SYSTEM)

    async def _with_feature(self, client: str, feature: str) -> Iterable[Subscription]:
        """Those that are paid for, the one whose period ends first before the others."""
        query = ViewQuery(collection=SUBSCRIPTIONS, equal={"client": client}, order_by="order", limit=_MOST)
        found = [record_in(view) for view in await self._views.find(query)]
        fitting = [
            one for one in found if one.status in LIVE and any(part.feature == feature for part in one.plan.features)
        ]
        return sorted(fitting, key=lambda one: (one.period_end, one.id))
