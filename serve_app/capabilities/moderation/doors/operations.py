"""What people can ask about safety: report, block, appeal."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from actors.moderation.shield.replies import BlockList
from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.moderation.blocks import Blocks
from serve_app.capabilities.moderation.cases import Cases
from serve_app.capabilities.moderation.doors import examples, requests
from serve_app.capabilities.moderation.reports import Reports
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest

TAG: Final = "safety"


class SafetyOperations:
    """One a process."""

    def __init__(self, reports: Reports, blocks: Blocks, cases: Cases) -> None:
        self._reports, self._blocks, self._cases = reports, blocks, cases

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._reporting()
        yield from self._reported()
        yield from self._blocking()
        yield self._appealing()

    def _reporting(self) -> Iterator[Operation[Any]]:
        async def message(request: requests.ReportMessage, caller: Caller) -> requests.ReportReply:
            found = await self._reports.of_message(
                request.room_id,
                request.message_id,
                request.reason,
                note=request.note or "",
                context=request.context,
                reveal=request.reveal,
                by=caller.by,
                trace=caller.trace,
            )
            return requests.ReportReply(report=found)

        async def user(request: requests.ReportUser, caller: Caller) -> requests.ReportReply:
            found = await self._reports.of_user(
                request.user_id, request.reason, note=request.note or "", by=caller.by, trace=caller.trace
            )
            return requests.ReportReply(report=found)

        yield Operation(
            name="report_message",
            action="report.create",
            request=requests.ReportMessage,
            call=message,
            rest=Rest("POST", "/api/rooms/{room_id}/messages/{message_id}/report", status=201, tag=TAG),
            limit="write",
            response=requests.ReportReply,
            resource=("room_id",),
            refuses=(NotFound,),
            example=examples.REPORT_MESSAGE,
            description="Report a message. What it says now, what it said before, and `context` messages beside it are "
            "kept for whoever looks at it, whatever happens to them. Again by the same person: the same report.",
        )
        yield Operation(
            name="report_user",
            action="report.create",
            request=requests.ReportUser,
            call=user,
            rest=Rest("POST", "/api/reports", status=201, tag=TAG),
            limit="write",
            response=requests.ReportReply,
            example=examples.REPORT_USER,
            description="Report how somebody behaves. Again, while it is open: the same report.",
        )

    def _reported(self) -> Iterator[Operation[Any]]:
        async def page(request: requests.ListReports, caller: Caller) -> requests.ReportPage:
            before = None if request.cursor is None else int(decode_cursor(request.cursor, int)[0])
            found = await self._reports.page(caller.by.user, before=before, limit=request.limit + 1)
            more = encode_cursor(found[request.limit - 1][0]) if len(found) > request.limit else None
            return requests.ReportPage(reports=[one for _, one in found[: request.limit]], next_cursor=more)

        async def get(request: requests.OfReport, caller: Caller) -> requests.ReportReply:
            return requests.ReportReply(report=await self._reports.get(request.report_id, caller.by))

        yield Operation(
            name="list_reports",
            action="report.read",
            request=requests.ListReports,
            call=page,
            rest=Rest("GET", "/api/reports", tag=TAG),
            limit="read",
            response=requests.ReportPage,
            example=examples.LIST_REPORTS,
            description="One's own reports, the newest first.",
        )
        yield Operation(
            name="get_report",
            action="report.read",
            request=requests.OfReport,
            call=get,
            rest=Rest("GET", "/api/reports/{report_id}", tag=TAG),
            limit="read",
            response=requests.ReportReply,
            resource=("report_id",),
            example=examples.GET_REPORT,
            description="What became of a report: whether something was done, never what.",
        )

    def _blocking(self) -> Iterator[Operation[Any]]:
        yield _of_block(
            name="block_user",
            method="PUT",
            call=lambda request, caller: self._blocks.block(request.user_id, by=caller.by, trace=caller.trace),
            example=examples.BLOCK,
            description="From the answer on neither reaches the other. Nobody is told. A therapist ends care "
            "instead of blocking "
            "(`in_care`).",
        )
        yield _of_block(
            name="unblock_user",
            method="DELETE",
            call=lambda request, caller: self._blocks.unblock(request.user_id, by=caller.by, trace=caller.trace),
            example=examples.UNBLOCK,
            description="They may reach each other again.",
        )

        async def every(_: requests.NoBlock, caller: Caller) -> BlockList:
            return await self._blocks.list(caller.by, caller.trace)

        yield Operation(
            name="list_blocks",
            action="block.read",
            request=requests.NoBlock,
            call=every,
            rest=Rest("GET", "/api/blocks", tag=TAG),
            limit="read",
            response=BlockList,
            example=examples.LIST_BLOCKS,
            description="Whom one has blocked, those of late first.",
        )

    def _appealing(self) -> Operation[Any]:
        async def appeal(request: requests.AppealRequest, caller: Caller) -> requests.AppealReply:
            found = await self._cases.appeal(
                request.held_id,
                request.restriction_id,
                request.case_id,
                request.text,
                by=caller.by,
                trace=caller.trace,
            )
            return requests.AppealReply(appeal=found)

        return Operation(
            name="appeal",
            action="appeal.create",
            request=requests.AppealRequest,
            call=appeal,
            rest=Rest("POST", "/api/moderation/appeals", status=201, tag=TAG),
            limit="write",
            response=requests.AppealReply,
            refuses=(FailedPrecondition,),
            example=examples.APPEAL,
            description="Say that a decision about oneself is wrong. It is judged by somebody else. Again: the same.",
        )


def _of_block(
    name: str,
    method: Any,
    call: Callable[[requests.OfBlock, Caller], Awaitable[BlockList]],
    example: Example,
    description: str,
) -> Operation[Any]:
    return Operation(
        name=name,
        action="block.change",
        request=requests.OfBlock,
        call=call,
        rest=Rest(method, "/api/blocks/{user_id}", tag=TAG),
        limit="write",
        response=BlockList,
        refuses=(FailedPrecondition,),
        example=example,
        description=description,
    )
