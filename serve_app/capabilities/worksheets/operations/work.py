"""Work is read, handed in, and followed."""

from collections.abc import Iterator
from typing import Any

from actors.worksheets.assignment.commands import (
    GetSubmission,
    ListSubmissions,
    ProgressAnswer,
    SubmissionPage,
    TrackProgress,
)
from actors.worksheets.assignment.shown import ShownAssignment, ShownSubmission
from actors.worksheets.desk.commands import Trends
from common.errors import Conflict, NotFound
from serve_app.capabilities.worksheets import examples
from serve_app.capabilities.worksheets import work_requests as requests
from serve_app.capabilities.worksheets.exchange import responses
from serve_app.capabilities.worksheets.operations.declaring import WORK
from serve_app.capabilities.worksheets.work import Work
from serve_app.edge.conventions.paging import encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest, Result


class WorkOperations:
    """One a process."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._reading()
        yield from self._handing_in()
        yield from self._following()

    def _reading(self) -> Iterator[Operation[Any]]:
        async def get(request: requests.OfAssignment, caller: Caller) -> Result:
            one = await self._work.get(request.assignment_id, by=caller.by, trace=caller.trace)
            return Result(one, version=one.version)

        async def page(request: requests.ListAssignments, caller: Caller) -> requests.AssignmentPage:
            found = await self._work.page(request, by=caller.by, trace=caller.trace)
            more = None if found.next is None else encode_cursor(found.next)
            return requests.AssignmentPage(assignments=found.assignments, next_cursor=more)

        yield WORK.read(
            "list_assignments",
            "worksheet.follow",
            request=requests.ListAssignments,
            call=page,
            under="",
            response=requests.AssignmentPage,
            example=({"status": "assigned"}, {"assignments": [examples.ASSIGNMENT]}),
            description="The caller's, as client or as therapist, the newest first; with `due_before`, by due time.",
        )
        yield WORK.read(
            "get_assignment",
            "worksheet.follow",
            request=requests.OfAssignment,
            call=get,
            under="/{assignment_id}",
            response=ShownAssignment,
            example=({}, examples.ASSIGNMENT),
            description="One assignment.",
            versioned=True,
        )

    def _handing_in(self) -> Iterator[Operation[Any]]:
        async def submit(request: requests.SubmitRequest, caller: Caller) -> ShownSubmission:
            return await self._work.submit(request, by=caller.by, trace=caller.trace)

        async def page(request: requests.OfAssignment, caller: Caller) -> SubmissionPage:
            return await self._work.ask(request.assignment_id, ListSubmissions(), by=caller.by, trace=caller.trace)

        async def get(request: requests.OfSubmission, caller: Caller) -> ShownSubmission | Result:
            found = await self._work.ask(
                request.assignment_id, GetSubmission(request.version), by=caller.by, trace=caller.trace
            )
            return found if request.format == "carewire" else await self._as_fhir(found, caller)

        yield WORK.change(
            "submit_assignment",
            "worksheet.submit",
            request=requests.SubmitRequest,
            call=submit,
            under="/{assignment_id}/submit",
            response=ShownSubmission,
            example=({"answers": examples.ANSWERS}, examples.SUBMISSION),
            description="Hand it in. `answers` are saved first. With `digest`, only what the person saw is handed in. "
            "Twice: the same submission.",
            status=201,
            refuses=(*WORK.refuses, Conflict),
            error_details=("answers",),
        )
        yield WORK.read(
            "list_submissions",
            "worksheet.follow",
            request=requests.OfAssignment,
            call=page,
            under="/{assignment_id}/submissions",
            response=SubmissionPage,
            example=({}, {"submissions": [examples.SUBMISSION]}),
            description="All that was handed in, the oldest first.",
        )
        yield WORK.read(
            "get_submission",
            "worksheet.follow",
            request=requests.OfSubmission,
            call=get,
            under="/{assignment_id}/submissions/{version}",
            response=ShownSubmission,
            example=({"version": 1}, examples.SUBMISSION),
            description="What was handed in: it never changes. With `format: fhir`, a QuestionnaireResponse (R4).",
        )

    def _following(self) -> Iterator[Operation[Any]]:
        async def track(request: requests.TrackRequest, caller: Caller) -> ProgressAnswer:
            command = TrackProgress(field=request.field, seconds=request.seconds)
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        async def trends(request: requests.TrendRequest, caller: Caller) -> Result:
            found = await self._work.trends(request.client_id, request.score or "", by=caller.by, trace=caller.trace)
            persons = [] if request.client_id == caller.by.user else [request.client_id]
            return Result(found, persons=persons)

        yield WORK.change(
            "track_progress",
            "worksheet.submit",
            request=requests.TrackRequest,
            call=track,
            under="/{assignment_id}/progress",
            response=ProgressAnswer,
            example=({"field": "mood"}, examples.PROGRESS),
            description="How far the client is. `seconds` is taken only where times are shared.",
            limit="signal",
        )
        yield Operation(
            name="score_trend",
            action="worksheet.scores",
            request=requests.TrendRequest,
            call=trends,
            rest=Rest("GET", "/api/clients/{client_id}/scores", tag=WORK.tag),
            limit="read",
            response=Trends,
            resource=("client_id",),
            refuses=(NotFound,),
            example=Example({"client_id": "usr_ada"}, examples.TRENDS),
            description="Scores of a person over time, and whether they changed reliably.",
        )

    async def _as_fhir(self, one: ShownSubmission, caller: Caller) -> Result:
        """The same as a QuestionnaireResponse."""
        given = await self._work.given(one.assignment_id, by=caller.by, trace=caller.trace)
        of = await self._work.get(one.assignment_id, by=caller.by, trace=caller.trace)
        document = responses.written(one, given.worksheet_id, given.schema, of.client_id)
        return Result(document, persons=[] if of.client_id == caller.by.user else [of.client_id])
