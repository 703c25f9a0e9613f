"""Make one page of metrics out of those of many processes (Prometheus text format 0.0.4).

Each process exposes its own registry; here every sample gets the label `process`, and every family its HELP and TYPE
once. What a family means is said by its name, so the same name in two processes is the same family. The `_created`
times that prometheus-client adds to each counter are left out: they double the page and nobody reads them.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from typing_extensions import override


def merge(pages: Mapping[str, bytes]) -> bytes:
    """`{"rooms-0": page, "gateway-0": page}` -> one page. A page that cannot be read is left out."""
    families: dict[str, Metric] = {}
    for process, page in sorted(pages.items()):
        for family in _families(page):
            if family.name.endswith("_created"):
                continue
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            if merged.type == family.type:
                for sample in family.samples:
                    labels = {"process": process, **sample.labels}
                    merged.add_sample(sample.name, labels, sample.value, sample.timestamp)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(families.values()))
    return generate_latest(registry)


def _families(page: bytes) -> Iterable[Metric]:
    try:
        return list(text_string_to_metric_families(page.decode()))
    except ValueError:
        return ()


class _Merged(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    @override
    def collect(self) -> Iterable[Metric]:
        return self._families
