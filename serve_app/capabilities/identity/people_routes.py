"""`/api/users`, `/api/invitations`: who is who."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from actors.kernel.contract.entity import Principal
from common.errors import FailedPrecondition
from common.ids import ID_PATTERN
from common.policy import POLICY, Relation
from serve_app.capabilities.identity import models
from serve_app.capabilities.identity.accounts.codes import Invitation
from serve_app.capabilities.identity.accounts.people import People
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import From, user_of
from serve_app.edge.conventions.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit, verified_of

IdInPath = Annotated[str, Path(pattern=ID_PATTERN)]
Administrator = Annotated[Principal, permit("account.administer")]
Inviter = Annotated[Principal, permit("invitation.manage")]
Reader = Annotated[Principal, permit("account.read")]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {}}
_NOT_NOW: dict[int | str, dict[str, Any]] = {404: {}, 412: {}}


def people_routes(people: People, parts: Parts) -> APIRouter:
    """Accounts and invitations."""
    router = APIRouter(tags=["people"])

    @router.get("/api/users/{user_id}", operation_id="get_user", responses=_NOT_FOUND)
    async def user(user_id: IdInPath, who: Reader) -> models.User:
        """An account: one's own, or as an administrator any."""
        POLICY.require(who.role, "account.read", {Relation.SELF if who.user == user_id else Relation.NONE})
        return user_of(*await people.account(user_id))

    @router.patch("/api/users/{user_id}", operation_id="update_user", status_code=204, responses=_NOT_NOW)
    async def change(
        request: Request, user_id: IdInPath, body: models.ChangeUser, by: From, _: Administrator
    ) -> Response:
        """Role, blocked or not. In force at once on HTTP, and in under two seconds on live sockets."""
        who = verified_of(request)
        if body.blocked and not body.reason.strip():
            raise FailedPrecondition("A block needs a reason.", details={"field": "reason"})
        if body.role is not None:
            await people.set_role(user_id, body.role, who, by)
        if body.blocked is True:
            await people.block(user_id, body.reason, who, by)
        elif body.blocked is False:
            await people.unblock(user_id, who, by)
        return Response(status_code=204)

    @router.post("/api/invitations", operation_id="create_invitation", status_code=201)
    async def invite(request: Request, body: models.Invite, by: From, _: Inviter) -> models.InvitationView:
        """Invite somebody to register with a role. The code is in this answer only."""
        return invitation_of(await people.invite(body.email, body.role, verified_of(request), by))

    @router.get("/api/invitations", operation_id="list_invitations")
    async def invitations(_: Inviter, cursor: Cursor = None, limit: Limit = 50) -> Page[models.InvitationView]:
        """Those that have not expired, the oldest first."""
        after = None if cursor is None else str(decode_cursor(cursor, str)[0])
        found = await parts.invitations.page(after, limit + 1)
        more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page(items=[invitation_of(one) for one in found[:limit]], next_cursor=more)

    @router.delete(
        "/api/invitations/{invitation_id}", operation_id="withdraw_invitation", status_code=204, responses=_NOT_FOUND
    )
    async def withdraw(request: Request, invitation_id: IdInPath, by: From, _: Inviter) -> Response:
        """Take an unused one back."""
        await people.withdraw(invitation_id, verified_of(request), by)
        return Response(status_code=204)

    return router


def invitation_of(invitation: Invitation) -> models.InvitationView:
    """An invitation as administrators see it."""
    return models.InvitationView(
        invitation_id=invitation.id,
        role=invitation.role,
        invited_by=invitation.by,
        expires_at=invitation.expires_at,
        used_by=invitation.used_by,
        code=invitation.code or None,
    )
