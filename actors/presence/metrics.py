"""Metrics of a presence shard. No label ever names a user."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class PresenceMetrics:
    """Metrics of one presence shard, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.reports = Counter("carewire_presence_reports", "Reports of gateways taken.", registry=r)
        self.states = Counter("carewire_presence_states_sent", "States sent to watching gateways.", registry=r)
        self.reopened = Counter("carewire_presence_gateways_opened", "Times that a gateway began anew.", registry=r)
        self.lapsed = Counter("carewire_presence_gateways_lapsed", "Gateways that fell silent.", registry=r)
        self.database = Counter("carewire_presence_database_retries", "Reads and writes to be repeated.", registry=r)
        self.news_s = Histogram(
            "carewire_presence_news_seconds",
            "From a change to the result with it.",
            buckets=_SECONDS,
            registry=r,
        )
        self._levels = {
            "present": Gauge("carewire_presence_users_present", "Users with a device connected.", registry=r),
            "entities": Gauge("carewire_presence_users_held", "Users in memory, the watched included.", registry=r),
            "watched": Gauge("carewire_presence_watches", "Pairs of a watching gateway and a user.", registry=r),
            "subscribers": Gauge("carewire_presence_gateways", "Gateways that report.", registry=r),
            "queued": Gauge("carewire_presence_unsaved", "Memories that wait to be written.", registry=r),
        }

    def levels(self, stats: Mapping[str, object]) -> None:
        """Present levels, from `PresenceShard.stats`."""
        for name, gauge in self._levels.items():
            gauge.set(float(str(stats[name])))
