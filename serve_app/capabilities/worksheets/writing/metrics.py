"""What operators see of writing together: what became of updates, how long it took to store them, and how many
documents are open. No label names anybody."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STORED: Final = "stored"
_LOST: Final = ("unavailable", "overloaded", "internal")
_REFUSED: Final = (
    "invalid_argument",
    "permission_denied",
    "payload_too_large",
    "failed_precondition",
    "rate_limited",
    "not_found",
)
_SECONDS: Final = (0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class WritingMetrics:
    """Of one gateway."""

    def __init__(self, registry: CollectorRegistry) -> None:
        updates = Counter(
            "carewire_worksheet_updates",
            "Updates of worksheets, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._outcomes = {name: updates.labels(name) for name in (STORED, *_LOST, *_REFUSED)}
        self._open = Gauge("carewire_worksheets_open", "Worksheets that sockets have open.", registry=registry)
        self.save_s = Histogram(
            "carewire_worksheet_save_seconds",
            "How long it took to store an update at a majority, from its arrival on.",
            registry=registry,
            buckets=_SECONDS,
        )

    def became(self, outcome: str) -> None:
        """Count an update: `STORED`, or the code of its error."""
        self._outcomes.get(outcome, self._outcomes["internal"]).inc()

    def counts(self, opened: Callable[[], int]) -> None:
        """This says how many are open."""
        self._open.set_function(opened)
