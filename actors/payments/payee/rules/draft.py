"""One change of a payee while it is decided."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Decision, SetTimer
from actors.payments import ledger
from actors.payments.activities import AccountAsk, encode
from actors.payments.ledger import LedgerEntry
from actors.payments.payee.commands import PayeeOf, PayoutsDue
from actors.payments.payee.events import PayeeChanged, PayoutAsked
from actors.payments.payee.state import KEPT, PayeeRecord, PayoutRecord

replace = msgspec.structs.replace
DAY_MS: Final = 86_400_000
MANUAL: Final = "manual"


@dataclass(slots=True)
class PayeeDraft:
    """`link`: the page of the account, which is secret. `made`: payouts that are new."""

    record: PayeeRecord
    now_ms: int
    change: str = ""
    entries: list[LedgerEntry] = field(default_factory=list)
    asked: list[PayoutAsked] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    timers: list[SetTimer] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    arrival: str = ""
    link: bytes | None = None

    def set(self, change: str, **members: Any) -> None:
        """Other members of the record. The first word counts."""
        self.record = replace(self.record, **members)
        self.change = self.change or change

    def put(self, payout: PayoutRecord, change: str) -> PayoutRecord:
        """A payout, new or changed."""
        payout = replace(payout, updated=self.now_ms)
        known = self.record.payout(payout.id) is not None
        kept = [payout if one.id == payout.id else one for one in self.record.payouts]
        self.set(change, payouts=_bounded(kept if known else [*kept, payout]))
        if payout.id not in self.touched:
            self.touched.append(payout.id)
        return payout

    def ask(self, provider: str, verb: str, about: str, ask: AccountAsk) -> None:
        """Ask a provider. Keys name what is asked, and of which payout ("": of the account)."""
        number = self.record.asks + 1
        self.set("asked", asks=number)
        key = "|".join([provider, verb, str(number), about])
        self.asked.append(PayoutAsked(connector=provider, key=key, payload=encode(ask)))

    def move(self, payout: PayoutRecord, amount: int) -> None:
        """So much of a payout has left us; below 0, has come back."""
        held = ledger.BANK if payout.provider == MANUAL else ledger.provider(payout.provider)
        self.entries.append(
            LedgerEntry(
                kind="payout",
                currency=payout.currency,
                postings=((ledger.payable(self.record.id), amount), (held, -amount)),
                source=payout.ref,
                provider=payout.provider,
                therapist=self.record.id,
            )
        )

    def plan(self) -> None:
        """The first day on which there is something to pay out by itself, or to look for: a payout of which nobody
        knows what became, an account that took no payouts when it was last read."""
        account, due = self.record.account, self.record.first_due()
        if any(one.status == "pending" and not one.asked for one in self.record.payouts):
            due = self.now_ms
        elif account is None or not account.ref or account.provider == MANUAL:
            return
        if due is None:
            return
        day = max(due, self.now_ms) // DAY_MS + 1
        if not self.now_ms < self.record.planned * DAY_MS <= day * DAY_MS:
            self.record = replace(self.record, planned=day)
            command = msgspec.msgpack.encode(PayoutsDue(day))
            self.timers.append(SetTimer(f"payouts:{day}", day * DAY_MS, command))

    def decision(self, *, reply: bool = False) -> Decision:
        """What is to happen."""
        made = tuple(self.made)
        answer = PayeeOf(record=self.record, made=made) if reply else None
        if not (self.change or self.arrival):
            return Decision(answer)
        event = PayeeChanged(
            change=self.change or "heard",
            record=self.record,
            payouts=tuple(one for one in self.record.payouts if one.id in self.touched),
            entries=tuple(self.entries),
            asked=tuple(self.asked),
            bound=tuple(self.bound),
            arrival=self.arrival,
            linked=self.link is not None,
            secret=self.link,
            author=self.record.id if self.link is not None else "",
        )
        return Decision(answer, events=[event], timers=self.timers)


def _bounded(payouts: list[PayoutRecord]) -> tuple[PayoutRecord, ...]:
    """All that are under way, and the last of the others."""
    over = [one.id for one in payouts if one.status != "pending" and not one.asked]
    gone = set(over[: max(0, len(over) - KEPT)])
    return tuple(one for one in payouts if one.id not in gone)
