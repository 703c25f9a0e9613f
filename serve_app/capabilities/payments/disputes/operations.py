"""Disputes: each operation at both doors. For the therapist of the bill and administrators."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.kernel.contract.ports import EntityClient, ViewFinder
from actors.payments.bill.answers import dispute_reply
from actors.payments.bill.commands import BillCommand, DisputeView, DraftEvidence, ReadDispute, RespondToDispute
from actors.payments.bill.replies import DisputeReply
from actors.payments.bill.rules.evidence import together
from actors.payments.bill.state import bill_of
from actors.payments.bill.views import record_in
from common.errors import NotFound
from serve_app.capabilities.payments.declaring import Declare
from serve_app.capabilities.payments.disputes.requests import (
    AcceptDispute,
    DisputePage,
    GetDispute,
    ListDisputes,
    SubmitDispute,
    UpdateDispute,
)
from serve_app.capabilities.payments.flagged import flagged_bills
from serve_app.capabilities.payments.shared import DETAILS, named
from serve_app.edge.operation import Caller, Example, Operation, Rest

_ID: Final = "dsp_01KAFZ0000000000000000000A-1"
DISPUTE: Final[dict[str, Any]] = {
    "dispute_id": _ID,
    "bill_id": "bil_01KAFZ0000000000000000000A",
    "payment_id": "pay_01KAFZ0000000000000000000A-1",
    "provider_ref": "dp_1Q",
    "amount": 9000,
    "currency": "EUR",
    "reason": "fraudulent",
    "status": "needs_response",
    "version": 7,
    "evidence_due_at": "2026-11-20T09:30:00.000Z",
    "evidence": {"product_description": "Invoice bil_01KAFZ0000000000000000000A", "service_date": "2026-11-02"},
}
_WRITTEN: Final = {"evidence": {"uncategorized_text": "Both took part for the whole hour."}}
_operation: Final = Declare(resource=("dispute_id",), error_details=DETAILS)


class DisputeOperations:
    """Of one process."""

    def __init__(self, entities: EntityClient, views: ViewFinder) -> None:
        self._entities, self._views = entities, views

    def __iter__(self) -> Iterator[Operation[Any]]:
        one, example = "/api/disputes/{dispute_id}", Example({"dispute_id": _ID}, DISPUTE)
        submit, accept = (Rest("POST", f"{one}/{verb}", tag="payments") for verb in ("submit", "accept"))
        yield _operation(
            "list_disputes",
            "dispute.change",
            request=ListDisputes,
            call=self._list,
            rest=Rest("GET", "/api/disputes", tag="payments"),
            response=DisputePage,
            example=Example({}, {"items": [DISPUTE]}),
            description="Disputes, those of the newest bills first: of one's sessions, or (administrators) all.",
        )
        for name, request, call, rest, text in (
            ("get_dispute", GetDispute, self._get, Rest("GET", one, tag="payments"), "A dispute, with its evidence."),
            ("submit_dispute", SubmitDispute, self._submit, submit, "Send the evidence. It is taken once."),
            ("accept_dispute", AcceptDispute, self._accept, accept, "Give a dispute up."),
        ):
            yield _operation(
                name,
                "dispute.change",
                request=request,
                call=call,
                rest=rest,
                response=DisputeReply,
                example=example,
                description=text,
                versioned=True,
            )
        yield _operation(
            "update_dispute",
            "dispute.change",
            request=UpdateDispute,
            call=self._update,
            rest=Rest("PATCH", one, tag="payments"),
            response=DisputeReply,
            example=Example({"dispute_id": _ID, **_WRITTEN}, DISPUTE),
            description="Write evidence. What is not written is said as the bill itself knows it.",
            versioned=True,
        )

    async def _list(self, request: ListDisputes, caller: Caller) -> DisputePage:
        mine = None if caller.by.role == "admin" else caller.by.user
        shown, more = await flagged_bills(self._views, "disputed", request.cursor, request.limit, beneficiary=mine)
        items = []
        for view in shown:
            record = record_in(view)
            items += [dispute_reply(record, one, view.version) for one in record.disputes]
        return DisputePage(items=items, next_cursor=more)

    async def _get(self, request: GetDispute, caller: Caller) -> DisputeReply:
        return await self._shown(request.dispute_id, caller)

    async def _update(self, request: UpdateDispute, caller: Caller) -> DisputeReply:
        written = (await self._read(request.dispute_id, caller)).written | request.evidence
        command = DraftEvidence(
            dispute=request.dispute_id,
            automatic=request.automatic,
            versions=caller.versions,
            secret=msgspec.msgpack.encode(written),
        )
        await self._ask(request.dispute_id, command, caller)
        return await self._shown(request.dispute_id, caller)

    async def _submit(self, request: SubmitDispute, caller: Caller) -> DisputeReply:
        written = (await self._read(request.dispute_id, caller)).written
        secret = msgspec.msgpack.encode(written)
        command = RespondToDispute(dispute=request.dispute_id, versions=caller.versions, secret=secret)
        await self._ask(request.dispute_id, command, caller, named(caller, "submit"))
        return await self._shown(request.dispute_id, caller)

    async def _accept(self, request: AcceptDispute, caller: Caller) -> DisputeReply:
        command = RespondToDispute(dispute=request.dispute_id, accept=True, versions=caller.versions)
        await self._ask(request.dispute_id, command, caller, named(caller, "accept"))
        return await self._shown(request.dispute_id, caller)

    async def _shown(self, dispute_id: str, caller: Caller) -> DisputeReply:
        view = await self._read(dispute_id, caller)
        dispute = view.record.dispute(dispute_id)
        assert dispute is not None
        return dispute_reply(view.record, dispute, view.version, together(view.record, view.written))

    async def _read(self, dispute_id: str, caller: Caller) -> DisputeView:
        data = await self._ask(dispute_id, ReadDispute(dispute_id), caller)
        return msgspec.json.decode(data, type=DisputeView)

    async def _ask(self, dispute_id: str, command: BillCommand, caller: Caller, name: str | None = None) -> bytes:
        if not (bill := bill_of(dispute_id)):
            raise NotFound("There is no such dispute.", dispute=dispute_id)
        entity = f"bill:{bill}"
        reply = await self._entities.submit(entity, command, by=caller.by, trace=caller.trace, command_id=name)
        return reply.data
