"""Payments and refunds: each operation at both doors."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.payments.bill import answers, replies
from actors.payments.bill.commands import BillView, RefundBill
from actors.payments.bill.state import PaymentRecord
from common.errors import InvalidArgument, NotFound
from serve_app.capabilities.payments.bills import examples, requests
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.shared import DETAILS, named
from serve_app.edge.operation import Caller, Operation, Rest, Result

CREATED, ACCEPTED, OK = 201, 202, 200
_operation: Final = Declare(resource=("bill_id", "payment_id", "booking_id", "payer_id"), error_details=DETAILS)


class PaymentOperations:
    """Of one process."""

    def __init__(self, bills: Bills) -> None:
        self._bills = bills

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._payments()
        yield from self._of_bookings()

    def _payments(self) -> Iterator[Operation[Any]]:
        for name, path in (("create_payment_intent", "intent"), ("create_intent", "create-intent")):
            yield _operation(
                name,
                "bill.pay",
                request=requests.CreatePaymentIntent,
                call=self.intent,
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

    async def intent(self, request: requests.CreatePaymentIntent, caller: Caller) -> Result:
        """Begin a payment, or go on with the live one."""
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
        return await self.intent(asked, caller)

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
        rows, more = await self._bills.lists.history(request, caller.by)
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

    async def _bill_of_booking(self, booking_id: str | None) -> str:
        if booking_id is None:
            raise InvalidArgument("Name the bill: bill_id or booking_id.", details={"field": "bill_id"})
        return await self._bills.lists.of_booking(booking_id)

    def _shown(self, view: BillView, payment: PaymentRecord, caller: Caller, status: int) -> Result:
        client = {**view.client, **self._bills.options.public.get(payment.provider, {})} if view.client else {}
        reply = answers.payment_reply(view.record, payment, answers.viewer_of(caller.by), client)
        status = ACCEPTED if payment.status == "creating" else status
        return Result(reply, status=status, persons=[view.record.payer, view.record.client])
