"""Is the index there, and how far is it behind?"""

from typing import Any, Final

from serve_app.processes.health import Finding
from serve_app.processes.monitor import ProcessMonitor

_SLOW_MS: Final = 60_000


class SearchHealth:
    """The part `search` of `/health`."""

    def __init__(self, census: ProcessMonitor) -> None:
        self._census = census

    async def look(self) -> Finding:
        """Degraded while nobody answers, not all is in it, or it is a minute behind."""
        for one in await self._census.of_kind("worker"):
            stats: Any = one.stats or {}
            if "building" in stats and stats.get("serving"):
                told = {name: stats[name] for name in ("engine", "lag_ms", "building")}
                behind = stats["building"] or stats["lag_ms"] > _SLOW_MS
                return Finding("degraded" if behind else "ok", told)
        return Finding("degraded", {"reason": "nobody keeps the index"})
