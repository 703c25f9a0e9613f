"""One page of metrics out of many."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from serve_app.processes.exposition import merge


def a_page(messages: int) -> bytes:
    registry = CollectorRegistry()
    Counter("carewire_messages", "Messages.", ["kind"], registry=registry).labels("text").inc(messages)
    Histogram("carewire_turn_seconds", "Turns.", buckets=(1, 2), registry=registry).observe(1.5)
    return generate_latest(registry)


def test_every_family_is_described_once_and_every_sample_names_its_process() -> None:
    page = merge({"rooms-1": a_page(2), "rooms-0": a_page(1)}).decode()
    assert page.count("# TYPE carewire_messages_total counter") == 1
    assert page.count("# HELP carewire_turn_seconds Turns.") == 1
    families = {family.name: family for family in text_string_to_metric_families(page)}
    counts = {sample.labels["process"]: sample.value for sample in families["carewire_messages"].samples}
    assert counts == {"rooms-0": 1.0, "rooms-1": 2.0}
    buckets = [s for s in families["carewire_turn_seconds"].samples if s.name.endswith("_bucket")]
    assert len(buckets) == 6
    assert {sample.labels["le"] for sample in buckets} == {"1.0", "2.0", "+Inf"}


def test_a_page_that_cannot_be_read_is_left_out() -> None:
    page = merge({"broken": b"\xff\xfe", "worse": b"a{b=", "rooms-0": a_page(1)}).decode()
    assert 'process="rooms-0"' in page
    assert "broken" not in page
    assert "worse" not in page


def test_families_that_disagree_on_their_type_do_not_mix() -> None:
    registry = CollectorRegistry()
    Gauge("carewire_turn_seconds", "Something else.", registry=registry).set(9)
    page = merge({"a": a_page(1), "b": generate_latest(registry)}).decode()
    assert 'carewire_turn_seconds{process="b"}' not in page


def test_no_pages_make_an_empty_page() -> None:
    assert merge({}) == b""
