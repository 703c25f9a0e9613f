"""Every operation of what is said about work: feedback, and questions."""

from collections.abc import Iterator
from typing import Any, Final

from actors.worksheets.assignment.commands import (
    AnswerClarification,
    AskClarification,
    ClarificationPage,
    DeleteFeedback,
    EditFeedback,
    FeedbackPage,
    GiveFeedback,
    ListClarifications,
    ListFeedback,
    ResolveClarification,
)
from actors.worksheets.assignment.contents import EventWords, pack
from actors.worksheets.assignment.shown import ShownClarification, ShownFeedback
from common.errors import InvalidArgument
from common.ids import new_id
from common.persons import NothingToTell
from serve_app.capabilities.worksheets import examples
from serve_app.capabilities.worksheets import work_requests as requests
from serve_app.capabilities.worksheets.operations.declaring import TALK
from serve_app.capabilities.worksheets.work import Work
from serve_app.edge.operation import Caller, Operation, Result

_FEEDBACK: Final = "/{assignment_id}/feedback"
_QUESTIONS: Final = "/{assignment_id}/clarifications"
_OF_FEEDBACK: Final = {"feedback_id": examples.FEEDBACK_ID}
_OF_QUESTION: Final = {"clarification_id": examples.CLARIFICATION_ID}


class TalkOperations:
    """One a process."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._feedback()
        yield from self._changes_of_feedback()
        yield from self._questions()
        yield from self._answers()

    def _feedback(self) -> Iterator[Operation[Any]]:
        async def give(request: requests.FeedbackRequest, caller: Caller) -> ShownFeedback:
            return await self._work.ask(request.assignment_id, _given(request), by=caller.by, trace=caller.trace)

        async def page(request: requests.ListFeedbackRequest, caller: Caller) -> FeedbackPage:
            command = ListFeedback(version=request.version or 0)
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        yield TALK.change(
            "give_feedback",
            "worksheet.feedback",
            request=requests.FeedbackRequest,
            call=give,
            under=_FEEDBACK,
            response=ShownFeedback,
            example=({"version": 1, "body": "Tell me more."}, examples.FEEDBACK),
            description="Say something about what was handed in: on all of it, on a field, on a stretch of its text. "
            "What is "
            "private, only who gave the work sees.",
            status=201,
        )
        yield TALK.read(
            "list_feedback",
            "worksheet.follow",
            request=requests.ListFeedbackRequest,
            call=page,
            under=_FEEDBACK,
            response=FeedbackPage,
            example=({}, {"feedback": [examples.FEEDBACK]}),
            description="What was said about what was handed in.",
        )

    def _changes_of_feedback(self) -> Iterator[Operation[Any]]:
        async def edit(request: requests.EditFeedbackRequest, caller: Caller) -> ShownFeedback:
            if request.body is None and request.private is None:
                raise InvalidArgument("Say what shall be other.", details={"field": "body"})
            secret = None if request.body is None else pack(EventWords(text=request.body))
            command = EditFeedback(feedback=request.feedback_id, private=request.private, secret=secret)
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        async def delete(request: requests.OfFeedback, caller: Caller) -> Result:
            command = DeleteFeedback(feedback=request.feedback_id)
            await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)
            return Result(NothingToTell(), persons=[])

        path = f"{_FEEDBACK}/{{feedback_id}}"
        yield TALK.change(
            "edit_feedback",
            "worksheet.feedback",
            request=requests.EditFeedbackRequest,
            call=edit,
            under=path,
            response=ShownFeedback,
            example=({**_OF_FEEDBACK, "body": "Tell me more."}, {**examples.FEEDBACK, "edited_at": examples.TIME}),
            description="Other words, or for other eyes. What it said before is gone.",
            method="PATCH",
        )
        yield TALK.change(
            "delete_feedback",
            "worksheet.feedback",
            request=requests.OfFeedback,
            call=delete,
            under=path,
            response=NothingToTell,
            example=(_OF_FEEDBACK, {}),
            description="Take it back.",
            method="DELETE",
        )

    def _questions(self) -> Iterator[Operation[Any]]:
        async def ask(request: requests.ClarificationRequest, caller: Caller) -> ShownClarification:
            key = request.client_id or new_id("req", 0)
            command = AskClarification(
                field=request.field or "", key=key, secret=pack(EventWords(text=request.question))
            )
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        async def page(request: requests.OfAssignment, caller: Caller) -> ClarificationPage:
            return await self._work.ask(request.assignment_id, ListClarifications(), by=caller.by, trace=caller.trace)

        yield TALK.change(
            "request_clarification",
            "worksheet.clarify",
            request=requests.ClarificationRequest,
            call=ask,
            under=_QUESTIONS,
            response=ShownClarification,
            example=({"question": "The whole day?"}, examples.CLARIFICATION),
            description="Ask something: the client of the task, its therapist of what was written.",
            status=201,
        )
        yield TALK.read(
            "list_clarifications",
            "worksheet.clarify",
            request=requests.OfAssignment,
            call=page,
            under=_QUESTIONS,
            response=ClarificationPage,
            example=({}, {"clarifications": [examples.CLARIFICATION]}),
            description="All questions, with what was answered.",
        )

    def _answers(self) -> Iterator[Operation[Any]]:
        async def answer(request: requests.AnswerRequest, caller: Caller) -> ShownClarification:
            command = AnswerClarification(
                clarification=request.clarification_id,
                key=request.request_id or new_id("req", 0),
                secret=pack(EventWords(text=request.body)),
            )
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        async def resolve(request: requests.OfClarification, caller: Caller) -> ShownClarification:
            command = ResolveClarification(clarification=request.clarification_id)
            return await self._work.ask(request.assignment_id, command, by=caller.by, trace=caller.trace)

        path = f"{_QUESTIONS}/{{clarification_id}}"
        yield TALK.change(
            "answer_clarification",
            "worksheet.clarify",
            request=requests.AnswerRequest,
            call=answer,
            under=f"{path}/answer",
            response=ShownClarification,
            example=({**_OF_QUESTION, "body": "Yes."}, {**examples.CLARIFICATION, "state": "answered"}),
            description="Answer a question; by who asked, a further one.",
        )
        yield TALK.change(
            "resolve_clarification",
            "worksheet.clarify",
            request=requests.OfClarification,
            call=resolve,
            under=f"{path}/resolve",
            response=ShownClarification,
            example=(_OF_QUESTION, {**examples.CLARIFICATION, "state": "resolved"}),
            description="It is clear.",
        )


def _given(request: requests.FeedbackRequest) -> GiveFeedback:
    """Raises InvalidArgument: a stretch of no field."""
    if request.range is not None and request.field is None:
        raise InvalidArgument("A stretch is one of a field's text.", details={"field": "field"})
    return GiveFeedback(
        version=request.version,
        field=request.field or "",
        start=-1 if request.range is None else request.range.start,
        end=-1 if request.range is None else request.range.end,
        private=request.private,
        key=request.client_id or new_id("req", 0),
        secret=pack(EventWords(text=request.body)),
    )
