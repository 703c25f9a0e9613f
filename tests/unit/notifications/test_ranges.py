"""Numbers that have been read: laws against a plain set, and what it costs."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.notifications.notifier.items.ranges import MOST, Ranges

DEEDS = st.lists(st.tuples(st.sampled_from(["add", "remove", "fill"]), st.integers(1, 40)), max_size=60)


@given(DEEDS)
def test_it_is_a_set_of_numbers(deeds: list[tuple[str, int]]) -> None:
    ranges, numbers = Ranges(), set[int]()
    for deed, number in deeds:
        if deed == "add":
            assert ranges.add(number) is (number not in numbers)
            numbers.add(number)
        elif deed == "remove":
            assert ranges.remove(number) is (number in numbers)
            numbers.discard(number)
        else:
            ranges.fill(number)
            numbers |= set(range(1, number + 1))
        assert [one for one in range(1, 45) if one in ranges] == sorted(numbers)
        assert ranges.size == len(numbers)
        stretches = list(zip(ranges.firsts, ranges.lasts, strict=True))
        assert all(low <= high for low, high in stretches)
        assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(stretches))


@pytest.mark.parametrize("count", [10, 1_000, 100_000])
def test_reading_all_costs_the_same_however_many_there_are(count: int) -> None:
    ranges = Ranges()
    ranges.fill(count)
    assert (ranges.size, len(ranges.firsts)) == (count, 1)
    assert len(msgspec.msgpack.encode(ranges)) <= 16


def test_beyond_so_many_exceptions_the_oldest_gap_is_filled() -> None:
    ranges = Ranges()
    for number in range(2, 2 * MOST + 6, 2):
        ranges.add(number)
    assert len(ranges.firsts) <= MOST
    assert 1 in ranges
    assert 2 * MOST + 3 not in ranges
    assert ranges.size == sum(high - low + 1 for low, high in zip(ranges.firsts, ranges.lasts, strict=True))
