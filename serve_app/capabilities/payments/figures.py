"""What operators see of payments: how many succeed, which answers to disputes are due, and whether the books agree."""

from collections.abc import Mapping
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Gauge

from actors.payments.bill.state import BillRecord
from actors.payments.bill.views import BILLS
from common.clock import Clock
from common.timeline import HOUR_MS, MINUTE_MS
from serve_app.capabilities.payments.ledger.books import Attempts
from store.mongo.client import Database, database_errors

_EVERY_MS: Final = MINUTE_MS
_MOST_DISPUTES: Final = 1000


class PaymentFigures:
    """One a replica of the API. They are made anew at most once a minute. `registry` None: nobody reads them."""

    def __init__(self, database: Database, clock: Clock, registry: CollectorRegistry | None = None) -> None:
        self._database, self._clock, self._made = database, clock, 0
        self._rate = Gauge(
            "carewire_payment_success_rate",
            "Of the payments of the last hour's bills that came to an end, those that succeeded.",
            registry=registry,
        )
        self._disputes = Gauge("carewire_disputes_open", "Disputes that nobody has answered.", registry=registry)
        self._due = Gauge(
            "carewire_dispute_due_seconds", "Until the next answer to a dispute is due.", registry=registry
        )
        self._differs = Gauge(
            "carewire_reconciliation_differences",
            "Differences that the last reconciliation found.",
            ["provider"],
            registry=registry,
        )
        self._rate.set(1)

    def reconciled(self, found: Mapping[str, int]) -> None:
        """What the last reconciliation with each provider found."""
        for provider, differences in found.items():
            self._differs.labels(provider).set(differences)

    async def refresh(self) -> None:
        """Make them anew, if it is time. Raises Unavailable."""
        now = self._clock.platform_ms()
        if now - self._made < _EVERY_MS:
            return
        self._made = now
        rate = await Attempts(self._database).success_rate(now - HOUR_MS, now)
        self._rate.set(1 if rate is None else rate)
        due = await self._unanswered()
        self._disputes.set(len(due))
        deadlines = [one for one in due if one]
        self._due.set((min(deadlines) - now) / 1000 if deadlines else float("inf"))

    async def _unanswered(self) -> list[int]:
        """When the answers to open disputes are due (ms; 0: never)."""
        found: list[int] = []
        with database_errors():
            rows = self._database[BILLS].find({"f.disputed": True}, projection={"d": 1}, limit=_MOST_DISPUTES)
            async for one in rows.sort("f.order", -1):
                record = msgspec.msgpack.decode(one["d"], type=BillRecord)
                found += [each.due for each in record.disputes if not each.closed and not each.submitted]
        return found
