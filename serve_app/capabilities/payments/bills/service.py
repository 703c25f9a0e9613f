"""Bills and payments, for the operations: commands to the bill, and waiting for what a provider answers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.bill.answers import dispute_reply, payment_reply, refund_reply, viewer_of
from actors.payments.bill.commands import (
    BillCommand,
    BillView,
    CancelPayment,
    ChangeLines,
    ConfirmPayment,
    Happened,
    OpenBill,
    Pay,
    ReadBill,
    ReadHistory,
    RefundBill,
)
from actors.payments.bill.replies import BillEventReply, BillHistory
from actors.payments.bill.rules.paying import must_save
from actors.payments.bill.state import BillRecord, Line, PaymentRecord, Terms, bill_of
from actors.payments.services.pricing import terms_of
from actors.payments.tariff.entity import ReadTariff
from actors.payments.taxes import taxed
from actors.payments.versions import Versions
from common.clock import Clock, to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from common.money import LARGEST
from common.timeline import parse_instant
from serve_app.capabilities.payments.bills.listing import BillLists
from serve_app.capabilities.payments.bills.requests import LineBody
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.ports import FraudScreening, TaxRates
from serve_app.capabilities.payments.shared import Options

PATIENCE_S: Final = 2.0
_FIRST_LOOK_S, _LONGEST_PAUSE_S = 0.01, 0.1
replace = msgspec.structs.replace
Ready = Callable[[PaymentRecord], bool]


class Bills:
    """One a process. `clock` paces the waiting; what is due is the platform's time. `screen` looks at payments before
    they begin (None: nobody does)."""

    def __init__(
        self,
        entities: EntityClient,
        views: ViewFinder,
        payers: Payers,
        taxes: TaxRates,
        options: Options,
        clock: Clock,
        screen: FraudScreening | None = None,
    ) -> None:
        self._screen = screen
        self._entities, self._payers = entities, payers
        self._taxes, self.options, self.clock = taxes, options, clock
        self.lists = BillLists(views, self.read)

    async def ask(
        self, bill_id: str, command: BillCommand, by: Principal, trace: str = "", name: str | None = None
    ) -> BillView:
        """A command to a bill, and what it is then."""
        reply = await self._entities.submit(f"bill:{bill_id}", command, by=by, trace=trace, command_id=name)
        return msgspec.json.decode(reply.data, type=BillView)

    async def tell(self, bill_id: str, command: BillCommand) -> None:
        """A command of Carewire itself, which has no answer."""
        await self._entities.submit(f"bill:{bill_id}", command, by=SYSTEM)

    async def read(self, bill_id: str, by: Principal, trace: str = "") -> BillView:
        """A bill. Raises NotFound: there is none, or it is nothing to them."""
        return await self.ask(bill_id, ReadBill(), by, trace)

    async def open(self, bill_id: str, command: OpenBill, by: Principal, trace: str = "") -> BillView:
        """Make a bill. Idempotent."""
        return await self.ask(bill_id=bill_id, command=command, by=by, trace=trace, name="open")

    async def drafted(self, lines: Sequence[LineBody], beneficiary: str) -> tuple[tuple[Line, ...], bytes]:
        """Lines as a bill takes them, with the taxes where its issuer is, and apart from them what they say.

        Raises:
            InvalidArgument: a line comes to more than can be billed.
        """
        made: list[Line] = []
        for number, line in enumerate(lines, 1):
            amount = line.quantity * line.unit_amount
            if amount > LARGEST:
                raise InvalidArgument("A line is too much.", details={"field": "lines"})
            made.append(
                Line(
                    id=f"lin_{number}",
                    quantity=line.quantity,
                    unit_amount=line.unit_amount,
                    amount=amount,
                    tax_category=line.tax_category or "",
                )
            )
        rules, jurisdiction = await self._taxes.rules(beneficiary)
        now = to_rfc3339(self.clock.platform_ms())
        texts = {f"lin_{number}": line.description for number, line in enumerate(lines, 1)}
        return taxed(made, rules, jurisdiction, now), msgspec.msgpack.encode(texts)

    async def change(
        self, bill_id: str, lines: Sequence[LineBody], due_at: str | None, versions: Versions, by: Principal
    ) -> BillView:
        """Other lines."""
        made, texts = await self.drafted(lines, (await self.read(bill_id, by)).record.beneficiary)
        due = None if due_at is None else parse_instant(due_at, "due_at")
        return await self.ask(bill_id, ChangeLines(lines=made, due_at=due, versions=versions, secret=texts), by)

    async def pay(
        self,
        bill_id: str,
        *,
        by: Principal,
        provider: str | None = None,
        method_id: str | None = None,
        save: bool = False,
        amount: int | None = None,
        currency: str | None = None,
        return_url: str | None = None,
        trace: str = "",
        network: str = "",
    ) -> tuple[BillView, PaymentRecord, bool]:
        """Begin a payment or go on with the live one, and wait for its provider: the bill, the payment, and whether it
        was there before.

        Raises:
            FailedPrecondition: nothing is due; the card was declined; or a rule blocks it.
            Conflict: the person saw another amount.
            InvalidArgument: no such provider is configured.
        """
        view = await self.read(bill_id, by, trace)
        record = view.record
        if by.user != record.payer and provider != "manual":
            raise PermissionDenied("Only who pays can pay so. Staff books money in: provider manual.")
        save = save or must_save(record, self.options.provider(provider), self.clock.platform_ms())
        command = await self._payers.means(record.payer, self.options, provider, method_id, save=save, by=by)
        before = record.live
        command = await self._screened(record, command, network)
        view = await self.ask(
            bill_id,
            replace(command, amount=amount, currency=currency, return_url=return_url or ""),
            by,
            trace,
        )
        live = view.record.live or view.record.latest
        assert live is not None
        heard = before.heard if before is not None and before.id == live.id else 0
        confirming = bool(command.method)
        ready = _heard_since(heard) if confirming or not live.ref else _known
        view, payment = await self._wait(view=view, payment_id=live.id, ready=ready, by=by, trace=trace)
        self._refuse_declined(payment, confirming=confirming)
        return view, payment, before is not None and before.id == payment.id

    async def method_again(self, bill_id: str, by: Principal, trace: str = "") -> str | None:
        """The saved method by which the live payment was tried, where its payer may try it once more."""
        live = (record := (await self.read(bill_id, by, trace)).record).live
        if live is None or live.status != "requires_payment_method" or by.user != record.payer:
            return None
        kept = (await self._payers.read(by.user, SYSTEM)).record.method(live.method_id)
        return kept.id if kept is not None else None

    async def confirm(
        self,
        payment_id: str,
        method_id: str | None,
        result: dict[str, str] | None,
        by: Principal,
        trace: str = "",
        network: str = "",
    ) -> tuple[BillView, PaymentRecord]:
        """Confirm a payment, and wait for its provider.

        Raises:
            NotFound: there is no such payment, or it is somebody else's.
            FailedPrecondition: the card was declined.
        """
        bill_id = self.bill_of(payment_id)
        record = (view := await self.read(bill_id, by, trace)).record
        before = _payment(view, payment_id)
        method = await self._payers.method(by.user, method_id) if method_id else None
        if method is not None and method.provider != before.provider:
            raise InvalidArgument("This method is of another provider.", details={"field": "method_id"})
        if method is not None:
            asked = Pay(provider=method.provider, method_id=method.id, method=method.seen.ref)
            await self._screened(record, asked, network)
        command = ConfirmPayment(
            payment=payment_id,
            method_id=method_id or "",
            method=method.seen.ref if method else "",
            secret=msgspec.msgpack.encode(result) if result else None,
        )
        view = await self.ask(bill_id, command, by, trace)
        view, payment = await self._wait(
            view=view, payment_id=payment_id, ready=_heard_since(before.heard), by=by, trace=trace
        )
        self._refuse_declined(payment, confirming=True)
        return view, payment

    async def cancel(self, payment_id: str, by: Principal, trace: str = "") -> tuple[BillView, PaymentRecord]:
        """Give a payment up, and wait for its provider."""
        bill_id = self.bill_of(payment_id)
        view = await self.ask(bill_id, CancelPayment(payment_id), by, trace)
        return await self._wait(
            view=view, payment_id=payment_id, ready=lambda payment: payment.over, by=by, trace=trace
        )

    async def refund(
        self, bill_id: str, command: RefundBill, by: Principal, trace: str = "", name: str | None = None
    ) -> tuple[BillView, str]:
        """Give money back: the bill and the id of the refund."""
        view = await self.ask(bill_id=bill_id, command=command, by=by, trace=trace, name=name)
        return view, view.record.refunds[-1].id

    def bill_of(self, object_id: str) -> str:
        """The bill of a payment, refund or dispute, by its id. Raises NotFound."""
        if not (bill_id := bill_of(object_id)):
            raise NotFound("There is no such payment.", payment=object_id)
        return bill_id

    async def events_of(self, bill_id: str, by: Principal) -> tuple[BillHistory, list[str]]:
        """All that happened to a bill, and whom it tells of."""
        reply = await self._entities.submit(f"bill:{bill_id}", ReadHistory(), by=by)
        happened = msgspec.json.decode(reply.data, type=Happened)
        record = happened.record
        history = BillHistory(
            events=[
                BillEventReply(at=to_rfc3339(at), change=change, status=status)
                for at, change, status in happened.events
            ],
            payments=[payment_reply(record, one, viewer_of(by)) for one in record.payments],
            refunds=[refund_reply(record, one, happened.notes.get(one.id)) for one in record.refunds],
            disputes=[dispute_reply(record, one, happened.version) for one in record.disputes],
        )
        return history, [record.payer, record.client]

    async def terms_of(self, therapist: str) -> Terms:
        """How what is taken is split with a therapist, and when their share is due: as their tariff has it."""
        view = await self._entities.ask(f"tariff:{therapist}", ReadTariff(), by=SYSTEM)
        terms = terms_of(view.tariff) if view.tariff else Terms()
        return Terms(platform_percent=terms.platform_percent, release_days=terms.release_days)

    def moment(self, text: str | None, field: str) -> int:
        """A moment in ms; 0 for none. Raises InvalidArgument."""
        return 0 if text is None else parse_instant(text, field)

    async def _screened(self, record: BillRecord, command: Pay, network: str) -> Pay:
        """As whoever looks at payments lets it go on: each that begins, and each method that one is tried with."""
        live = record.live
        begun = live is not None and not live.unwanted and live.provider == command.provider
        if self._screen is None or not record.due or (begun and not command.method):
            return command
        return await self._screen.screened(record, command, network, live=begun)

    async def _wait(
        self, view: BillView, payment_id: str, ready: Ready, by: Principal, trace: str
    ) -> tuple[BillView, PaymentRecord]:
        """Until the payment is `ready`, or the patience of the one who asked is at its end."""
        until, pause = self.clock.monotonic_s() + PATIENCE_S, _FIRST_LOOK_S
        payment = _payment(view, payment_id)
        while not (payment.over or ready(payment)) and self.clock.monotonic_s() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            view = await self.read(view.record.id, by, trace)
            payment = _payment(view, payment_id)
        return view, payment

    def _refuse_declined(self, payment: PaymentRecord, *, confirming: bool) -> None:
        if confirming and payment.error is not None and payment.status != "succeeded":
            error = payment.error
            raise FailedPrecondition(
                error.message,
                details={
                    "reason": "card_declined",
                    "decline_code": error.decline_code or error.code,
                    "retryable": error.retryable,
                    "payment_id": payment.id,
                },
            )


def _payment(view: BillView, payment_id: str) -> PaymentRecord:
    payment = view.record.payment(payment_id)
    if payment is None:
        raise NotFound("There is no such payment.", payment=payment_id)
    return payment


def _known(payment: PaymentRecord) -> bool:
    return payment.status != "creating" or payment.review == "held"


def _heard_since(heard: int) -> Ready:
    """Has its provider said what became of it since? What is heard during a try may be of the one before."""
    return lambda payment: (
        _known(payment) and (payment.review == "held" or (payment.heard > heard and payment.asked != "confirm"))
    )
