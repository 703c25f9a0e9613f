"""Bills: each operation at both doors."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.payments.bill import answers, replies
from actors.payments.bill.commands import BillView, OpenBill, VoidBill, WriteOff
from actors.payments.bill.state import Terms
from serve_app.capabilities.payments.bills import examples, requests
from serve_app.capabilities.payments.bills.paying import ACCEPTED, CREATED, OK, PaymentOperations
from serve_app.capabilities.payments.bills.service import Bills
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.shared import DETAILS, id_for
from serve_app.edge.operation import Caller, Operation, Rest, Result

_operation: Final = Declare(resource=("bill_id", "payment_id", "booking_id", "payer_id"), error_details=DETAILS)


class BillOperations:
    """Of one process. `payments`: those of payments, for a bill is paid as they do it."""

    def __init__(self, bills: Bills, payments: PaymentOperations) -> None:
        self._bills, self._payments = bills, payments

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._bills_made()
        yield from self._bills_closed()

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

    async def _pay(self, request: requests.PayBill, caller: Caller) -> Result:
        asked = requests.CreatePaymentIntent(
            bill_id=request.bill_id,
            provider=request.provider,
            method_id=request.method_id,
            amount=request.amount,
            currency=request.currency,
        )
        shown = await self._payments.intent(asked, caller)
        return with_status(shown, OK if shown.status == CREATED else shown.status)

    async def _retry(self, request: requests.PayBill, caller: Caller) -> Result:
        if request.method_id is None and request.provider is None:
            method = await self._bills.method_again(request.bill_id, caller.by, caller.trace)
            request = msgspec.structs.replace(request, method_id=method)
        return await self._pay(request, caller)

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
        views, more = await self._bills.lists.page(request, caller.by)
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


def _versioned(view: BillView, caller: Caller) -> Result:
    return Result(answers.bill_reply(view, answers.viewer_of(caller.by)), version=view.version)


def with_status(result: Result, status: int | None) -> Result:
    """The same with another status."""
    return Result(result.body, status=status, version=result.version, persons=result.persons)
