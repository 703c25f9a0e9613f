"""How today's notifications fare, as a gauge that operators watch."""

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
    """The part `deliveries` of `/health`; and the gauge, set at most once a minute when somebody looks there.
    `registry` None: nobody reads it."""

    def __init__(self, fares: Fares, clock: Clock, registry: CollectorRegistry | None = None) -> None:
        self._fares, self._clock = fares, clock
        self._gauge = Gauge(
            "carewire_notifications_today",
            "Notifications made since midnight (UTC), by channel and what became of them.",
            ["channel", "became"],
            registry=registry,
        )
        self._looked_s = -_EVERY_S
        self._finding = Finding("ok", {})

    async def look(self) -> Finding:
        """Degraded while they cannot be counted; how many are held."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _EVERY_S:
            self._looked_s = now_s
            self._finding = await self._count()
        return self._finding

    async def _count(self) -> Finding:
        today = self._clock.platform_ms() // DAY_MS
        try:
            fared = [one async for one in self._fares.between(today, today + 1)]
        except CarewireError as error:
            return Finding("degraded", {"reason": error.code})
        counted = dict(counts(analyse(fared, ["channel"])))
        self._gauge.clear()
        for (channel, became), count in counted.items():
            self._gauge.labels(channel, became).set(count)
        return Finding("ok", {"held": _held(counted)})


def counts(figures: Analytics) -> Iterable[tuple[tuple[str, str], int]]:
    """By channel and what became of them. Pure."""
    for row in figures.rows:
        became = Counter({name: getattr(row, name) for name in _COUNTED})
        became["skipped"] = sum(row.skipped.values())
        for name, count in became.items():
            yield (row.channel or "none", name), count


def _held(counted: Mapping[tuple[str, str], int]) -> int:
    return sum(count for (_, became), count in counted.items() if became == "held")
