"""What the predictor counts. No label names a symptom, a condition or a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serve_app.capabilities.prediction.service import PredictionService


class PredictionMetrics:
    """The figures of one replica, in `registry`. Those of the cache and the model are read when somebody asks."""

    def __init__(self, registry: CollectorRegistry, service: PredictionService) -> None:
        self.requests = Counter(
            "carewire_ml_requests", "Requests to the symptom model.", ("method", "outcome"), registry=registry
        )
        self.batch_size = Histogram(
            "carewire_ml_batch_size",
            "Patients evaluated at once.",
            registry=registry,
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
        )
        hits = Gauge("carewire_ml_cache_hits", "Predictions answered from the cache.", registry=registry)
        hits.set_function(lambda: service.cache.hits)
        misses = Gauge("carewire_ml_cache_misses", "Predictions that the cache did not have.", registry=registry)
        misses.set_function(lambda: service.cache.misses)
        rate = Gauge("carewire_ml_cache_hit_rate", "Share of predictions answered from the cache.", registry=registry)
        rate.set_function(lambda: service.cache.hits / max(1, service.cache.hits + service.cache.misses))
        entries = Gauge("carewire_ml_cache_entries", "Answers kept.", registry=registry)
        entries.set_function(lambda: len(service.cache))
        rules_only = Gauge("carewire_ml_rules_only", "1 while no model is loaded.", registry=registry)
        rules_only.set_function(lambda: service.served.model is None)
