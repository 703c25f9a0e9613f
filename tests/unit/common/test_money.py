"""Money: what is divided is rounded once, what is split adds up, and two currencies never meet."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import Money, apportion, decimal, percent_of, rounded, share

AMOUNTS = st.integers(-(10**12), 10**12)


def half_away(value: Fraction) -> int:
    """What `rounded` promises, the slow way."""
    whole, rest = divmod(abs(value), 1)
    size = int(whole) + (rest >= Fraction(1, 2))
    return size if value >= 0 else -size


@given(AMOUNTS, st.integers(-(10**6), 10**6).filter(bool))
def test_rounding_is_exact_and_half_goes_away_from_zero(numerator: int, denominator: int) -> None:
    assert rounded(numerator, denominator) == half_away(Fraction(numerator, denominator))


@given(AMOUNTS, st.integers(0, 10**6))
def test_a_percentage_is_rounded_once(amount: int, hundredths: int) -> None:
    percent = f"{hundredths // 10_000}.{hundredths % 10_000:04d}"
    assert percent_of(amount, percent) == half_away(Fraction(amount) * Fraction(percent) / 100)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_parts_add_up_to_the_whole_and_are_no_further_than_one_from_their_share(
    amount: int, weights: list[int]
) -> None:
    total = sum(weights)
    if not total:
        if amount:
            with pytest.raises(ValueError, match="positive"):
                apportion(amount, weights)
        return
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount) * weight / total) < 1


def test_shares_are_rounded_and_currencies_do_not_mix() -> None:
    assert (share(100, 1, 3), share(-100, 1, 8)) == (33, -13)
    assert Money(1, "EUR") + Money(2, "EUR") - Money(4, "EUR") == -Money(1, "EUR")
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1234, "EUR", "12.34"), (-5, "EUR", "-0.05"), (1234, "JPY", "1234"), (1234, "KWD", "1.234")],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert decimal(amount, currency) == text
