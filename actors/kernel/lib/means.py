"""A mean over the recent past, from a histogram's totals."""

from prometheus_client import CollectorRegistry


class RecentMean:
    """The mean of what a histogram has seen lately, in ms: since the reading before, which lies some seconds back."""

    def __init__(self, registry: CollectorRegistry, histogram: str, every_s: float = 5.0) -> None:
        self._registry, self._histogram, self._every_s = registry, histogram, every_s
        self._read_s = float("-inf")
        self._before = (0.0, 0.0)
        self._mean_ms = 0.0

    def ms(self, now_s: float) -> float:
        """0 when it has seen nothing lately."""
        if now_s - self._read_s >= self._every_s:
            total = self._registry.get_sample_value(f"{self._histogram}_sum") or 0.0
            count = self._registry.get_sample_value(f"{self._histogram}_count") or 0.0
            seen = count - self._before[1]
            self._mean_ms = round((total - self._before[0]) / seen * 1000, 1) if seen else 0.0
            self._before, self._read_s = (total, count), now_s
        return self._mean_ms
