"""Ids and times as they appear on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.clock import to_rfc3339
from common.ids import from_base32, is_id, new_id, to_base32


@pytest.mark.parametrize("text", ["a", "msg_01J", "alice@example.org", "room:42", "a" * 128])
def test_ids_of_the_contract_are_ids(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "-a", "a b", "a/b", "a" * 129, "é", "a\n", "$gt"])
def test_anything_else_is_no_id(text: str) -> None:
    assert not is_id(text)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_ids_sort_by_the_time_they_were_made(one: int, other: int) -> None:
    if one < other:
        assert new_id("msg", one) < new_id("msg", other)


@given(st.integers(0, 2**50 - 1))
def test_base32_comes_back(value: int) -> None:
    assert from_base32(to_base32(value, 10)) == value


def test_times_are_rfc3339_with_milliseconds() -> None:
    assert to_rfc3339(1_763_631_000_000) == "2025-11-20T09:30:00.000Z"
    assert to_rfc3339(7) == "1970-01-01T00:00:00.007Z"
