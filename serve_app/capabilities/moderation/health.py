"""Is anybody looking? How far screening is behind, and how many cases are overdue."""

from typing import Any, Final

from actors.moderation.views import CASES
from common.errors import CarewireError
from serve_app.processes.health import Finding
from serve_app.processes.monitor import ProcessMonitor
from store.ports.views import ViewQuery, Views

_SLOW_S: Final = 60.0
_MOST: Final = 1000


class SafetyHealth:
    """The part `moderation` of `/health`."""

    def __init__(self, census: ProcessMonitor, views: Views) -> None:
        self._census, self._views = census, views

    async def look(self) -> Finding:
        """Degraded while nobody screens, or screening is a minute behind."""
        try:
            query = ViewQuery(collection=CASES, equal={"overdue": True}, order_by="order", limit=_MOST)
            overdue = len(await self._views.find(query))
        except CarewireError as error:
            return Finding("degraded", {"reason": error.code})
        lag_s = await self._lag_s()
        behind = lag_s is None or lag_s > _SLOW_S
        return Finding("degraded" if behind else "ok", {"screening_lag_s": lag_s, "cases_overdue": overdue})

    async def _lag_s(self) -> float | None:
        for one in await self._census.of_kind("worker"):
            stats: Any = one.stats or {}
            line = stats.get("consumers", {}).get("screening") if stats.get("serving") else None
            if line is not None:
                return float(line["lag_s"])
        return None
