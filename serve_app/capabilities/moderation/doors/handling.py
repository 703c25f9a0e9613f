"""What moderators can ask: cases, what is held, restrictions, the policy, and to read a room."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from actors.kernel.contract.entity import Command
from actors.kernel.contract.versions import Versions
from actors.moderation.case.commands import (
    AddNote,
    AssignModerator,
    Close,
    ConfirmResolution,
    RejectResolution,
    TakeAction,
)
from actors.moderation.showing import ShownCase
from common.clock import Clock
from common.errors import FailedPrecondition
from common.ids import new_id
from common.timeline import parse_instant
from serve_app.capabilities.moderation.cases import Cases
from serve_app.capabilities.moderation.doors import examples, requests
from serve_app.edge.conventions.paging import decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest
from store.ports.views import Scalar

TAG: Final = "moderation"
_PATH: Final = "/api/moderation"
_CASE: Final = f"{_PATH}/cases/{{case_id}}"


class ModeratorOperations:
    """One a process."""

    def __init__(self, cases: Cases, clock: Clock) -> None:
        self._cases, self._clock = cases, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._reading()
        yield from self._deciding()
        yield from self._held()

    def _reading(self) -> Iterator[Operation[Any]]:
        async def page(request: requests.ListCases, caller: Caller) -> requests.CasePage:
            before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
            found = await self._cases.page(_wanted(request), before=before, limit=request.limit + 1)
            more = encode_cursor(found[request.limit - 1][0]) if len(found) > request.limit else None
            seen = [one for _, one in found[: request.limit] if one.subject_id != caller.by.user]
            return requests.CasePage(cases=seen, next_cursor=more)

        async def open_(request: requests.OpenCase, caller: Caller) -> requests.CaseReply:
            found = await self._cases.open(request.case_id, request.why, by=caller.by, trace=caller.trace)
            return requests.CaseReply(case=found)

        yield Operation(
            name="list_cases",
            action="case.list",
            request=requests.ListCases,
            call=page,
            rest=Rest("GET", f"{_PATH}/cases", tag=TAG),
            limit="read",
            response=requests.CasePage,
            example=examples.LIST_CASES,
            description="Cases, the newest first: kinds, ids and times. What was said is seen by who opens one.",
        )
        yield Operation(
            name="get_case",
            action="case.read",
            request=requests.OpenCase,
            call=open_,
            rest=Rest("GET", _CASE, tag=TAG),
            limit="read",
            response=requests.CaseReply,
            resource=("case_id",),
            example=examples.GET_CASE,
            description="Open a case with its evidence. `why` is kept in the audit record.",
            versioned=True,
        )

    def _deciding(self) -> Iterator[Operation[Any]]:
        yield self._of_case(
            name="assign_case",
            verb="assign",
            request=requests.AssignCase,
            command=lambda request, versions: AssignModerator(request.to or "", versions),
            example=examples.ASSIGN,
            description="Somebody takes care of it; reporters hear that it is in review.",
        )
        yield self._of_case(
            name="note_case",
            verb="note",
            request=requests.NoteCase,
            command=lambda request, versions: AddNote(secret=request.text.encode(), versions=versions),
            example=examples.NOTE,
            description="Something to remember.",
        )
        yield self._of_case(
            name="act_on_case",
            verb="act",
            request=requests.ActOnCase,
            command=self._act,
            example=examples.ACT,
            description="Do something about it.",
        )
        yield self._of_case(
            name="close_case",
            verb="close",
            request=requests.CloseCase,
            command=lambda request, versions: Close(
                outcome=request.outcome, secret=request.text.encode(), versions=versions
            ),
            example=examples.CLOSE,
            description="It is dealt with. Grave ones wait for another person to confirm it.",
        )
        yield self._of_case(
            name="confirm_close",
            verb="confirm",
            request=requests.OfCase,
            command=lambda _, versions: ConfirmResolution(versions),
            example=examples.CONFIRM,
            description="Another person agrees (`same_person` otherwise).",
        )
        yield self._of_case(
            name="reopen_case",
            verb="reopen",
            request=requests.ReopenCase,
            command=lambda request, versions: RejectResolution(secret=request.text.encode(), versions=versions),
            example=examples.REOPEN,
            description="It is not dealt with.",
        )

    def _act(self, request: requests.ActOnCase, versions: Versions) -> Command[ShownCase]:
        now_ms = self._clock.platform_ms()
        return TakeAction(
            deed=request.action,
            user=request.user_id or "",
            until=0 if request.until is None else parse_instant(request.until, "until"),
            scope=tuple(dict.fromkeys(request.scope or ())),
            restriction=new_id("rst", now_ms) if request.action == "restrict" else "",
            secret=None if request.text is None else request.text.encode(),
            versions=versions,
        )

    def _of_case(
        self,
        name: str,
        verb: str,
        request: type[requests.OfCase],
        command: Callable[[Any, Versions], Command[ShownCase]],
        example: Example,
        description: str,
    ) -> Operation[Any]:
        async def call(asked: requests.OfCase, caller: Caller) -> requests.CaseReply:
            wanted = command(asked, caller.versions)
            found = await self._cases.decide(asked.case_id, wanted, by=caller.by, trace=caller.trace)
            return requests.CaseReply(case=found)

        return Operation(
            name=name,
            action="case.decide",
            request=request,
            call=call,
            rest=Rest("POST", f"{_CASE}/{verb}", tag=TAG),
            limit="write",
            response=requests.CaseReply,
            resource=("case_id",),
            refuses=(FailedPrecondition,),
            example=example,
            description=description,
            versioned=True,
        )

    def _held(self) -> Iterator[Operation[Any]]:
        async def page(request: requests.ListHeld, caller: Caller) -> requests.HeldPage:
            before = None if request.cursor is None else str(decode_cursor(request.cursor, str)[0])
            found = await self._cases.held(request.state, before=before, limit=request.limit + 1)
            more = encode_cursor(found[request.limit - 1].held_id) if len(found) > request.limit else None
            return requests.HeldPage(
                held=await self._cases.read(found[: request.limit], caller.trace), next_cursor=more
            )

        async def release(request: requests.OfHeld, caller: Caller) -> requests.HeldReply:
            return requests.HeldReply(held=await self._cases.release(request.held_id, by=caller.by, trace=caller.trace))

        async def reject(request: requests.RejectHeldRequest, caller: Caller) -> requests.HeldReply:
            return requests.HeldReply(
                held=await self._cases.reject(request.held_id, request.text, by=caller.by, trace=caller.trace)
            )

        yield Operation(
            name="list_held",
            action="held.read",
            request=requests.ListHeld,
            call=page,
            rest=Rest("GET", f"{_PATH}/held", tag=TAG),
            limit="read",
            response=requests.HeldPage,
            example=examples.LIST_HELD,
            description="Messages that wait for somebody to look at them, with what they say. Each look is recorded.",
        )
        yield _of_held(
            name="release_held",
            verb="release",
            request=requests.OfHeld,
            call=release,
            example=examples.RELEASE,
            description="It is posted now, once.",
        )
        yield _of_held(
            name="reject_held",
            verb="reject",
            request=requests.RejectHeldRequest,
            call=reject,
            example=examples.REJECT,
            description="It goes nowhere; its sender is told why.",
        )


def _wanted(request: requests.ListCases) -> dict[str, Scalar]:
    asked: dict[str, Scalar] = {
        "state": request.state,
        "severity": request.severity,
        "assignee": request.assignee,
        "overdue": request.overdue,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _of_held(
    name: str,
    verb: str,
    request: type[requests.OfHeld],
    call: Callable[[Any, Caller], Awaitable[requests.HeldReply]],
    example: Example,
    description: str,
) -> Operation[Any]:
    return Operation(
        name=name,
        action="case.decide",
        request=request,
        call=call,
        rest=Rest("POST", f"{_PATH}/held/{{held_id}}/{verb}", tag=TAG),
        limit="write",
        response=requests.HeldReply,
        resource=("held_id",),
        refuses=(FailedPrecondition,),
        example=example,
        description=description,
    )
