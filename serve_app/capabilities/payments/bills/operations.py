"""Bills and payments: each operation at both doors."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.payments.bill import answers, replies
from actors.payments.bill.commands import BillView, OpenBill, RefundBill, VoidBill, WriteOff
from actors.payments.bill.state import PaymentRecord, Terms
from common.errors import InvalidArgument, NotFound
from serve_app.capabilities.payments.bills import examples, requests
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.payers.service import Payers
from serve_app.capabilities.payments.shared import DETAILS, id_for, named
from serve_app.edge.operation import Caller, Operation, Rest, Result

CREATED, ACCEPTED, OK = 201, 202, 200
_operation: Final = Declare(resource=("bill_id", "payment_id", "booking_id", "payer_id"), error_details=DETAILS)


class BillOperations:
    """Of one process."""

    def __init__(self, bills: Bills, payers: Payers) -> None:
        self._bills, self._payers = bills, payers

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._payments()
        yield from self._of_bookings()
        yield from self._bills_made()
        yield from self._bills_closed()

    def _payments(self) -> Iterator[Operation[Any]]:
        for name, path in (("create_payment_intent", "intent"), ("create_intent", "create-intent")):
            yield _operation(
                name,
                "bill.pay",
                request=requests.CreatePaymentIntent,
                call=self._intent,
                rest=Rest("POST", f"/api/payments/{path}", CREATED, statuses=(OK, ACCEPTED), tag="payments"),
                response=replies.PaymentReply,
                example=examples.CREATE_PAYMENT_INTENT,
                description="Begin to pay a bill, or go on with the payment that is live. The amount is the server's.",
            )
        yield _operation(
            "confirm_payment",
            "bill.pay",
            request=requests.ConfirmPaymentRequest,
            call=self._confirm,
            rest=Rest("POST", "/api/payments/confirm", tag="payments"),
            response=replies.PaymentReply,
            example=examples.CONFIRM_PAYMENT,
            description="Confirm a payment: with a saved method, or with what the provider's page gave the browser.",
        )
        yield _operation(
            "payment_history",
            "bill.read",
            request=requests.PaymentHistory,
            call=self._history,
            rest=Rest("GET", "/api/payments/history", tag="payments"),
            response=replies.TransactionPage,
            example=examples.PAYMENT_HISTORY,
            description="What was paid and given back, the newest first.",
        )
        yield _operation(
            "refund_payment",
            "bill.refund",
            request=requests.RefundPayment,
            call=self._refund,
            rest=Rest("POST", "/api/payments/refund", CREATED, tag="payments"),
            response=replies.RefundReply,
            example=examples.REFUND_PAYMENT,
            description="Give money back: some of it, or all that can be.",
        )

    def of_one_payment(self) -> Iterator[Operation[Any]]:
        """Those whose address is a payment's id: behind all that have a name of their own there."""
        yield _operation(
            "get_payment",
            "bill.read",
            request=requests.OfPayment,
            call=self._payment,
            rest=Rest("GET", "/api/payments/{payment_id}", tag="payments"),
            response=replies.PaymentReply,
            example=examples.GET_PAYMENT,
            description="A payment, with what the payer's browser needs to go on.",
        )
        yield _operation(
            "cancel_payment",
            "bill.pay",
            request=requests.OfPayment,
            call=self._cancel,
            rest=Rest("POST", "/api/payments/{payment_id}/cancel", tag="payments", bodiless=True),
            response=replies.PaymentReply,
            example=examples.GET_PAYMENT,
            description="Give a payment up.",
        )

    def _of_bookings(self) -> Iterator[Operation[Any]]:
        rest = Rest("POST", "/api/bookings/{booking_id}/pay", CREATED, statuses=(OK, ACCEPTED), tag="payments")
        for name, door in (("process_booking_payment", rest), ("process_session_payment", None)):
            yield _operation(
                name,
                "bill.pay",
                request=requests.PayBooking,
                call=self._pay_booking,
                rest=door,
                response=replies.PaymentReply,
                example=examples.PAY_BOOKING,
                description="Pay for a session: begin, and confirm where a method is named.",
            )
        yield _operation(
            "refund_booking_payment",
            "bill.refund",
            request=requests.RefundBooking,
            call=self._refund_booking,
            rest=Rest("POST", "/api/bookings/{booking_id}/refund", CREATED, tag="payments"),
            response=replies.RefundReply,
            example=examples.REFUND_BOOKING,
            description="Give money for a session back; without an amount, what the cancellation policy gives.",
        )

    def _bills_made(self) -> Iterator[Operation[Any]]:
        yield _operation(
            "create_bill",
            "bill.create",
            request=requests.CreateBill,
            call=self._create,
            rest=Rest("POST", "/api/bills", CREATED, tag="bills"),
            response=replies.BillReply,
            example=examples.CREATE_BILL,
            description="Bill somebody.",
        )
        yield _operation(
            "list_bills",
            "bill.read",
            request=requests.ListBills,
            call=self._list,
            rest=Rest("GET", "/api/bills", tag="bills"),
            response=replies.BillPage,
            example=examples.LIST_BILLS,
            description="Bills, the newest first: one's own, those of one's sessions, or (administrators) all.",
        )
        yield _operation(
            "get_bill",
            "bill.read",
            request=requests.OfBill,
            call=self._get,
            rest=Rest("GET", "/api/bills/{bill_id}", tag="bills"),
            response=replies.BillReply,
            example=examples.GET_BILL,
            description="A bill, as far as it concerns the one who asks.",
            versioned=True,
        )
        yield _operation(
            "update_bill",
            "bill.change",
            request=requests.ChangeBill,
            call=self._change,
            rest=Rest("PATCH", "/api/bills/{bill_id}", tag="bills"),
            response=replies.BillReply,
            example=examples.UPDATE_BILL,
            description="Other lines, while nobody pays.",
            versioned=True,
        )
        yield _operation(
            "bill_history",
            "bill.read",
            request=requests.OfBill,
            call=self._bill_history,
            rest=Rest("GET", "/api/bills/{bill_id}/history", tag="bills"),
            response=replies.BillHistory,
            example=examples.BILL_HISTORY,
            description="All that happened to a bill.",
        )

    def _bills_closed(self) -> Iterator[Operation[Any]]:
        for name, path, call in (("process_payment", "pay", self._pay), ("retry_payment", "retry", self._retry)):
            yield _operation(
                name,
                "bill.pay",
                request=requests.PayBill,
                call=call,
                rest=Rest("POST", f"/api/bills/{{bill_id}}/{path}", tag="bills", statuses=(ACCEPTED,)),
                response=replies.PaymentReply,
                example=examples.PAY_BILL,
                description="Pay a bill; by staff with the provider `manual`: the money is here."
                if path == "pay"
                else "Try a payment that failed once more: by the method that is named, else by the one before.",
            )
        for name, path, command in (("void_bill", "void", VoidBill), ("write_off_bill", "write-off", WriteOff)):
            yield _operation(
                name,
                "bill.change",
                request=requests.CloseBill,
                call=self._closing(command),
                rest=Rest("POST", f"/api/bills/{{bill_id}}/{path}", tag="bills"),
                response=replies.BillReply,
                example=examples.CLOSE_BILL,
                description="Nobody owes it any more." if path == "void" else "What is due will not come.",
                versioned=True,
            )

    async def _intent(self, request: requests.CreatePaymentIntent, caller: Caller) -> Result:
        bill_id = request.bill_id or await self._bill_of_booking(request.booking_id)
        view, payment, was_there = await self._bills.pay(
            bill_id,
            by=caller.by,
            provider=request.provider,
            method_id=request.method_id,
            save=request.save_method,
            amount=request.amount,
            currency=request.currency,
            return_url=request.return_url,
            trace=caller.trace,
            network=caller.network,
        )
        return self._shown(view, payment, caller, OK if was_there else CREATED)

    async def _pay_booking(self, request: requests.PayBooking, caller: Caller) -> Result:
        asked = requests.CreatePaymentIntent(
            booking_id=request.booking_id,
            provider=request.provider,
            method_id=request.method_id,
            amount=request.amount,
            currency=request.currency,
        )
        return await self._intent(asked, caller)

    async def _pay(self, request: requests.PayBill, caller: Caller) -> Result:
        asked = requests.CreatePaymentIntent(
            bill_id=request.bill_id,
            provider=request.provider,
            method_id=request.method_id,
            amount=request.amount,
            currency=request.currency,
        )
        shown = await self._intent(asked, caller)
        return with_status(shown, OK if shown.status == CREATED else shown.status)

    async def _retry(self, request: requests.PayBill, caller: Caller) -> Result:
        if request.method_id is None and request.provider is None:
            method = await self._bills.method_again(request.bill_id, caller.by, caller.trace)
            request = msgspec.structs.replace(request, method_id=method)
        return await self._pay(request, caller)

    async def _confirm(self, request: requests.ConfirmPaymentRequest, caller: Caller) -> Result:
        result = None if request.result is None else msgspec.to_builtins(request.result)
        view, payment = await self._bills.confirm(
            request.payment_id,
            request.method_id,
            result=result,
            by=caller.by,
            trace=caller.trace,
            network=caller.network,
        )
        return self._shown(view, payment, caller, OK)

    async def _cancel(self, request: requests.OfPayment, caller: Caller) -> Result:
        view, payment = await self._bills.cancel(request.payment_id, caller.by, caller.trace)
        return self._shown(view, payment, caller, OK)

    async def _payment(self, request: requests.OfPayment, caller: Caller) -> Result:
        view = await self._bills.read(self._bills.bill_of(request.payment_id), caller.by, caller.trace)
        payment = view.record.payment(request.payment_id)
        if payment is None:
            raise NotFound("There is no such payment.", payment=request.payment_id)
        return self._shown(view, payment, caller, OK)

    async def _history(self, request: requests.PaymentHistory, caller: Caller) -> Result:
        rows, more = await self._bills.history(request, caller.by)
        page = replies.TransactionPage(items=[answers.transaction_reply(row) for row in rows], next_cursor=more)
        return Result(page, persons=sorted({row.payer for row in rows}))

    async def _refund(self, request: requests.RefundPayment, caller: Caller) -> replies.RefundReply:
        if request.payment_id is not None:
            bill_id = self._bills.bill_of(request.payment_id)
        else:
            bill_id = request.bill_id or await self._bill_of_booking(request.booking_id)
        command = RefundBill(
            amount=request.amount,
            payment=request.payment_id or "",
            reason=request.reason,
            secret=msgspec.msgpack.encode({"note": request.note}) if request.note else None,
        )
        return await self._refunded(bill_id, command, caller)

    async def _refund_booking(self, request: requests.RefundBooking, caller: Caller) -> replies.RefundReply:
        bill_id = await self._bill_of_booking(request.booking_id)
        policy = request.amount is None
        return await self._refunded(
            bill_id, RefundBill(amount=request.amount, reason=request.reason, policy=policy), caller
        )

    async def _refunded(self, bill_id: str, command: RefundBill, caller: Caller) -> replies.RefundReply:
        view, refund_id = await self._bills.refund(
            bill_id, command, by=caller.by, trace=caller.trace, name=named(caller, "refund")
        )
        refund = next(one for one in view.record.refunds if one.id == refund_id)
        return answers.refund_reply(view.record, refund)

    async def _create(self, request: requests.CreateBill, caller: Caller) -> Result:
        by, client = caller.by, request.client_id or request.payer_id
        beneficiary = request.beneficiary_id or (by.user if by.role == "therapist" else "")
        lines, texts = await self._bills.drafted(request.lines, beneficiary)
        command = OpenBill(
            kind="charge",
            payer=request.payer_id,
            client=client,
            currency=request.currency,
            lines=lines,
            capture=request.capture,
            beneficiary=beneficiary,
            due_at=self._bills.moment(request.due_at, "due_at"),
            terms=await self._bills.terms_of(beneficiary) if beneficiary else Terms(),
            secret=texts,
        )
        bill_id = id_for("bil", caller, self._bills.clock.platform_ms())
        view = await self._bills.open(bill_id, command, by, caller.trace)
        return _versioned(view, caller)

    async def _list(self, request: requests.ListBills, caller: Caller) -> replies.BillPage:
        views, more = await self._bills.page(request, caller.by)
        return replies.BillPage(
            items=[answers.bill_reply(view, answers.viewer_of(caller.by)) for view in views], next_cursor=more
        )

    async def _get(self, request: requests.OfBill, caller: Caller) -> Result:
        return _versioned(await self._bills.read(request.bill_id, caller.by, caller.trace), caller)

    async def _change(self, request: requests.ChangeBill, caller: Caller) -> Result:
        view = await self._bills.change(
            request.bill_id, request.lines, due_at=request.due_at, versions=caller.versions, by=caller.by
        )
        return _versioned(view, caller)

    async def _bill_history(self, request: requests.OfBill, caller: Caller) -> Result:
        history, persons = await self._bills.events_of(request.bill_id, caller.by)
        return Result(history, persons=persons)

    def _closing(self, command: type[VoidBill] | type[WriteOff]) -> Any:
        async def close(request: requests.CloseBill, caller: Caller) -> Result:
            view = await self._bills.ask(request.bill_id, command(versions=caller.versions), caller.by, caller.trace)
            return _versioned(view, caller)

        return close

    async def _bill_of_booking(self, booking_id: str | None) -> str:
        if booking_id is None:
            raise InvalidArgument("Name the bill: bill_id or booking_id.", details={"field": "bill_id"})
        return await self._bills.of_booking(booking_id)

    def _shown(self, view: BillView, payment: PaymentRecord, caller: Caller, status: int) -> Result:
        client = {**view.client, **self._bills.options.public.get(payment.provider, {})} if view.client else {}
        reply = answers.payment_reply(view.record, payment, answers.viewer_of(caller.by), client)
        status = ACCEPTED if payment.status == "creating" else status
        return Result(reply, status=status, persons=[view.record.payer, view.record.client])


def _versioned(view: BillView, caller: Caller) -> Result:
    return Result(answers.bill_reply(view, answers.viewer_of(caller.by)), version=view.version)


def with_status(result: Result, status: int | None) -> Result:
    """The same with another status."""
    return Result(result.body, status=status, version=result.version, persons=result.persons)
