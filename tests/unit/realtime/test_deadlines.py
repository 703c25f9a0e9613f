"""Timers: in order, once, and never after they were cancelled."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.delivery.deadlines import Deadline, Deadlines
from tests.simulation.loop import VirtualClock, VirtualLoop, run


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def now_ms(self) -> int:
        return int(self.now_s * 1000)

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.now_s


def test_what_is_due_goes_off_once_the_earliest_first() -> None:
    clock = StillClock()
    deadlines = Deadlines(clock)
    gone: list[str] = []
    for name, delay_s in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        deadlines.after(delay_s, lambda name=name: gone.append(name))  # type: ignore[misc] # a default binds the loop's value
    clock.now_s += 2.0
    deadlines.run_due()
    deadlines.run_due()
    assert gone == ["early", "middle"]
    assert len(deadlines) == 1


def test_a_deadline_that_fails_does_not_stop_the_others() -> None:
    clock = StillClock()
    deadlines = Deadlines(clock)
    gone: list[int] = []
    deadlines.after(1.0, lambda: gone.append(1 // 0))
    deadlines.after(1.0, lambda: gone.append(2))
    clock.now_s += 1.0
    deadlines.run_due()
    assert gone == [2]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=50), st.floats(0, 12))
def test_exactly_what_is_due_and_not_cancelled_goes_off(wanted: list[tuple[float, bool]], passed_s: float) -> None:
    clock = StillClock()
    deadlines = Deadlines(clock)
    gone: list[int] = []

    def note(number: int) -> Callable[[], None]:
        return lambda: gone.append(number)

    made: list[Deadline] = [deadlines.after(delay_s, note(number)) for number, (delay_s, _) in enumerate(wanted)]
    for deadline, (_, cancelled) in zip(made, wanted, strict=True):
        if cancelled:
            deadline.cancel()
            deadline.cancel()
    clock.now_s += passed_s
    deadlines.run_due()
    due = [number for number, deadline in enumerate(made) if deadline.due_s <= clock.now_s and not wanted[number][1]]
    assert sorted(gone) == due
    assert len(deadlines) == len(wanted) - len(due) - sum(cancelled for _, cancelled in wanted)


def test_cancelled_deadlines_do_not_pile_up() -> None:
    deadlines = Deadlines(StillClock())
    for _ in range(10_000):
        deadlines.after(60.0, lambda: None).cancel()
    assert len(deadlines) == 0
    assert len(deadlines._heap) < 2_500


def test_on_a_loop_they_go_off_by_themselves_also_when_an_earlier_one_comes_later() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        deadlines = Deadlines(VirtualClock(loop))
        deadlines.start()
        gone: list[tuple[str, float]] = []
        deadlines.after(0.05, lambda: gone.append(("second", loop.time())))
        deadlines.after(0.01, lambda: gone.append(("first", loop.time())))
        deadlines.after(0.03, lambda: gone.append(("never", loop.time()))).cancel()
        await asyncio.sleep(10)
        assert [name for name, _ in gone] == ["first", "second"]
        assert [at_s for _, at_s in gone] == [pytest.approx(0.01), pytest.approx(0.05)]
        deadlines.after(0.0, lambda: pytest.fail("stopped"))
        deadlines.stop()
        await asyncio.sleep(10)
        assert len(deadlines) == 0

    run(loop, main())
