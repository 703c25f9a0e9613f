"""What may be done about care at both doors. The rules are in `actors.care`."""

from collections.abc import Iterator
from typing import Any, Final

from actors.care.state import CareRecord, CareReply, shown
from common.decoding import Id, Instant, Request
from common.errors import FailedPrecondition
from common.timeline import parse_instant
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.care.recording import record
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.edge.operation import Caller, Example, Operation, Rest

_OF_CARE: Final = {"care_id": "care_01KAFZ0000000000000000000A"}
_CARE: Final[dict[str, Any]] = {
    **_OF_CARE,
    "client_id": "usr_ada",
    "therapist_id": "usr_tess",
    "state": "active",
    "proposed_by": "usr_tess",
    "since": "2026-11-02T08:15:00.000Z",
}
_UNTIL: Final = "2026-12-01T08:00:00.000Z"


class OfCare(Request, frozen=True):
    """Something about one care relationship."""

    care_id: Id


class PauseCareRequest(OfCare, frozen=True):
    """`until`: when it goes on by itself; without it, somebody resumes it."""

    until: Instant | None = None


class CareOperations:
    """One a process."""

    def __init__(self, care: CareRelations, audit: AuditRecord) -> None:
        self._care = care
        self._audit = audit

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="pause_care",
            action="care.pause",
            request=PauseCareRequest,
            call=self._pause,
            rest=Rest("POST", "/api/care/{care_id}/pause", tag="people"),
            limit="write",
            response=CareReply,
            resource=("care_id",),
            refuses=(FailedPrecondition,),
            example=Example(_OF_CARE | {"until": _UNTIL}, _CARE | {"state": "paused", "until": _UNTIL}),
            description="Let care rest: until `until`, or until somebody resumes it. Asked again, the last `until` "
            "counts. For its therapist and administrators.",
        )
        yield Operation(
            name="resume_care",
            action="care.pause",
            request=OfCare,
            call=self._resume,
            rest=Rest("POST", "/api/care/{care_id}/resume", tag="people"),
            limit="write",
            response=CareReply,
            resource=("care_id",),
            refuses=(FailedPrecondition,),
            example=Example(_OF_CARE, _CARE),
            description="Let care go on. For its therapist and administrators.",
        )

    async def _pause(self, request: PauseCareRequest, caller: Caller) -> CareReply:
        until_ms = 0 if request.until is None else parse_instant(request.until, "until")
        care = await self._care.pause(request.care_id, until_ms, by=caller.by, trace=caller.trace)
        return await self._recorded("care.paused", care, caller)

    async def _resume(self, request: OfCare, caller: Caller) -> CareReply:
        care = await self._care.resume(request.care_id, by=caller.by, trace=caller.trace)
        return await self._recorded("care.resumed", care, caller)

    async def _recorded(self, action: str, care: CareRecord, caller: Caller) -> CareReply:
        await record(self._audit, action, care, caller)
        return shown(care)
