"""`/api/care`: who cares for whom. What both doors have is in `care_operations`."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path

from actors.care.state import CareRecord, shown
from actors.kernel.contract.entity import Principal
from common.ids import ID_PATTERN
from common.policy import POLICY, Relation
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.identity import models
from serve_app.capabilities.identity.care import CareRelations
from serve_app.capabilities.identity.origin import Origin
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import From
from serve_app.edge.conventions.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit

IdInPath = Annotated[str, Path(pattern=ID_PATTERN)]
Proposer = Annotated[Principal, permit("care.propose")]
Accepter = Annotated[Principal, permit("care.accept")]
Reader = Annotated[Principal, permit("care.read")]
Ender = Annotated[Principal, permit("care.end")]
_NOT_NOW: dict[int | str, dict[str, object]] = {404: {}, 412: {}}


def care_routes(care: CareRelations, parts: Parts) -> APIRouter:
    """Care relationships."""
    router = APIRouter(prefix="/api/care", tags=["people"])

    async def record(action: str, one: CareRecord, who: Principal, by: Origin) -> models.CareView:
        await parts.audit.append(
            AuditEntry(action, who.user, one.client, "ok", who.role, one.id, address=by.address, request=by.request)
        )
        return care_of(one)

    @router.post("", operation_id="propose_care", status_code=201, responses={409: {}, 412: {}})
    async def propose(body: models.Propose, by: From, who: Proposer) -> models.CareView:
        """A therapist proposes their care to a client, who accepts it; an administrator's is in force at once."""
        one = await care.begin(body.client_id, body.therapist_id or who.user, by=who, trace=by.request)
        return await record("care.proposed" if one.state == "pending" else "care.established", one, who, by)

    @router.get("", operation_id="list_care")
    async def page(who: Reader, cursor: Cursor = None, limit: Limit = 50) -> Page[models.CareView]:
        """The caller's, or as an administrator all."""
        after = None if cursor is None else str(decode_cursor(cursor, str)[0])
        everybody = POLICY.allows(who.role, Relation.NONE, "care.read")
        rows = await care.of(None if everybody else who.user, after=after, limit=limit + 1)
        more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=[care_of(one) for one in rows[:limit]], next_cursor=more)

    @router.post("/{care_id}/accept", operation_id="accept_care", responses=_NOT_NOW)
    async def accept(care_id: IdInPath, by: From, who: Accepter) -> models.CareView:
        """The client agrees."""
        return await record("care.accepted", await care.accept(care_id, by=who, trace=by.request), who, by)

    @router.post("/{care_id}/end", operation_id="end_care", responses=_NOT_NOW)
    async def end(care_id: IdInPath, by: From, who: Ender) -> models.CareView:
        """It is over, or declined."""
        return await record("care.ended", await care.end(care_id, by=who, trace=by.request), who, by)

    return router


def care_of(one: CareRecord) -> models.CareView:
    """A care relationship as both parties see it."""
    return models.CareView(**msgspec.to_builtins(shown(one)))
