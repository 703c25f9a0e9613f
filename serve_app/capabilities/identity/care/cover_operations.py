"""Who stands in for a therapist, at both doors. The rules are in `actors.care.cover`."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from actors.care.commands import BeginCover
from actors.care.state import CareRecord, CoverReply, shown_cover
from common.clock import Clock
from common.decoding import Id, Instant
from common.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied
from common.ids import new_id
from common.timeline import parse_instant
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.operations import OfCare
from serve_app.capabilities.identity.care.recording import record
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/care/{care_id}/cover"
_COVER: Final[dict[str, Any]] = {
    "cover_id": "cov_01KAFZ0000000000000000000A",
    "care_id": "care_01KAFZ0000000000000000000A",
    "therapist_id": "usr_eve",
    "from": "2026-12-01T08:00:00.000Z",
    "until": "2026-12-08T08:00:00.000Z",
    "history": "none",
    "state": "planned",
}


class BeginCoverRequest(OfCare, frozen=True, kw_only=True):
    """`therapist_id` stands in, from `from` (now) to `until`. `history`: whether what was said before is theirs to
    read."""

    therapist_id: Id
    since: Instant | None = msgspec.field(name="from", default=None)
    until: Instant
    history: Literal["none", "all"]


class EndCoverRequest(OfCare, frozen=True, kw_only=True):
    """A cover is over, or will not be."""

    cover_id: Id


class CoverOperations:
    """One a process."""

    def __init__(self, care: CareRelations, roles: Roles, audit: AuditRecord, clock: Clock) -> None:
        self._care, self._roles, self._audit, self._clock = care, roles, audit, clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="begin_cover",
            action="care.cover",
            request=BeginCoverRequest,
            call=self._begin,
            rest=Rest("POST", _PATH, status=201, tag="people"),
            limit="write",
            response=CoverReply,
            resource=("care_id",),
            refuses=(AlreadyExists, FailedPrecondition, NotFound),
            example=Example(
                {name: value for name, value in _COVER.items() if name not in ("cover_id", "state")},
                {"cover": _COVER},
            ),
            description="Somebody stands in for the therapist for a while: a member of the conversation with the role "
            "`cover`. For its therapist and administrators.",
        )
        yield Operation(
            name="end_cover",
            action="care.cover",
            request=EndCoverRequest,
            call=self._end,
            rest=Rest("DELETE", f"{_PATH}/{{cover_id}}", tag="people"),
            limit="write",
            response=CoverReply,
            resource=("care_id",),
            refuses=(FailedPrecondition, NotFound),
            example=Example(
                {"care_id": _COVER["care_id"], "cover_id": _COVER["cover_id"]}, {"cover": _COVER | {"state": "ended"}}
            ),
            description="End a cover before its time, or call it off. For its therapist and administrators.",
        )

    async def _begin(self, request: BeginCoverRequest, caller: Caller) -> CoverReply:
        if await self._roles.role_of(request.therapist_id) not in (None, "therapist"):
            raise PermissionDenied("A cover is a therapist.", details={"field": "therapist_id"})
        command = BeginCover(
            cover=new_id("cov", self._clock.platform_ms()),
            therapist=request.therapist_id,
            since=0 if request.since is None else parse_instant(request.since, "from"),
            until=parse_instant(request.until, "until"),
            hidden=request.history == "none",
        )
        care = await self._care.begin_cover(request.care_id, command, by=caller.by, trace=caller.trace)
        return await self._recorded("care.cover_begun", care, command.cover, caller)

    async def _end(self, request: EndCoverRequest, caller: Caller) -> CoverReply:
        care = await self._care.end_cover(request.care_id, request.cover_id, by=caller.by, trace=caller.trace)
        return await self._recorded("care.cover_ended", care, request.cover_id, caller)

    async def _recorded(self, action: str, care: CareRecord, cover_id: str, caller: Caller) -> CoverReply:
        await record(self._audit, action, care, caller)
        cover = care.cover(cover_id)
        if cover is None:
            raise NotFound("There is no such cover.", care=care.id)
        return CoverReply(cover=shown_cover(care, cover))
