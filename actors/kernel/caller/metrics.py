"""Metrics of a region. Labels are bounded: an outcome, never an id."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from actors.kernel.lib.buckets import SECONDS


class RegionMetrics:
    """Metrics of one region, in the registry of its process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        r = registry or CollectorRegistry()
        self.retries = Counter("carewire_region_retries", "Batches and fetches that had to be repeated.", registry=r)
        self.resubscribed = Counter("carewire_region_resubscribed", "Subscriptions started afresh.", registry=r)
        self.unavailable = Counter("carewire_region_unavailable", "Commands given up at their deadline.", registry=r)
        self.outstanding = Gauge("carewire_region_outstanding", "Commands that wait for their answer.", registry=r)
        self.command_s = Histogram(
            "carewire_command_seconds", "From submission to answer.", buckets=SECONDS, registry=r
        )
