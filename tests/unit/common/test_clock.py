"""Two readings of one clock."""

from common.clock import MovableClock, SystemClock, to_rfc3339


def test_the_two_are_the_same_until_the_platform_s_is_moved() -> None:
    clock = MovableClock()
    assert clock.now_ms() <= clock.platform_ms() <= SystemClock().platform_ms()
    assert clock.move(3_600_000)
    before = SystemClock().now_ms()
    assert before + 3_600_000 <= clock.platform_ms()
    assert clock.now_ms() <= SystemClock().now_ms()  # the wall's has not moved


def test_it_never_runs_backwards() -> None:
    clock = MovableClock(5000)
    assert not clock.move(4000)
    assert not clock.move(5000)
    assert clock.ahead_ms == 5000


def test_instants_are_written_with_milliseconds() -> None:
    assert to_rfc3339(1763631000000) == "2025-11-20T09:30:00.000Z"
