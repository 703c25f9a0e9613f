"""The ramp that locust follows."""

import pytest

from loadtests.lib.steps import LoadStep, at, parse


def test_steps_follow_one_another() -> None:
    assert parse("100:60,500:30, 10:5") == [LoadStep(100, 60.0), LoadStep(500, 90.0), LoadStep(10, 95.0)]


@pytest.mark.parametrize("text", ["", "100", "100:", ":60", "a:60", "100:0", "100:60,", "-1:5", "100:60:5"])
def test_what_is_no_step_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write users:seconds, as in 50:30"):
        parse(text)


def test_users_come_over_the_beginning_of_a_step_and_leave_likewise() -> None:
    steps = parse("100:60,500:60,0:10")
    assert at(steps, 0.0, step_s=10, now=0) == (100, 10.0)
    assert at(steps, 59.9, step_s=10, now=100) == (100, 1.0)
    assert at(steps, 60.0, step_s=10, now=100) == (500, 40.0)
    assert at(steps, 120.0, step_s=10, now=500) == (0, 50.0)
    assert at(steps, 130.0, step_s=10, now=0) is None
