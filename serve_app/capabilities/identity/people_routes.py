"""`/api/users`, `/api/invitations`, `/api/care`: who is who, and who cares for whom."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from actors.kernel.contract.entity import Principal
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, NotFound
from common.ids import ID_PATTERN
from common.policy import POLICY, Relation
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.identity import models
from serve_app.capabilities.identity.accounts.codes import Invitation
from serve_app.capabilities.identity.accounts.people import People
from serve_app.capabilities.identity.care import Care, CareRelations
from serve_app.capabilities.identity.origin import Origin
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import From, user_of
from serve_app.edge.conventions.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit, verified_of

IdInPath = Annotated[str, Path(pattern=ID_PATTERN)]
Administrator = Annotated[Principal, permit("account.administer")]
Inviter = Annotated[Principal, permit("invitation.manage")]
Reader = Annotated[Principal, permit("account.read")]
Proposer = Annotated[Principal, permit("care.propose")]
Accepter = Annotated[Principal, permit("care.accept")]
CareReader = Annotated[Principal, permit("care.read")]
CareEnder = Annotated[Principal, permit("care.end")]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {}}
_NOT_NOW: dict[int | str, dict[str, Any]] = {404: {}, 412: {}}


def people_routes(people: People, parts: Parts) -> APIRouter:
    """Accounts and invitations."""
    router = APIRouter(tags=["people"])

    @router.get("/api/users/{user_id}", responses=_NOT_FOUND)
    async def user(user_id: IdInPath, who: Reader) -> models.User:
        """An account: one's own, or as an administrator any."""
        POLICY.require(who.role, "account.read", {Relation.SELF if who.user == user_id else Relation.NONE})
        return user_of(*await people.account(user_id))

    @router.patch("/api/users/{user_id}", status_code=204, responses=_NOT_NOW)
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

    @router.post("/api/invitations", status_code=201)
    async def invite(request: Request, body: models.Invite, by: From, _: Inviter) -> models.InvitationView:
        """Invite somebody to register with a role. The code is in this answer only."""
        return invitation_of(await people.invite(body.email, body.role, verified_of(request), by))

    @router.get("/api/invitations")
    async def invitations(_: Inviter, cursor: Cursor = None, limit: Limit = 50) -> Page[models.InvitationView]:
        """Those that have not expired, the oldest first."""
        after = None if cursor is None else str(decode_cursor(cursor, str)[0])
        found = await parts.invitations.page(after, limit + 1)
        more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page(items=[invitation_of(one) for one in found[:limit]], next_cursor=more)

    @router.delete("/api/invitations/{invitation_id}", status_code=204, responses=_NOT_FOUND)
    async def withdraw(request: Request, invitation_id: IdInPath, by: From, _: Inviter) -> Response:
        """Take an unused one back."""
        await people.withdraw(invitation_id, verified_of(request), by)
        return Response(status_code=204)

    return router


def care_routes(care: CareRelations, parts: Parts) -> APIRouter:
    """Care relationships."""
    router = APIRouter(prefix="/api/care", tags=["people"])

    async def found(care_id: str, who: Principal, action: str) -> Care:
        """The one asked for. Strangers cannot tell whether it exists."""
        one = await care.get(care_id)
        if not any(POLICY.allows(who.role, relation, action) for relation in one.relations(who.user)):
            raise NotFound("There is no such care relationship.", care=care_id)
        return one

    async def record(action: str, one: Care, who: Principal, by: Origin) -> None:
        await parts.audit.append(
            AuditEntry(action, who.user, one.client, "ok", who.role, one.id, address=by.address, request=by.request)
        )

    @router.post("", status_code=201, responses={409: {}, 412: {}})
    async def propose(body: models.Propose, by: From, who: Proposer) -> models.CareView:
        """A therapist proposes their care to a client, who accepts it; an administrator's is in force at once."""
        therapist = body.therapist_id or who.user
        if who.role != "admin" and therapist != who.user:
            raise FailedPrecondition("Propose your own care only.", details={"field": "therapist_id"})
        if therapist == body.client_id:
            raise FailedPrecondition("Nobody is their own therapist.", details={"field": "client_id"})
        one = await care.begin(body.client_id, therapist, by=who.user, active=who.role == "admin")
        await record("care.proposed" if one.state == "pending" else "care.established", one, who, by)
        for user in {one.client, one.therapist} - {who.user}:
            await parts.notices.tell(user, "care_updated", care_of(one).model_dump(exclude_none=True))
        return care_of(one)

    @router.get("")
    async def page(who: CareReader, cursor: Cursor = None, limit: Limit = 50) -> Page[models.CareView]:
        """The caller's, or as an administrator all."""
        after = None if cursor is None else str(decode_cursor(cursor, str)[0])
        everybody = POLICY.allows(who.role, Relation.NONE, "care.read")
        rows = await care.of(None if everybody else who.user, after=after, limit=limit + 1)
        more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=[care_of(one) for one in rows[:limit]], next_cursor=more)

    @router.post("/{care_id}/accept", responses=_NOT_NOW)
    async def accept(care_id: IdInPath, by: From, who: Accepter) -> models.CareView:
        """The client agrees."""
        await found(care_id, who, "care.accept")
        one = await care.accept(care_id)
        await record("care.accepted", one, who, by)
        await parts.notices.tell(one.therapist, "care_updated", care_of(one).model_dump(exclude_none=True))
        return care_of(one)

    @router.post("/{care_id}/end", responses=_NOT_NOW)
    async def end(care_id: IdInPath, by: From, who: CareEnder) -> models.CareView:
        """It is over, or declined."""
        await found(care_id, who, "care.end")
        one = await care.end(care_id)
        await record("care.ended", one, who, by)
        for user in {one.client, one.therapist} - {who.user}:
            await parts.notices.tell(user, "care_updated", care_of(one).model_dump(exclude_none=True))
        return care_of(one)

    return router


def invitation_of(one: Invitation) -> models.InvitationView:
    """An invitation as administrators see it."""
    return models.InvitationView(
        invitation_id=one.id,
        role=one.role,
        invited_by=one.by,
        expires_at=one.expires_at,
        used_by=one.used_by,
        code=one.code or None,
    )


def care_of(one: Care) -> models.CareView:
    """A care relationship as both parties see it."""
    return models.CareView(
        care_id=one.id,
        client_id=one.client,
        therapist_id=one.therapist,
        state=one.state,
        proposed_by=one.by,
        since=to_rfc3339(one.since),
        ended_at=to_rfc3339(one.ended_at) if one.ended_at else None,
    )
