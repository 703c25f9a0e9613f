"""What is measured of the index. By how much it lags the follower measures, as of every consumer."""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class SearchMetrics:
    """One a search process. `seconds`: by type, `several` where it is several."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.drift = Gauge(
            "carewire_search_drift",
            "Documents by which the index differed when it was last compared.",
            registry=registry,
        )
        self.seconds = Histogram(
            "carewire_search_seconds",
            "How long the index took to propose hits.",
            ["type"],
            registry=registry,
            buckets=_SECONDS,
        )
