"""Token buckets: what they grant, when, and what they keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import client_address, network_of
from common.lib.buckets import BucketQuota, Buckets

TWO_A_MINUTE = BucketQuota(2 / 60, 2)
MONTHS_S = 1e7


def test_a_bucket_fills_up_again_and_time_that_runs_backwards_does_no_harm() -> None:
    buckets = Buckets(TWO_A_MINUTE)
    assert [buckets.take("a", 100.0) for _ in range(3)] == pytest.approx([0.0, 0.0, 30.0])
    assert buckets.take("a", 90.0) == pytest.approx(40.0)
    assert buckets.left("a", 115.0) == pytest.approx((0, 15.0))
    assert buckets.take("a", 130.0) == 0.0
    assert buckets.left("a", 500.0) == (2, 0.0)


def test_there_are_never_more_than_the_most_and_those_that_owe_most_are_kept() -> None:
    buckets = Buckets(BucketQuota(1, 10), most=4)
    for _ in range(10):
        buckets.take("flooder", 100.0)
    for number in range(50):
        buckets.take(str(number), 100.0)
        assert len(buckets) <= 4
    assert buckets.take("flooder", 100.0) > 0


def test_thousands_of_keys_that_come_once_leave_little_behind() -> None:
    buckets = Buckets(BucketQuota(10, 10))
    for number in range(5000):
        buckets.take(str(number), float(number))
    assert len(buckets) <= 1000


def test_who_is_sent_away_is_booked_one_after_the_other() -> None:
    bookings = Buckets(BucketQuota(10, 10))
    assert [bookings.book("all", 5.0) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])
    assert bookings.book("all", 5.2) == pytest.approx(0.2)
    assert bookings.book("all", 50.0) == pytest.approx(0.1)


def test_a_share_of_less_than_a_token_still_grants_one() -> None:
    buckets = Buckets(TWO_A_MINUTE)
    buckets.share(4)
    assert buckets.take("a", 100.0) == 0.0
    assert buckets.take("a", 100.0) == pytest.approx(120.0)
    buckets.share(1)
    assert buckets.take("a", 190.0) == 0.0


@given(
    st.floats(0.01, 1000), st.floats(1, 500), st.lists(st.floats(0, 50), min_size=1, max_size=200), st.integers(1, 5)
)
def test_in_any_span_no_more_is_granted_than_the_burst_and_the_rate(
    per_s: float, burst: float, pauses_s: list[float], among: int
) -> None:
    buckets = Buckets(BucketQuota(per_s, burst))
    buckets.share(among)
    now_s, granted = MONTHS_S, 0
    for pause_s in pauses_s:
        now_s += pause_s
        wait_s = buckets.take("a", now_s)
        if wait_s:
            assert buckets.take("a", now_s + wait_s) == 0.0, "the wait was not enough"
            now_s += wait_s
        granted += 1
    assert granted <= max(burst / among, 1) + (now_s - MONTHS_S) * per_s / among + 1e-3 * per_s + 1


def test_the_address_is_the_peer_unless_proxies_are_trusted() -> None:
    seen = "6.6.6.6, 1.2.3.4, 10.0.0.9"
    told = [client_address("10.0.0.1", seen, trusted) for trusted in (0, 1, 2, 4)]
    assert told == ["10.0.0.1", "10.0.0.9", "1.2.3.4", "10.0.0.1"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::9%eth0", "2001:db8:1:2::"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("no:address", "no:address"),
        ("unknown", "unknown"),
    ],
)
def test_a_subscriber_of_ipv6_is_one_network(address: str, network: str) -> None:
    assert network_of(address) == network
