"""What sockets hear of worksheets. All but progress are addressed to the person, and so recovered."""

from typing import Final

import msgspec

from actors.worksheets.assignment.events import Change
from actors.worksheets.assignment.shown import ShownAssignment, ShownClarification, ShownFeedback, ShownProgress
from actors.worksheets.schema.fields import Urgency
from common.persons import UserId
from serve_app.capabilities.worksheets import examples
from serve_app.edge.server_events import Addressed, ServerEvent


class AssignmentTold(Addressed, frozen=True, kw_only=True):
    """An assignment as it is by now."""

    assignment: ShownAssignment


class AssignmentUpdated(Addressed, frozen=True, kw_only=True):
    """An assignment as it is by now, and what happened to it."""

    assignment: ShownAssignment
    change: Change


class SubmissionTold(Addressed, frozen=True, kw_only=True):
    """Something was handed in."""

    assignment_id: str
    version: int
    late: bool


class FeedbackTold(Addressed, frozen=True, kw_only=True):
    """Something was said about what was handed in."""

    assignment_id: str
    feedback: ShownFeedback


class ClarificationTold(Addressed, frozen=True, kw_only=True):
    """A question, with what was said last."""

    assignment_id: str
    clarification: ShownClarification


class AlertTold(Addressed, frozen=True, kw_only=True):
    """An answer needs attention. Which one, and why, is read with the submission."""

    assignment_id: str
    client_id: UserId
    version: int
    alert: str
    urgency: Urgency


class ProgressTold(msgspec.Struct, frozen=True, kw_only=True):
    """How far the client is."""

    assignment_id: str
    progress: ShownProgress


_ADDRESSED: Final = {"event_id": "evt_01KAFZ0000000000000000000A", "inbox_seq": 12}
_BOTH: Final = "its client and its therapist"
_OTHER: Final = "the other of client and therapist"
_OF: Final = examples.OF_ASSIGNMENT
WORKSHEET_EVENTS: Final = (
    ServerEvent(
        name="assignment_created",
        payload=AssignmentTold,
        audience=_BOTH,
        description="Somebody was given a worksheet.",
        example={"assignment": examples.ASSIGNMENT, **_ADDRESSED},
    ),
    ServerEvent(
        name="assignment_updated",
        payload=AssignmentUpdated,
        audience=_BOTH,
        description="An assignment has changed.",
        example={"assignment": examples.SUBMITTED, "change": "submitted", **_ADDRESSED},
    ),
    ServerEvent(
        name="submission_created",
        payload=SubmissionTold,
        audience=_BOTH,
        description="Something was handed in.",
        example={**_OF, "version": 1, "late": False, **_ADDRESSED},
    ),
    ServerEvent(
        name="feedback_given",
        payload=FeedbackTold,
        audience="its client",
        description="There is feedback, or it has changed. What is private is told to nobody.",
        example={**_OF, "feedback": examples.FEEDBACK, **_ADDRESSED},
    ),
    ServerEvent(
        name="clarification_requested",
        payload=ClarificationTold,
        audience=_OTHER,
        description="Something was asked.",
        example={**_OF, "clarification": examples.CLARIFICATION, **_ADDRESSED},
    ),
    ServerEvent(
        name="clarification_answered",
        payload=ClarificationTold,
        audience=_OTHER,
        description="Something was answered, or a question is resolved.",
        example={**_OF, "clarification": {**examples.CLARIFICATION, "state": "answered"}, **_ADDRESSED},
    ),
    ServerEvent(
        name="answer_alert",
        payload=AlertTold,
        audience="its therapist",
        description="An answer needs attention; one that is an emergency raises one besides.",
        example={**_OF, "client_id": "usr_ada", "version": 1, "alert": "low", "urgency": "high", **_ADDRESSED},
    ),
    ServerEvent(
        name="progress_updated",
        payload=ProgressTold,
        audience="who has joined the worksheet, its therapist where that is shared",
        description="How far the client is: at most once in two seconds.",
        example={**_OF, **examples.PROGRESS},
    ),
)
