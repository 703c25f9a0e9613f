"""Trying again: how often, and when."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from common.errors import Overloaded, Unavailable
from common.lib.retry import Backoff, retry
from tests.simulation.loop import VirtualLoop, run


class Sleeper:
    """Keeps time by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses: list[float] = []

    async def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.now_s += pause_s


def drawing(*values: float) -> Iterator[float]:
    return iter(values)


def test_pauses_are_drawn_below_a_ceiling_that_doubles_up_to_a_bound() -> None:
    backoff = Backoff(0.1, 0.5, dice=drawing(1.0, 0.5, 0.25, 1.0, 0.0).__next__)
    assert [backoff.next_s() for _ in range(5)] == [0.1, 0.1, 0.1, 0.5, 0.0]
    backoff.reset()
    assert backoff.ceiling_s == 0.1


async def test_what_the_other_side_asked_for_is_the_least_and_chance_comes_on_top() -> None:
    sleeper = Sleeper()
    await Backoff(0.5, 1.0, dice=lambda: 0.5, sleep=sleeper.sleep).pause(at_least_s=2.0)
    assert sleeper.pauses == [2.25]


async def test_an_action_is_repeated_until_it_works() -> None:
    sleeper = Sleeper()
    left = [Unavailable("no"), Overloaded("no")]

    async def action() -> str:
        if left:
            raise left.pop()
        return "done"

    backoff = Backoff(0.1, 1.0, dice=lambda: 1.0, sleep=sleeper.sleep)
    assert await retry(action, Unavailable, Overloaded, backoff=backoff) == "done"
    assert sleeper.pauses == [0.1, 0.2]


async def test_no_pause_reaches_beyond_the_deadline() -> None:
    sleeper = Sleeper()

    async def action() -> None:
        raise Unavailable("no")

    backoff = Backoff(1.0, 8.0, dice=lambda: 1.0, sleep=sleeper.sleep)
    with pytest.raises(Unavailable):
        await retry(action, Unavailable, backoff=backoff, until_s=6.0, now_s=lambda: sleeper.now_s)
    assert sleeper.pauses == [1.0, 2.0]  # the third might have lasted until the 7th second


async def test_what_it_was_not_told_to_repeat_is_raised_at_once() -> None:
    async def action() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await retry(action, Unavailable, backoff=Backoff(0.1, 1.0))


def test_the_deadline_is_by_the_event_loops_clock_where_none_is_given() -> None:
    async def action() -> None:
        raise Unavailable("no")

    async def main() -> float:
        with pytest.raises(Unavailable):
            await retry(action, Unavailable, backoff=Backoff(1.0, 1.0, dice=lambda: 0.75), until_s=5.0)
        return asyncio.get_running_loop().time()

    assert run(VirtualLoop(), main()) == 4.5  # six pauses of 0.75; the next might end at 5.5


def test_those_who_failed_together_do_not_come_back_together() -> None:
    """Twin: without chance all of them come back in the same moment."""

    def moments(*, jitter: bool) -> set[float]:
        dice = random.Random(7).random if jitter else (lambda: 1.0)
        return {round(Backoff(1.0, 1.0, dice=dice).next_s(), 2) for _ in range(50)}

    assert len(moments(jitter=True)) > 25
    assert len(moments(jitter=False)) == 1
