"""A world of bills beside a provider that keeps accounts: what a bill asks is carried out when the test says so, as
often and in the order it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.history.codec import StoredActivity, decode_effects
from actors.kernel.shard.residents.resident import TurnDraft
from actors.payments.activities import (
    AnswerDispute,
    Ask,
    Begin,
    Capture,
    CardError,
    Confirm,
    DisputeSeen,
    MethodSeen,
    PaymentSeen,
    Read,
    Refund,
    RefundSeen,
    RefundStatus,
    Void,
    decode_ask,
    encode,
)
from actors.payments.bill.commands import BillView, OpenBill, Pay
from actors.payments.bill.kind import BillKind
from actors.payments.bill.letters import NotePaymentChange
from actors.payments.bill.state import BillRecord, Line, Terms
from actors.payments.ledger import POSTINGS, PostedRow
from tests.unit.rooms.harness import World

replace = msgspec.structs.replace
ADA: Final = Principal("ada", "client")
TESS: Final = Principal("tess", "therapist")
ROOT: Final = Principal("root", "admin")
BILL: Final = "bill:bil_1"
CARD: Final = MethodSeen(ref="pm_1", type="card", brand="visa", last4="4242", exp_month=12, exp_year=2030)


@dataclass
class Provider:
    """What one provider knows of payments. It keeps the first answer to a key, as providers do.

    `decline`: cards are declined. `act`: the payer has to act. `balance`: what it holds for us.
    """

    name: str = "stripe"
    decline: bool = False
    act: bool = False
    down: bool = False
    payments: dict[str, PaymentSeen] = field(default_factory=dict)
    began: dict[str, str] = field(default_factory=dict)
    calls: list[Ask] = field(default_factory=list)

    @property
    def balance(self) -> int:
        """What it holds for us: taken, without what went back, what is contested or lost, and its fees."""
        total = 0
        for one in self.payments.values():
            gone = sum(back.amount for back in one.refunds if back.status in ("pending", "succeeded"))
            taken = sum(each.amount for each in one.disputes if each.withdrawn and each.status != "won")
            fees = (one.fee or 0) + sum(each.fee for each in one.disputes)
            total += one.captured - gone - taken - fees
        return total

    def answer(self, key: str, ask: Ask) -> PaymentSeen:
        """Carry it out, or find that it was."""
        self.calls.append(ask)
        match ask:
            case Begin():
                return self._begin(key, ask)
            case Confirm():
                self._confirm(ask.ref, ask.method)
            case Capture():
                self._capture(ask)
            case Void():
                self._void(ask.ref)
            case Refund():
                self._refund(ask)
            case AnswerDispute():
                self.dispute(ask.ref, "lost" if ask.accept else "under_review", ask.dispute)
            case Read():
                pass
        return self.payments[getattr(ask, "ref", "")]

    def succeed(self, ref: str) -> None:
        """The payer has done what was asked of them."""
        self._finish(self.payments[ref])

    def by_hand(self, ref: str, amount: int) -> None:
        """Somebody returns money at the provider's own page."""
        one = self.payments[ref]
        back = RefundSeen(ref=f"re_hand_{len(one.refunds)}", amount=amount, status="succeeded")
        self._put(one, refunds=(*one.refunds, back))

    def dispute(self, ref: str, status: str, dispute: str = "du_1") -> None:
        """A dispute is opened, or goes on."""
        one = self.payments[ref]
        known = {each.ref: each for each in one.disputes}
        held = status not in ("won", "warning_needs_response")
        amount = one.captured - sum(back.amount for back in one.refunds if back.status == "succeeded")
        seen = known.get(dispute) or DisputeSeen(ref=dispute, amount=amount, status=status, reason="fraudulent", fee=15)
        known[dispute] = replace(seen, status=status, withdrawn=held)
        self._put(one, disputes=tuple(known.values()))

    def _begin(self, key: str, ask: Begin) -> PaymentSeen:
        if key in self.began:
            return self.payments[self.began[key]]
        ref = self.began[key] = f"{self.name}_{len(self.payments) + 1}"
        self.payments[ref] = PaymentSeen(
            ref=ref,
            status="requires_payment_method",
            currency=ask.currency,
            amount=ask.amount,
            client={"client_secret": f"{ref}_secret"},
            native="setup" if ask.setup else ("hold" if ask.hold else "now"),
            setup=ask.setup,
        )
        if ask.method:
            self._confirm(ref, ask.method)
        return self.payments[ref]

    def _confirm(self, ref: str, method: str) -> None:
        one = self.payments[ref]
        if one.status not in ("requires_payment_method", "requires_confirmation", "requires_action"):
            return
        if self.decline:
            error = CardError(code="card_declined", message="The card was declined.", decline_code="insufficient_funds")
            self._put(one, status="requires_payment_method", error=error)
        elif self.act:
            self._put(one, status="requires_action", error=None)
        else:
            self._finish(replace(one, method=CARD))

    def _finish(self, one: PaymentSeen) -> None:
        if one.setup:
            self._put(one, status="succeeded", error=None)
        elif one.native == "hold":
            self._put(one, status="requires_capture", authorized=one.amount, error=None)
        else:
            self._put(one, status="succeeded", captured=one.amount, fee=30 + one.amount // 50, error=None)

    def _capture(self, ask: Capture) -> None:
        one = self.payments[ask.ref]
        if one.status == "requires_capture":
            taken = min(ask.amount, one.authorized)
            self._put(one, status="succeeded", captured=taken, authorized=0, fee=30 + taken // 50)

    def _void(self, ref: str) -> None:
        one = self.payments[ref]
        if one.status not in ("succeeded", "canceled", "processing"):
            self._put(one, status="canceled", authorized=0)

    def _refund(self, ask: Refund) -> None:
        one = self.payments[ask.ref]
        if any(back.refund == ask.refund for back in one.refunds):
            return
        gone = sum(back.amount for back in one.refunds if back.status in ("pending", "succeeded"))
        status: RefundStatus = (
            "succeeded" if gone + ask.amount <= one.captured and not self._contested(one) else "failed"
        )
        back = RefundSeen(ref=f"re_{ask.refund}", amount=ask.amount, status=status, refund=ask.refund)
        self._put(one, refunds=(*one.refunds, back))

    def _contested(self, one: PaymentSeen) -> bool:
        return any(each.status not in ("won", "lost") for each in one.disputes)

    def _put(self, one: PaymentSeen, **members: object) -> None:
        self.payments[one.ref] = replace(one, **members)


class Till(World):
    """Bills, with what they owe to providers in `owed` until it is carried out."""

    def __init__(self, *providers: Provider) -> None:
        super().__init__(BillKind())
        self.providers = {one.name: one for one in providers or (Provider(),)}
        self.owed: list[StoredActivity] = []
        self.timers: list[tuple[int, bytes]] = []

    @override
    def _store(self, draft: TurnDraft) -> None:
        effects = decode_effects(draft.close())
        self.owed += effects.activities
        self.timers += [(one.due_ms, one.command) for one in effects.timers]
        super()._store(draft)

    @property
    def provider(self) -> Provider:
        """The first."""
        return next(iter(self.providers.values()))

    def open(self, total: int = 10_000, bill: str = BILL, **members: Any) -> BillRecord:
        """A bill of one line for `ada`, for a session with `tess`."""
        lines = members.pop("lines", None) or (Line(id="l1", quantity=1, unit_amount=total, amount=total),)
        command = OpenBill(
            kind="charge",
            payer="ada",
            client="ada",
            currency="EUR",
            lines=lines,
            beneficiary="tess",
            secret=msgspec.msgpack.encode({"l1": "An hour"}),
        )
        return self.view(bill, replace(command, **members), SYSTEM).record

    def view(self, bill: str, command: msgspec.Struct, by: Principal) -> BillView:
        """The bill after a command. Raises the error that it meets."""
        return msgspec.convert(self.ask(bill, command, by), BillView)

    def record(self, bill: str = BILL) -> BillRecord:
        """What the bill is."""
        record: BillRecord = self.resident(bill).entity.record
        return record

    def carry_out(self, place: int = 0, bill: str = BILL, *, times: int = 1) -> None:
        """Carry out one of what is owed; its answer comes once."""
        activity = self.owed.pop(place)
        provider = self.providers[activity.connector]
        payload = activity.payload if not activity.owner else encode(Read(ref=self.record(bill).payments[-1].ref))
        for _ in range(times):
            seen = provider.answer(activity.key, decode_ask(payload))
        self.do(bill, Answered(key=activity.key, outcome="done", result=encode(seen)), SYSTEM)

    def carry_out_all(self, bill: str = BILL) -> None:
        """Until nothing is owed."""
        while self.owed:
            self.carry_out(bill=bill)

    def refuse(self, code: str, place: int = 0, bill: str = BILL) -> None:
        """The provider will never do it."""
        activity = self.owed.pop(place)
        self.do(bill, Answered(key=activity.key, outcome="refused", code=code), SYSTEM)

    def webhook(self, provider: str, ref: str, bill: str = BILL, arrival: str = "") -> None:
        """A provider says that there is something to read."""
        self.do(bill, NotePaymentChange(provider=provider, ref=ref, arrival=arrival), SYSTEM)

    def postings(self) -> list[PostedRow]:
        """All of the ledger."""
        return [msgspec.msgpack.decode(view.data, type=PostedRow) for view in self.views(POSTINGS)]

    def balance(self, account: str) -> int:
        """Of one account."""
        return sum(one.amount for one in self.postings() if one.account == account)

    def balances(self) -> dict[str, int]:
        """Of all accounts that are not zero."""
        found: dict[str, int] = {}
        for one in self.postings():
            found[one.account] = found.get(one.account, 0) + one.amount
        return {account: amount for account, amount in found.items() if amount}


Doing = Callable[[Till], None]
TERMS: Final = Terms(cancellation=((1440, 100), (120, 50)), no_show_percent=80, platform_percent="20")


def paid(total: int, **members: Any) -> Till:
    """A bill that is paid by a saved card."""
    till = Till()
    till.open(total, **members)
    till.view(BILL, Pay(provider="stripe", method="pm_1"), ADA)
    till.carry_out_all()
    return till
