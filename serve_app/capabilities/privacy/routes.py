"""`/api/privacy`: all of one's data, or none of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from actors.kernel.contract.entity import Principal
from common.ids import ID_PATTERN
from common.policy import POLICY, Relation
from serve_app.capabilities.identity.models import ConfirmBody
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import From
from serve_app.capabilities.identity.service import Identity
from serve_app.capabilities.privacy.erasure import Erasure
from serve_app.capabilities.privacy.export import Export
from serve_app.edge.conventions.permits import permit, verified_of

Exporter = Annotated[Principal, permit("privacy.export")]
Eraser = Annotated[Principal, permit("privacy.erase")]


def privacy_routes(identity: Identity, parts: Parts, export: Export, erasure: Erasure) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/privacy", tags=["privacy"])

    @router.get(
        "/export",
        operation_id="export_account",
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    async def all_of_it(who: Exporter, by: From) -> Response:
        """Everything that is stored of the caller: account, sessions, care, own messages, bookings, waitlist, inbox,
        audit entries."""
        headers = {"Content-Disposition": 'attachment; filename="carewire-export.json"'}
        return StreamingResponse(export.of(who, by.request), media_type="application/json", headers=headers)

    @router.post("/erase", operation_id="erase_account", status_code=204, responses={412: {}})
    async def erase_me(request: Request, who: Eraser, by: From, body: ConfirmBody | None = None) -> Response:
        """Erase the caller, for good. Whoever has a password here must send it."""
        POLICY.require(who.role, "privacy.erase", {Relation.SELF})
        if await parts.accounts.get(who.user) is not None:
            await identity.confirm(verified_of(request), body.password if body is not None else "", by)
        await erasure.erase(who.user, who.user, who.role, by)
        return Response(status_code=204)

    @router.post("/users/{user_id}/erase", operation_id="erase_user", status_code=204, responses={412: {}})
    async def erase(user_id: Annotated[str, Path(pattern=ID_PATTERN)], who: Eraser, by: From) -> Response:
        """Erase somebody who asked for it. For administrators."""
        POLICY.require(who.role, "privacy.erase", {Relation.NONE})
        await erasure.erase(user_id, who.user, who.role, by)
        return Response(status_code=204)

    return router
