"""How mail is doing, counted by day: what was sent, and what became of it. Counts only: nobody is in them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from common.clock import Clock
from serve_app.processes.health import Finding
from store.mongo.client import Database, database_errors

DAYS: Final = "email_days"
BOUNCES_MOST: Final = 0.02
COMPLAINTS_MOST: Final = 0.001
"""Providers close accounts above about 5 % and 0.3 %: whoever hears of it only then hears of it too late."""
_COUNTED: Final = ("sent", "delivered", "bounced", "complained")
_WINDOW_D: Final = 7
_ENOUGH: Final = 200  # fewer mails tell nothing


@dataclass(frozen=True, slots=True)
class Rates:
    """Of the mails of some days. Rates are of those that were sent; 0 where none was."""

    sent: int
    delivered: int
    bounced: int
    complained: int

    @property
    def delivery_rate(self) -> float:
        """How many were not lost: 1 without those that came back."""
        return 1 - self.bounce_rate if self.sent else 0.0

    @property
    def bounce_rate(self) -> float:
        """How many came back for good."""
        return self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        """How many were called unwanted."""
        return self.complained / self.sent if self.sent else 0.0


class MailFigures:
    """One a process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def count(self, what: str) -> None:
        """One more, today."""
        with database_errors():
            await self._database[DAYS].update_one({"_id": self._today()}, {"$inc": {what: 1}}, upsert=True)

    async def rates(self, first: str, last: str) -> Rates:
        """Of these days (2026-11-20), both of them in it."""
        with database_errors():
            rows = [row async for row in self._database[DAYS].find({"_id": {"$gte": first, "$lte": last}})]
        return Rates(**{what: sum(row.get(what, 0) for row in rows) for what in _COUNTED})

    async def lately(self) -> Rates:
        """Of the last seven days."""
        first = datetime.fromtimestamp(self._clock.platform_ms() / 1000, UTC) - timedelta(days=_WINDOW_D - 1)
        return await self.rates(first.date().isoformat(), self._today())

    async def look(self) -> Finding:
        """Degraded where too many come back, or are not wanted."""
        rates = await self.lately()
        bad = rates.bounce_rate > BOUNCES_MOST or rates.complaint_rate > COMPLAINTS_MOST
        details = {
            "sent": rates.sent,
            "delivery_rate": round(rates.delivery_rate, 4),
            "bounce_rate": round(rates.bounce_rate, 4),
            "complaint_rate": round(rates.complaint_rate, 4),
        }
        return Finding("degraded" if bad and rates.sent >= _ENOUGH else "ok", details)

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock.platform_ms() / 1000, UTC).date().isoformat()
