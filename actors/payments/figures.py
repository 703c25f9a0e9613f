"""Figures of a time, from the postings alone: what came in, what went back, what it cost. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from actors.payments.ledger import PostedRow

GroupBy = Literal["day", "therapist", "service", "provider"]
_CHARGE: Final = "charge"
_LOST: Final = ("dispute", "dispute_won")


class RevenueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """`gross`: taken; `net`: what is left of it once refunds, disputes, fees and tax are gone."""

    gross: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    tax: int = 0
    recovered: int = 0
    payments: int = 0

    @property
    def net(self) -> int:
        """What is left."""
        return self.gross - self.refunds - self.disputes - self.fees - self.tax


@dataclass(slots=True)
class _Sum:
    gross: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    tax: int = 0
    recovered: int = 0
    payments: set[str] = field(default_factory=set)

    def add(self, row: PostedRow) -> None:
        """One posting."""
        held = row.account.startswith("provider:")
        if held and row.kind == _CHARGE:
            self.gross += row.amount
            self.recovered += row.amount if row.recovered else 0
            self.payments.add(f"{row.entity}|{row.source}")
        elif held and row.kind == "refund":
            self.refunds -= row.amount
        elif row.kind in _LOST and held:
            self.disputes -= row.amount
        elif row.account.startswith("fees:"):
            self.fees += row.amount
        elif row.account.startswith("tax:"):
            self.tax -= row.amount

    def done(self) -> RevenueFigures:
        """The figures."""
        return RevenueFigures(
            gross=self.gross,
            refunds=self.refunds,
            disputes=self.disputes,
            fees=self.fees,
            tax=self.tax,
            recovered=self.recovered,
            payments=len(self.payments),
        )


def figures(rows: Iterable[PostedRow]) -> RevenueFigures:
    """Of all of them."""
    found = _Sum()
    for row in rows:
        found.add(row)
    return found.done()


def grouped(rows: Sequence[PostedRow], by: GroupBy) -> dict[str, RevenueFigures]:
    """By group; the sum of the groups is the whole."""
    sums: dict[str, _Sum] = {}
    for row in rows:
        sums.setdefault(_group(row, by), _Sum()).add(row)
    return {name: one.done() for name, one in sorted(sums.items())}


def _group(row: PostedRow, by: GroupBy) -> str:
    if by == "day":
        return datetime.fromtimestamp(row.at / 1000, UTC).strftime("%Y-%m-%d")
    return str(getattr(row, by)) or "none"
