"""How today's notifications fare, and how long the oldest has been held back, as gauges that operators watch."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from common.clock import Clock
from common.errors import CarewireError
from common.timeline import DAY_MS
from serve_app.capabilities.notifications.analytics import Analytics, Fares, analyse
from serve_app.processes.health import Finding

_EVERY_S: Final = 60.0
_COUNTED: Final = ("held", "sent", "accepted", "displayed", "opened", "failed", "bounced")


class Funnel:
    """The part `deliveries` of `/health`; and the gauges, set at most once a minute when somebody looks there.
    `registry` None: nobody reads them."""

    def __init__(self, fares: Fares, clock: Clock, registry: CollectorRegistry | None = None) -> None:
        self._fares, self._clock = fares, clock
        self._gauge = Gauge(
            "carewire_notifications_today",
            "Notifications made since midnight (UTC), by channel and what became of them.",
            ["channel", "became"],
            registry=registry,
        )
        self._oldest = Gauge(
            "carewire_notifications_oldest_held_seconds",
            "Age of the oldest notification of which a push or a mail is held back.",
            registry=registry,
        )
        self._looked_s = -_EVERY_S
        self._finding = Finding("ok", {})

    async def look(self) -> Finding:
        """Degraded while they cannot be counted; how many of today's are held, and the age of the oldest of all."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _EVERY_S:
            self._looked_s = now_s
            self._finding = await self._count()
        return self._finding

    async def _count(self) -> Finding:
        now_ms = self._clock.platform_ms()
        today = now_ms // DAY_MS
        try:
            fared = [one async for one in self._fares.between(today, today + 1)]
            since_ms = await self._fares.held_since()
        except CarewireError as error:
            return Finding("degraded", {"reason": error.code})
        counted = dict(counts(analyse(fared, ["channel"])))
        self._gauge.clear()
        for (channel, became), count in counted.items():
            self._gauge.labels(channel, became).set(count)
        oldest_s = (now_ms - since_ms) / 1000 if since_ms else 0.0
        self._oldest.set(oldest_s)
        return Finding("ok", {"held": _held(counted), "oldest_held_s": round(oldest_s)})


def counts(figures: Analytics) -> Iterable[tuple[tuple[str, str], int]]:
    """By channel and what became of them. Pure."""
    for row in figures.rows:
        became = Counter({name: getattr(row, name) for name in _COUNTED})
        became["skipped"] = sum(row.skipped.values())
        for name, count in became.items():
            yield (row.channel or "none", name), count


def _held(counted: Mapping[tuple[str, str], int]) -> int:
    return sum(count for (_, became), count in counted.items() if became == "held")
