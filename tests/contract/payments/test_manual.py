"""Cash and bank transfers are a provider like any other: what providers are asked is asked of a bill, and staff at its
desk does what elsewhere a partner does."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import msgspec
import pytest
from typing_extensions import override

from actors.kernel.contract.entity import SYSTEM
from actors.payments.activities import Begin, Capture, Confirm, PaymentSeen, Read, Refund, RefundSeen, Void
from actors.payments.bill.commands import BillTime, BillView, CancelPayment, Pay, ReadBill, RefundBill
from actors.payments.bill.letters import BookingTold
from actors.payments.bill.replies import EvidenceReply
from actors.payments.bill.state import Line
from common.errors import FailedPrecondition
from config.capabilities.payments import PaymentSettings
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.providers import Attempt
from tests.contract.providers import Bench, ProviderSuite, Runner, begin
from tests.unit.payments.till import ADA, ROOT, Till

_DECLINED: Final = "declined"
_EVIDENCE: Final = msgspec.msgpack.encode(EvidenceReply(overlap_s=0, billed_minutes=0, intervals=[], source="staff"))


class ManualDesk:
    """`PaymentProvider`: bills of one payment each. `began`: bills by the key of what began them; `refunds`: what the
    ids of refunds are called by whoever asked for them."""

    name = "manual"

    def __init__(self) -> None:
        self.till = Till()
        self.began: dict[str, str] = {}
        self.refunds: dict[str, str] = {}

    async def begin(self, ask: Begin, attempt: Attempt) -> PaymentSeen:
        if attempt.ref not in self.began:
            bill = self.began[attempt.ref] = f"bill:bil_{len(self.began) + 1}"
            line = Line(id="l1", quantity=1, unit_amount=ask.amount, amount=ask.amount)
            held: dict[str, Any] = {"booking": "bkg_1", "by_time": True, "capture": "on_completion", "planned": (line,)}
            self.till.open(bill=bill, lines=(line,), **(held if ask.hold else {}))
            self.till.view(bill, Pay(provider="manual"), ADA)
        return self.seen(self.began[attempt.ref])

    async def confirm(self, ask: Confirm, attempt: Attempt) -> PaymentSeen:
        """Staff has the money, or has not."""
        bill = self._bill(ask.ref)
        if _DECLINED not in ask.result:
            self._try(bill, Pay(provider="manual"))
        return self.seen(bill)

    async def capture(self, ask: Capture, attempt: Attempt) -> PaymentSeen:
        """The session took so long, and is over."""
        bill = self._bill(ask.ref)
        line = Line(id="l1", quantity=1, unit_amount=ask.amount, amount=ask.amount)
        if self._try(bill, BillTime(lines=(line,), evidence=_EVIDENCE)):
            self._told(bill, "completed")
        return self.seen(bill)

    async def void(self, ask: Void, attempt: Attempt) -> PaymentSeen:
        bill = self._bill(ask.ref)
        if not self._try(bill, CancelPayment(ask.ref)):
            self._told(bill, "expired")
        return self.seen(bill)

    async def refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen:
        bill = self._bill(ask.ref)
        if ask.refund not in self.refunds.values():
            if not self._try(bill, RefundBill(amount=ask.amount)):
                raise Refused("not_refundable", "There is not so much to return.")
            self.refunds[self.till.record(bill).refunds[-1].id] = ask.refund
        return self.seen(bill)

    async def read(self, ask: Read, attempt: Attempt) -> PaymentSeen:
        return self.seen(self._bill(ask.ref))

    async def find_begun(self, ask: Begin, attempt: Attempt) -> PaymentSeen | None:
        return self.seen(self.began[attempt.ref]) if attempt.ref in self.began else None

    async def find_refund(self, ask: Refund, attempt: Attempt) -> PaymentSeen | None:
        return self.seen(self._bill(ask.ref)) if ask.refund in self.refunds.values() else None

    async def close(self) -> None:
        """Nothing is open."""

    def seen(self, bill: str) -> PaymentSeen:
        """The payment of a bill, as its payer and its staff may see it."""
        view: BillView = self.till.view(bill, ReadBill(), ADA)
        (payment,) = view.record.payments
        return PaymentSeen(
            ref=payment.ref,
            status=payment.status,
            currency=payment.currency,
            amount=payment.amount,
            authorized=payment.authorized,
            captured=payment.captured,
            known=payment.known,
            client=view.client,
            refunds=tuple(
                RefundSeen(ref=one.id, amount=one.amount, status=one.status, refund=self.refunds.get(one.id, ""))
                for one in view.record.refunds
            ),
        )

    def by_hand(self, ref: str, amount: int) -> None:
        """Staff returns money that nobody was asked for."""
        self._try(self._bill(ref), RefundBill(amount=amount))

    def _bill(self, ref: str) -> str:
        for bill in self.began.values():
            if self.till.record(bill).payments[0].ref == ref:
                return bill
        raise Refused("missing", "There is no such payment.")

    def _try(self, bill: str, command: msgspec.Struct) -> bool:
        try:
            self.till.view(bill, command, ROOT)
        except FailedPrecondition:
            return False
        return True

    def _told(self, bill: str, status: str) -> None:
        now = self.till.now_ms
        self.till.do(bill, BookingTold(status=status, at=now, start=now, end=now), SYSTEM)


class ManualBench(Bench):
    def __init__(self) -> None:
        self.desk = ManualDesk()

    @override
    def connector(self) -> ProviderConnector:
        return ProviderConnector(self.desk, PaymentSettings())

    @override
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        return {"paid": "cash"}

    @override
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        return {_DECLINED: "yes"}

    @override
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        self.desk.by_hand(seen.ref, amount)

    @override
    def twist(self, seen: PaymentSeen) -> None:
        raise AssertionError("its words are our own")

    @override
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        """Nothing lies between us and our own desk."""

    @override
    def peace(self) -> None:
        """As ever."""

    @override
    def taken(self) -> list[int]:
        records = [self.desk.till.record(bill) for bill in self.desk.began.values()]
        return [one.captured for one in records if one.captured]

    @override
    def returned(self) -> list[int]:
        records = [self.desk.till.record(bill) for bill in self.desk.began.values()]
        return [back.amount for one in records for back in one.refunds if back.status == "succeeded"]

    @override
    def begun(self) -> int:
        return len(self.desk.began)


class TestManual(ProviderSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Bench]:
        yield ManualBench()

    @override
    @pytest.mark.parametrize("seed", [0])
    async def test_whatever_goes_wrong_each_is_done_once(self, bench: Bench, run: Runner, seed: int) -> None:
        """Nothing can be lost on the way: once is as good as twelve times."""
        await super().test_whatever_goes_wrong_each_is_done_once(bench, run, seed)

    @override
    async def test_an_unknown_status_is_kept_and_shown_as_under_way(self, bench: Bench, run: Runner) -> None:
        """There is none: its words are our own."""
        assert (await run(1, begin(2000))).known
