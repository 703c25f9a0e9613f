"""The recent mean of a histogram."""

from prometheus_client import CollectorRegistry, Histogram

from actors.kernel.lib.means import RecentMean


def test_the_recent_mean_forgets_what_lies_before_the_last_reading() -> None:
    registry = CollectorRegistry()
    seconds = Histogram("x_seconds", "X.", registry=registry)
    recent = RecentMean(registry, "x_seconds")
    seconds.observe(1.0)
    assert recent.ms(100.0) == 1000.0
    seconds.observe(0.1)
    seconds.observe(0.3)
    assert recent.ms(102.0) == 1000.0  # too soon for another reading
    assert recent.ms(105.0) == 200.0
    assert recent.ms(111.0) == 0.0
