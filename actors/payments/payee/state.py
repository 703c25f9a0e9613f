"""What a therapist is owed, as data. Amounts are minor units, times in milliseconds."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

PayoutStatus = Literal["pending", "paid", "failed", "reversed"]
KEPT: Final = 30
"""Payouts that are over of which the record is kept; the others are in the read model."""


class PayableItem(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is owed for a bill, below 0 for a debt: `gross` was taken of it, `share` is the therapist's, `fee` the
    platform's; the rest is tax. `release`: from when on it is paid out; 0: not before the session is over.
    `bill` names a payout where a part of that was taken back."""

    bill: str
    gross: int
    share: int
    fee: int
    currency: str
    release: int = 0

    def is_due(self, now_ms: int) -> bool:
        """Is it time?"""
        return 0 < self.release <= now_ms


class PayoutRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A payout. `taken_back`: how much of it has come back. `asked`: what its provider was asked and has not answered:
    transfer, look, read or reverse. `code`: why it failed."""

    id: str
    provider: str
    account: str
    amount: int
    currency: str
    items: tuple[PayableItem, ...]
    created: int
    updated: int
    status: PayoutStatus = "pending"
    ref: str = ""
    taken_back: int = 0
    asked: str = ""
    code: str = ""


class PayeeAccount(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where it is paid to. `ref`: the provider's id of it, "" while it is opened. `code`: why that failed.
    `link_seq`: the number of the event whose secret is the page on which its owner completes it."""

    provider: str
    ref: str = ""
    enabled: bool = False
    requirements: tuple[str, ...] = ()
    code: str = ""
    link_seq: int = 0
    heard: int = 0


class PayeeRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A therapist as somebody who is paid. `payouts`: those that are under way, and the last that are over; `made`: how
    many there ever were. `planned`: the day for which a payout is planned by a timer."""

    id: str
    items: tuple[PayableItem, ...] = ()
    payouts: tuple[PayoutRecord, ...] = ()
    account: PayeeAccount | None = None
    made: int = 0
    asks: int = 0
    planned: int = 0

    def balance(self, currency: str, now_ms: int) -> tuple[int, int]:
        """What can be paid out by now, and what cannot yet. The first is below 0 for a debt."""
        due = sum(one.share for one in self.items if one.currency == currency and one.is_due(now_ms))
        return due, sum(one.share for one in self.items if one.currency == currency) - due

    def first_due(self) -> int | None:
        """When first more is due than is owed back, as far as that is known."""
        found: list[int] = []
        for currency in {one.currency for one in self.items}:
            total = 0
            for item in sorted((one for one in self.items if one.currency == currency), key=lambda one: one.release):
                total += item.share if item.release else 0
                if item.release and total > 0:
                    found.append(item.release)
                    break
        return min(found, default=None)

    def payout(self, payout_id: str) -> PayoutRecord | None:
        """The payout with this id, if it is kept."""
        return next((one for one in self.payouts if one.id == payout_id), None)


def payee_of(payout_id: str) -> str:
    """Whose a payout is, by its id. "": it is none of ours."""
    therapist, dash, number = payout_id.removeprefix("pot_").rpartition("-")
    return therapist if payout_id.startswith("pot_") and dash and number.isdecimal() else ""


def with_item(items: Iterable[PayableItem], new: PayableItem) -> tuple[PayableItem, ...]:
    """One item for each bill and currency: what goes back lessens what is not paid out yet, and is a debt where nothing
    is left of that. What is owed nothing is left out."""
    kept: list[PayableItem] = []
    for one in items:
        if (one.bill, one.currency) == (new.bill, new.currency):
            release = one.release if new.share < 0 else new.release
            new = msgspec.structs.replace(
                new, gross=one.gross + new.gross, share=one.share + new.share, fee=one.fee + new.fee, release=release
            )
        else:
            kept.append(one)
    return (*kept, new) if new.share else tuple(kept)
