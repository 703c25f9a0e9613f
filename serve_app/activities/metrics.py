"""What a runner measures."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

_SECONDS: Final = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class RunnerMetrics:
    """`seconds` of an attempt, and attempts by their `result`: done, refused, expired, erased, dropped, or a code."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.seconds = Histogram(
            "carewire_activity_seconds",
            "How long an attempt to carry out an activity took.",
            ["connector"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.attempts = Counter(
            "carewire_activity_attempts",
            "Attempts to carry out an activity.",
            ["connector", "result"],
            registry=registry,
        )
        self._known: dict[tuple[str, str], tuple[Histogram, Counter]] = {}  # finding them by their labels takes long

    def attempted(self, connector: str, result: str, took_s: float) -> None:
        """An attempt has ended so."""
        found = self._known.get((connector, result))
        if found is None:
            found = self.seconds.labels(connector), self.attempts.labels(connector, result)
            self._known[connector, result] = found
        found[0].observe(took_s)
        found[1].inc()
