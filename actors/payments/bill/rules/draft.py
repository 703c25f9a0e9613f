"""One change of a bill while it is decided: what the record is then, the money that moved, what is asked of whom."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Decision, SetTimer
from actors.payments import ledger
from actors.payments.activities import PaymentAsk, encode
from actors.payments.bill.cards import BillCard
from actors.payments.bill.events import BillChanged, Heard, ProviderCall
from actors.payments.bill.letters import Poll
from actors.payments.bill.state import BillRecord, DisputeRecord, PaymentRecord, RefundRecord
from actors.payments.ledger import LedgerEntry, Posting

replace = msgspec.structs.replace
MOST_CARDS: Final = 50
"""Of the messages that show a bill, so many are told how it is: the last."""


@dataclass(slots=True)
class Draft:
    """`poll_ms`: after how long without news a live payment is read again. `inline`: what is asked of the provider
    `manual`, which has no process: it is answered before the turn ends."""

    record: BillRecord
    now_ms: int
    poll_ms: int
    before: BillRecord = field(init=False)
    entries: list[LedgerEntry] = field(default_factory=list)
    asked: list[ProviderCall] = field(default_factory=list)
    inline: list[tuple[str, PaymentAsk]] = field(default_factory=list)
    arrivals: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    release: list[str] = field(default_factory=list)
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    timers: list[SetTimer] = field(default_factory=list)
    change: str = ""
    secret: bytes | None = None
    secret_of: str = ""
    author: str = ""

    def __post_init__(self) -> None:
        self.before = self.record

    def set(self, change: str = "", **members: Any) -> None:
        """Other members of the record. `change`: the word for it; the first counts."""
        self.record = replace(self.record, updated=self.now_ms, **members)
        self.name(change)

    def name(self, change: str) -> None:
        """The word for what happened; the first counts."""
        self.change = self.change or change

    def put(self, payment: PaymentRecord, *, change: str = "") -> PaymentRecord:
        """A payment, new or changed."""
        payment = replace(payment, updated=self.now_ms)
        others = self.record.payments
        known = any(one.id == payment.id for one in others)
        kept = tuple(payment if one.id == payment.id else one for one in others) if known else (*others, payment)
        self.set(change, payments=kept)
        self.touch(payment.id)
        return payment

    def swap(self, payment: PaymentRecord) -> PaymentRecord:
        """A payment of which only the bookkeeping changed: nobody is told."""
        kept = tuple(payment if one.id == payment.id else one for one in self.record.payments)
        self.record = replace(self.record, payments=kept)
        return payment

    def place(self, card: BillCard) -> None:
        """One block more that shows it: nothing that anybody is told of."""
        if card not in self.record.cards:
            self.record = replace(self.record, cards=(*self.record.cards, card)[-MOST_CARDS:])

    def put_refund(self, refund: RefundRecord, *, change: str = "") -> None:
        """A refund, new or changed. What has come back, or did not after all, shows in its payment too."""
        others = self.record.refunds
        known = any(one.id == refund.id for one in others)
        done = any(one.id == refund.id and one.status == "succeeded" for one in others)
        kept = tuple(refund if one.id == refund.id else one for one in others) if known else (*others, refund)
        self.set(change, refunds=kept)
        self.touch(refund.id)
        if done != (refund.status == "succeeded"):
            self.touch(refund.payment)

    def put_dispute(self, dispute: DisputeRecord, *, change: str = "") -> None:
        """A dispute, new or changed."""
        others = self.record.disputes
        known = any(one.id == dispute.id for one in others)
        kept = tuple(dispute if one.id == dispute.id else one for one in others) if known else (*others, dispute)
        self.set(change, disputes=kept)
        self.touch(dispute.id)

    def letter(self, to: str, command: msgspec.Struct) -> None:
        """Tell another bill."""
        self.letters.append((to, msgspec.msgpack.encode(command)))

    def touch(self, id_: str) -> None:
        """This object is not what it was."""
        if id_ not in self.changed:
            self.changed.append(id_)

    def ask(self, payment: PaymentRecord, verb: str, ask: PaymentAsk, about: str = "", *, sealed: bool = False) -> None:
        """Ask the payment's provider. Keys name the payment, what is asked, and what it is about."""
        payment = self.record.payment(payment.id) or payment
        number = payment.asks + 1
        self.put(replace(payment, asks=number, asked=verb if verb == "confirm" else payment.asked))
        key = "|".join([payment.id, verb, str(number), about])
        if payment.provider == "manual":
            self.inline.append((key, ask))
            return
        payload = encode(ask)
        self.asked.append(
            ProviderCall(connector=payment.provider, key=key, payload=b"" if sealed else payload, sealed=sealed)
        )
        if sealed:
            self.secret, self.secret_of, self.author = payload, "ask", self.record.payer

    def read(self, payment: PaymentRecord, ask: PaymentAsk) -> None:
        """Ask for the object as it is: no change of the bill."""
        if payment.provider != "manual":
            key = f"{payment.id}|read|{payment.asks}|"
            self.asked.append(ProviderCall(connector=payment.provider, key=key, payload=encode(ask)))

    def post(self, kind: str, account: str, moved: int, before: int, source: str, provider: str) -> None:
        """Money that moved on `account`, against those that share what the bill holds: that was `before` in all, and
        is what the record says now."""
        record = self.record
        postings = [(account, moved), *shift(record, before, record.net)]
        self._enter(kind, postings, source, provider)

    def post_fee(self, payment: PaymentRecord, fee: int, source: str) -> None:
        """What a provider took for its work; negative where it gave some back."""
        postings = [(ledger.fees(payment.provider), fee), (ledger.provider(payment.provider), -fee)]
        self._enter("fee", postings, source, payment.provider)

    def move(self, kind: str, *postings: Posting, source: str = "", provider: str = "") -> None:
        """Money that moved between accounts, and left what the bill holds as it was."""
        self._enter(kind, list(postings), source, provider)

    def _bound(self) -> tuple[str, ...]:
        """Objects that were given their ids by this change."""
        known = {ref for one in self.before.payments for ref in (one.ref, *one.aliases)}
        return tuple(
            f"{one.provider}:{ref}"
            for one in self.record.payments
            for ref in (one.ref, *one.aliases)
            if ref and ref not in known and one.provider != "manual"
        )

    def _enter(self, kind: str, postings: list[Posting], source: str, provider: str) -> None:
        record = self.record
        if kept := ledger.nonzero(postings):
            self.entries.append(
                LedgerEntry(
                    kind=kind,
                    currency=record.currency,
                    postings=kept,
                    source=source,
                    provider=provider,
                    therapist=record.beneficiary,
                    service=record.service,
                    recovered=record.recovering and kind == "charge",
                )
            )

    def watch(self, payment: PaymentRecord) -> None:
        """Read it again should nothing be heard: soon while it is new or under way, then more and more seldom."""
        age = self.now_ms - payment.created
        pause = self.poll_ms if payment.status in ("creating", "processing") else max(self.poll_ms, age // 10)
        command = msgspec.msgpack.encode(Poll(payment.id, payment.heard))
        self.timers.append(SetTimer(f"poll:{payment.id}:{payment.heard}", self.now_ms + pause, command))

    def decision(self, reply: object = None) -> Decision:
        """What is to happen."""
        arrivals, asked = tuple(self.arrivals), tuple(self.asked)
        if not (self.changed or self.change or self.entries):
            if not (arrivals or asked or self.letters) and self.record == self.before:
                return Decision(reply, timers=self.timers)
            return Decision(
                reply,
                notes=[Heard(record=self.record, asked=asked, arrivals=arrivals, letters=tuple(self.letters))],
                timers=self.timers,
            )
        event = BillChanged(
            change=self.change or "updated",
            record=self.record,
            changed=tuple(self.changed),
            entries=tuple(self.entries),
            asked=asked,
            arrivals=arrivals,
            secret_of=self.secret_of if self.secret is not None else "",
            secret=self.secret,
            author=self.author,
            release=tuple(self.release),
            bound=self._bound(),
            letters=tuple(self.letters),
        )
        return Decision(reply, events=[event], timers=self.timers)


def shift(record: BillRecord, before: int, after: int) -> list[Posting]:
    """How the accounts that share the bill change when what it holds goes from `before` to `after`. What is beyond its
    total is the payer's."""
    total = record.total
    within = ledger.earned(total, record.parts, min(before, total), min(after, total))
    beyond = max(0, before - total) - max(0, after - total)
    if not total:
        beyond = before - after
    return [*within, (ledger.credit(record.payer), beyond)]
