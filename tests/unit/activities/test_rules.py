"""Breaker, allowance, lines, pauses and keys: pure, so time is a number here."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.activities.connector import Capacity
from serve_app.activities.keys import PartnerKey
from serve_app.activities.lines import RunnerLines
from serve_app.activities.pacing.breaker import MANY, Breaker
from serve_app.activities.pacing.credits import Credits
from serve_app.activities.pacing.retries import due_ms, next_step, pause_s


def a_breaker() -> Breaker:
    return Breaker(failures=3, pause_s=10.0)


def test_a_breaker_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    breaker = a_breaker()
    for _ in range(2):
        breaker.failed(0.0)
    breaker.succeeded(0.0)
    for _ in range(2):
        breaker.failed(0.0)
    assert breaker.state(0.0) == "closed"
    assert breaker.room(0.0) == MANY
    breaker.failed(0.0)
    assert breaker.state(0.0) == "open"
    assert breaker.room(9.9) == 0
    assert breaker.wait_s(4.0) == 6.0


def test_after_the_pause_one_call_goes_and_decides() -> None:
    breaker = a_breaker()
    breaker.open_for(10.0, 0.0)
    assert breaker.state(10.0) == "half_open"
    assert breaker.room(10.0) == 1
    breaker.began(10.0)
    assert breaker.room(10.0) == 0  # one, and no more
    breaker.failed(11.0)
    assert breaker.state(20.9) == "open"
    assert breaker.state(21.0) == "half_open"
    breaker.succeeded(20.0)  # a call that began before it opened
    assert breaker.state(20.9) == "open"
    breaker.began(21.0)
    breaker.succeeded(21.5)
    assert breaker.state(21.0) == "closed"
    assert breaker.room(21.0) == MANY


def test_a_probe_that_tells_nothing_leaves_room_for_another() -> None:
    breaker = a_breaker()
    breaker.open_for(10.0, 0.0)
    breaker.began(10.0)
    breaker.undecided()
    assert breaker.room(10.0) == 1


def test_a_partner_that_asks_for_a_longer_pause_gets_it() -> None:
    breaker = a_breaker()
    breaker.open_for(60.0, 0.0)
    assert breaker.state(59.0) == "open"
    breaker = a_breaker()
    breaker.open_for(10.0, 0.0)
    breaker.failed(1.0)  # began before it opened
    assert breaker.state(10.0) == "half_open"


def test_credits_are_what_is_free_of_the_partners_capacity() -> None:
    allowance = Credits(Capacity(at_once=4), a_breaker())
    assert allowance.free(0.0) == 4
    allowance.begin(0.0)
    assert allowance.free(0.0) == 3
    allowance.share(2)
    assert allowance.free(0.0) == 1
    allowance.share(9)
    assert allowance.at_once == 1
    assert allowance.free(0.0) == 0
    assert allowance.wait_s(0.0) == math.inf  # only the end of a call helps
    allowance.end()
    assert allowance.free(0.0) == 1


def test_a_rate_is_shared_and_says_when_the_next_may_go() -> None:
    allowance = Credits(Capacity(at_once=50, per_s=10, burst=2), a_breaker())
    for _ in range(2):
        assert allowance.free(0.0)
        allowance.begin(0.0)
    assert allowance.free(0.0) == 0
    assert allowance.wait_s(0.0) == pytest.approx(0.1)
    allowance.share(2)
    assert allowance.free(0.15) == 0  # the half of ten a second
    assert allowance.free(0.3) >= 1


def test_an_open_breaker_gives_no_credit_and_a_half_open_one_gives_one() -> None:
    allowance = Credits(Capacity(at_once=8), a_breaker())
    allowance.breaker.open_for(10.0, 0.0)
    assert allowance.free(5.0) == 0
    assert allowance.wait_s(5.0) == 5.0
    assert allowance.free(10.0) == 1
    allowance.begin(10.0)
    assert allowance.free(10.0) == 0


def test_the_lines_are_served_eight_to_three_to_one() -> None:
    lines: RunnerLines[str] = RunnerLines()
    for number in range(1200):
        lines.put("now", f"now-{number}")
        lines.put("soon", f"soon-{number}")
        lines.put("bulk", f"bulk-{number}")
    served = [lines.take() for _ in range(600)]
    assert Counter(one.partition("-")[0] for one in served) == {"now": 400, "soon": 150, "bulk": 50}
    assert [one for one in served if one.startswith("now")] == [f"now-{number}" for number in range(400)]


def test_a_code_that_comes_late_does_not_wait_behind_a_broadcast() -> None:
    lines: RunnerLines[str] = RunnerLines()
    for number in range(10_000):
        lines.put("bulk", f"bulk-{number}")
    for _ in range(100):
        lines.take()
    lines.put("now", "code")
    assert "code" in {lines.take() for _ in range(2)}


def test_nothing_is_lost_in_the_lines() -> None:
    lines: RunnerLines[int] = RunnerLines()
    lines.put("bulk", 1)
    lines.put("now", 2)
    lines.put("soon", 3)
    assert len(lines) == 3
    assert sorted(lines.clear()) == [1, 2, 3]
    assert not len(lines)
    with pytest.raises(LookupError):
        lines.take()


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_pause_never_exceeds_its_ceiling(attempts: int, draw: float) -> None:
    pause = pause_s(attempts, first_s=0.5, longest_s=300, dice=lambda: draw)
    assert 0 <= pause <= min(300, 0.5 * 2 ** min(attempts - 1, 32))


def test_what_the_partner_asked_for_is_the_least() -> None:
    assert pause_s(1, first_s=0.5, longest_s=300, dice=lambda: 0.0, at_least_s=7.0) == 7.0
    assert pause_s(3, first_s=0.5, longest_s=300, dice=lambda: 0.5, at_least_s=7.0) == 8.0


def test_what_takes_long_is_parked() -> None:
    assert next_step(20_000, created_at_ms=0, keep_s=20) == "retry"
    assert next_step(20_001, created_at_ms=0, keep_s=20) == "park"


def test_the_last_attempt_is_not_put_off_beyond_the_deadline() -> None:
    assert due_ms(1_000, pause_s=300.0, deadline_ms=None) == 301_000
    assert due_ms(1_000, pause_s=300.0, deadline_ms=200_000) == 198_000  # with two seconds to be carried out in
    assert due_ms(1_000, pause_s=5.0, deadline_ms=200_000) == 6_000
    assert due_ms(199_000, pause_s=300.0, deadline_ms=200_000) == 499_000  # too late for another
    assert due_ms(1_000, pause_s=300.0, deadline_ms=200_000, at_least_s=250.0) == 301_000  # the partner's word stands


def test_a_key_that_had_to_be_changed_says_so() -> None:
    assert str(PartnerKey(bytes(16))) == "atv_" + "a" * 26
    assert str(PartnerKey(bytes(16), 2)) == "atv_" + "a" * 26 + "-2"
