"""Do the books agree with what providers say? As the last reconciliation with each found."""

from dataclasses import dataclass
from typing import Any

from common.clock import to_rfc3339
from serve_app.capabilities.payments.figures import PaymentFigures
from serve_app.capabilities.payments.ledger.reconciling import RECONCILIATIONS
from serve_app.capabilities.payments.shared import Options
from serve_app.processes.health import Finding
from store.mongo.client import Database, database_errors


@dataclass(frozen=True, slots=True)
class PaymentHealth:
    """One a replica of the API."""

    database: Database
    options: Options
    figures: PaymentFigures

    async def look(self) -> Finding:
        """Degraded while the last one found differences: somebody has to look at them. The gauges are set by that."""
        found: dict[str, Any] = {}
        for provider in self.options.providers:
            with database_errors():
                last = await self.database[RECONCILIATIONS].find_one({"provider": provider}, sort=[("to", -1)])
            if last is not None:
                found[provider] = {"differences": last["total"], "until": to_rfc3339(last["to"])}
        self.figures.reconciled({name: one["differences"] for name, one in found.items()})
        await self.figures.refresh()
        worse = any(one["differences"] for one in found.values())
        details = {"providers": list(self.options.providers), "reconciled": found}
        return Finding("degraded" if worse else "ok", details)
