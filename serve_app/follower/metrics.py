"""What the follower measures."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class FollowerMetrics:
    """`turns` that were handed over, and lag by consumer: `carewire_screening_lag_seconds`, and so on."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry
        self.turns = Counter(
            "carewire_follower_turns", "Turns of the journal handed over.", ["consumer"], registry=registry
        )

    def lag(self, consumer: str, lag_s: Callable[[], float]) -> None:
        """Show how far behind a consumer is."""
        gauge = Gauge(
            f"carewire_{consumer}_lag_seconds",
            f"Age of the oldest turn that waits for {consumer}.",
            registry=self._registry,
        )
        gauge.set_function(lag_s)
