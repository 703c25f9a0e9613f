"""What sockets hear of a document that they have joined."""

from typing import Any, Final

from serve_app.capabilities.worksheets.writing.examples import ASSIGNMENT
from serve_app.edge.server_events import Payload, ServerEvent

_JOINED: Final = "every socket that has joined the worksheet"


class SyncHeard(Payload, frozen=True, kw_only=True):
    """One message of y-protocols: an attachment, or base64 for whoever said `binary: false`."""

    assignment_id: str
    attempt: int
    message: Any


class SavedHeard(Payload, frozen=True, kw_only=True):
    """All that `state_vector` names is stored."""

    assignment_id: str
    attempt: int
    seq: int
    state_vector: Any
    saved_at: str


class ClosedHeard(Payload, frozen=True, kw_only=True):
    """This attempt is over: nothing more is taken."""

    assignment_id: str
    attempt: int
    reason: str


class GapHeard(Payload, frozen=True, kw_only=True):
    """More was missed than can be sent again: join anew, with a state vector."""

    assignment_id: str


EVENTS: Final = (
    ServerEvent(
        name="worksheet_sync",
        payload=SyncHeard,
        audience=_JOINED,
        description="An update that was stored, or where somebody is.",
        example={"assignment_id": ASSIGNMENT, "attempt": 1, "message": "AAICAAA="},
    ),
    ServerEvent(
        name="worksheet_saved",
        payload=SavedHeard,
        audience=_JOINED,
        description="What is stored, at most four times a second.",
        example={
            "assignment_id": ASSIGNMENT,
            "attempt": 1,
            "seq": 13,
            "state_vector": "AA==",
            "saved_at": "2026-11-20T09:30:00.000Z",
        },
    ),
    ServerEvent(
        name="worksheet_closed",
        payload=ClosedHeard,
        audience=_JOINED,
        description="The attempt was submitted, cancelled, or another one began.",
        example={"assignment_id": ASSIGNMENT, "attempt": 1, "reason": "submitted"},
    ),
    ServerEvent(
        name="worksheet_gap",
        payload=GapHeard,
        audience=_JOINED,
        description="More was missed than can be sent again.",
        example={"assignment_id": ASSIGNMENT},
    ),
)
