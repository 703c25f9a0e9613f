"""Money: integer minor units of a currency. Exact: what is divided is rounded once, and what is split adds up. And the
port at which calendars ask whoever knows prices what a time costs.

The exponents are those of ISO 4217 (list one, https://www.six-group.com/en/products-services/financial-information/
data-standards.html): how many decimals the minor unit has.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

LARGEST: Final = 10**9
Amount = Annotated[int, Meta(ge=0, le=LARGEST)]
PositiveAmount = Annotated[int, Meta(ge=1, le=LARGEST)]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Rate = Annotated[str, Meta(pattern=r"\A(?:\d{1,2}(?:\.\d{1,4})?|100)\Z")]
"""A percentage as text: "19", "7.7"."""

_TWO: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
    "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN "
    "NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS: Final = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units of a currency; may be negative."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Raises ValueError: another currency."""
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Raises ValueError: another currency."""
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return other.amount


def is_currency(text: str) -> bool:
    """Is it a currency of ISO 4217 in which somebody can be billed?"""
    return text in EXPONENTS


def rounded(numerator: int, denominator: int) -> int:
    """`numerator / denominator`, exact, rounded once: half away from zero. Raises ZeroDivisionError."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    half = (2 * abs(numerator) + denominator) // (2 * denominator)
    return half if numerator >= 0 else -half


def share(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole`, rounded."""
    return rounded(amount * part, whole)


def percent_of(amount: int, percent: str | int) -> int:
    """`amount * percent / 100`, rounded; `percent` as a decimal number ("7.7"). Raises ValueError: it is none."""
    numerator, denominator = fraction(percent)
    return rounded(amount * numerator, 100 * denominator)


def fraction(decimal: str | int) -> tuple[int, int]:
    """A decimal number as numerator and denominator: "7.7" is (77, 10). Raises ValueError."""
    text = str(decimal)
    whole, _, digits = text.partition(".")
    if not (whole.removeprefix("-").isdecimal() and (digits.isdecimal() or not digits)):
        raise ValueError("not a decimal number")
    return int(whole + digits), int(10 ** len(digits))


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` in parts that are to each other as the weights and add up to it, by largest remainder (Hamilton; ties go
    to whoever comes first). A part of weight 0 gets nothing.

    Raises:
        ValueError: a weight is negative, or none is positive though there is something to split.
    """
    total = sum(weights)
    if any(weight < 0 for weight in weights) or (total == 0 and amount):
        raise ValueError("weights are not negative, and one is positive")
    if not amount:
        return [0] * len(weights)
    sign, size = (1 if amount > 0 else -1), abs(amount)
    parts = [size * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(size * weights[place] % total), place))
    for place in by_remainder[: size - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]


def decimal(amount: int, currency: str) -> str:
    """`1234` EUR is `12.34`; JPY has no decimals."""
    digits = EXPONENTS.get(currency, 2)
    whole = f"{abs(amount):0{digits + 1}d}"
    text = f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole
    return f"-{text}" if amount < 0 else text


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A time that somebody books, whose price is wanted. `waits`: nothing but the payment is to confirm it. `saves`: of
    a series it is the first, whose method pays for the others; of those `first` is the booking that it is."""

    booking: str
    therapist: str
    client: str
    service: str
    start: int
    end: int
    tz: str
    codes: tuple[str, ...] = ()
    waits: bool = True
    first: str = ""
    saves: bool = False


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A price. `bill` is the id of the bill that `opening`, a packed command, opens; `texts` is what that says in
    words. `prepaid`: it is held for `hold_ms` until that is paid. `reserved`: the package that pays for it."""

    bill: str
    amount: int
    currency: str
    opening: bytes
    texts: bytes
    prepaid: bool
    hold_ms: int
    codes: tuple[str, ...] = ()
    booking: str = ""
    reserved: str = ""


class Quotes(Protocol):
    """Prices of sessions, and their bills."""

    async def quote(self, wanted: QuoteRequest) -> Quoted | None:
        """The price on which it is booked, its codes reserved. None: nothing is to be paid by way of Carewire.

        Raises:
            NotFound: there is no such code.
            FailedPrecondition: a code is used up, or not for this.
        """
        ...

    async def open(self, quoted: Quoted) -> None:
        """Its bill is there on return. Idempotent. Raises Unavailable."""
        ...

    async def lapse(self, quoted: Quoted) -> None:
        """It was not booked: its codes, and the unit of a package, are free again."""
        ...
