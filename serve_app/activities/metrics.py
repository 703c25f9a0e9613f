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
