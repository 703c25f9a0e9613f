"""Work is given, and what its therapist does about it."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from actors.kernel.contract.entity import Command
from actors.worksheets.assignment.commands import (
    CancelAssignment,
    Extend,
    Reopen,
    Review,
    SetCollaboration,
)
from actors.worksheets.assignment.contents import EventWords, pack
from actors.worksheets.assignment.shown import ShownAssignment
from actors.worksheets.versions import Versions
from common.errors import NotFound
from common.ids import new_id
from serve_app.capabilities.worksheets import examples
from serve_app.capabilities.worksheets import work_requests as requests
from serve_app.capabilities.worksheets.answers import assigned
from serve_app.capabilities.worksheets.operations.declaring import WORK
from serve_app.capabilities.worksheets.work import Work
from serve_app.capabilities.worksheets.zones import Zones
from serve_app.edge.operation import Caller, Method, Operation, Result

Changing = Command[ShownAssignment]


class GivingOperations:
    """One a process."""

    def __init__(self, work: Work, zones: Zones) -> None:
        self._work, self._zones = work, zones

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._giving()
        yield from self._changing()

    def _giving(self) -> Iterator[Operation[Any]]:
        async def assign(request: requests.AssignRequest, caller: Caller) -> Result:
            one, series = await self._work.assign(request, by=caller.by, trace=caller.trace)
            return Result(assigned(one, series), version=one.version)

        async def end(request: requests.EndSeriesRequest, caller: Caller) -> requests.ShownSeries:
            found = await self._work.end_series(request.series_id, by=caller.by, trace=caller.trace)
            return requests.ShownSeries(series_id=found.series_id, next_at=found.next_at)

        yield WORK.change(
            "assign_worksheet",
            "worksheet.assign",
            request=requests.AssignRequest,
            call=assign,
            under="",
            response=requests.AssignedReply,
            example=(
                {**examples.OF_WORKSHEET, "client_id": "usr_ada", "due": {"date": "2026-11-27"}},
                examples.ASSIGNMENT,
            ),
            description="Give a published worksheet to somebody in the caller's care: once, by a rule, or after each "
            "session.",
            status=201,
            aliases=("/api/worksheets/{worksheet_id}/assign",),
        )
        yield WORK.change(
            "end_assignment_series",
            "worksheet.assign",
            request=requests.EndSeriesRequest,
            call=end,
            under="/series/{series_id}/end",
            response=requests.ShownSeries,
            example=({"series_id": examples.SERIES_ID}, {"series_id": examples.SERIES_ID}),
            description="No more of them; those that exist stay.",
            refuses=(NotFound,),
        )

    def _changing(self) -> Iterator[Operation[Any]]:
        async def extend(request: requests.ExtendRequest, caller: Caller) -> Result:
            one = await self._work.get(request.assignment_id, by=caller.by, trace=caller.trace)
            due = await self._zones.wanted(request.due, one.client_id, one.therapist_id)
            command = Extend(due=due, versions=_versions(request, caller), deed=_deed(), secret=_said(request.reason))
            return await self._change(request, command, caller)

        async def cancel(request: requests.CancelRequest, caller: Caller) -> Result:
            command = CancelAssignment(versions=_versions(request, caller), deed=_deed(), secret=_said(request.reason))
            return await self._change(request, command, caller)

        async def review(request: requests.ChangeAssignment, caller: Caller) -> Result:
            return await self._change(request, Review(versions=_versions(request, caller), deed=_deed()), caller)

        async def reopen(request: requests.ReopenRequest, caller: Caller) -> Result:
            command = Reopen(
                blank=request.blank, versions=_versions(request, caller), deed=_deed(), secret=_said(request.reason)
            )
            return await self._change(request, command, caller)

        async def collaborate(request: requests.CollaborationRequest, caller: Caller) -> Result:
            command = SetCollaboration(enabled=request.enabled, versions=_versions(request, caller), deed=_deed())
            return await self._change(request, command, caller)

        yield _operation(
            name="extend_assignment",
            request=requests.ExtendRequest,
            call=extend,
            description="It is due later.",
            asked={"due": {"date": "2026-12-04"}},
        )
        yield _operation("cancel_assignment", requests.CancelRequest, cancel, "It need not be done.")
        yield _operation(
            "review_assignment", requests.ChangeAssignment, review, "What was handed in has been read.",
            answer={**examples.SUBMITTED, "status": "reviewed"},
        )  # fmt: skip
        yield _operation(
            name="reopen_assignment", request=requests.ReopenRequest, call=reopen, description="Another "
            "attempt, which begins with what was handed "
            "in; with `blank`, with nothing. What was handed in stays as it is.", asked={"blank": False},
            answer={**examples.SUBMITTED, "status": "reopened", "attempt": 2},
        )  # fmt: skip
        yield _operation(
            name="set_collaboration",
            request=requests.CollaborationRequest,
            call=collaborate,
            description="Off: its therapist reads what was handed in, and notes on it, but no drafts.",
            asked={"enabled": False},
            answer={**examples.ASSIGNMENT, "collaboration": False},
            verb="collaboration",
            method="PUT",
        )

    async def _change(self, request: requests.ChangeAssignment, command: Changing, caller: Caller) -> Result:
        return _versioned(await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace))


def _operation(
    name: str,
    request: type[requests.ChangeAssignment],
    call: Callable[[Any, Caller], Awaitable[Result]],
    description: str,
    asked: dict[str, Any] | None = None,
    answer: dict[str, Any] | None = None,
    *,
    verb: str = "",
    method: Method = "POST",
) -> Operation[Any]:
    return WORK.change(
        name,
        "worksheet.assign",
        request=request,
        call=call,
        under=f"/{{assignment_id}}/{verb or name.removesuffix('_assignment')}",
        response=ShownAssignment,
        example=(asked or {}, answer or examples.ASSIGNMENT),
        description=description,
        method=method,
        versioned=True,
    )


def _versioned(one: ShownAssignment) -> Result:
    return Result(one, version=one.version)


def _said(text: str | None) -> bytes | None:
    return None if text is None else pack(EventWords(text=text))


def _deed() -> str:
    """Names what is asked, so that a region that repeats it does it once."""
    return new_id("req", 0)


def _versions(request: requests.ChangeAssignment, caller: Caller) -> Versions:
    """Those that a change is meant for: the payload says it, or `If-Match`."""
    return caller.versions if request.version is None else (request.version,)
