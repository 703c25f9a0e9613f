"""Whether a process's memory grows."""

import os

import psutil
import pytest

from loadtests.lib.memory import Course, MemorySample, by_command, courses, growth, sample
from loadtests.scenarios.soak import table


def run(*values_mb: float) -> list[MemorySample]:
    """One process, sampled once a minute."""
    return [MemorySample(60.0 * minute, {"shard": value}) for minute, value in enumerate(values_mb)]


def test_growth_before_it_has_settled_does_not_count() -> None:
    (course,) = courses(run(50, 90, 100, 100, 100, 100), settled_s=120)
    assert (course.first_mb, course.last_mb, course.mb_per_minute) == (100, 100, 0)
    assert course.is_flat(0.05)


def test_steady_growth_is_seen_with_its_pace() -> None:
    (course,) = courses(run(*range(100, 121)), settled_s=0)
    assert course.mb_per_minute == pytest.approx(1.0)
    assert not course.is_flat(0.05)
    assert course.is_flat(0.25)


def test_an_arena_of_a_small_process_is_no_growth() -> None:
    assert Course("small", 20.0, 23.9, 24.0, 0.2).is_flat(0.05)
    assert not Course("small", 20.0, 24.1, 24.1, 0.2).is_flat(0.05)


def test_a_process_that_came_later_or_ended_is_left_out() -> None:
    samples = [MemorySample(0, {"a": 1, "b": 1}), MemorySample(1, {"a": 1}), MemorySample(2, {"a": 1, "c": 1})]
    assert [course.name for course in courses(samples, settled_s=0)] == ["a"]


def test_a_run_that_is_too_short_says_so() -> None:
    with pytest.raises(ValueError, match="before it had settled"):
        courses(run(1, 1), settled_s=60)


def test_growth_is_told_a_connection_and_of_those_that_grew() -> None:
    before, after = MemorySample(0, {"gateway": 100, "shard": 50}), MemorySample(9, {"gateway": 110, "shard": 50})
    assert growth(before, after, 1024) == "10.0 KB a connection (gateway 10.0)"


def test_processes_are_sampled_by_name_and_growing_ones_marked() -> None:
    me = psutil.Process(os.getpid())
    found = sample(by_command([me, me]), 3.0)
    assert found.at_s == 3.0
    assert len(found.mb) == 2
    assert all(mb > 1 for mb in found.mb.values())
    assert table([Course("shard", 100, 120, 120, 1.0)]).splitlines()[1].endswith("grows")
