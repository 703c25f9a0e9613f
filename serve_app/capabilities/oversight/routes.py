"""`/api/audit` and `/api/break-glass`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from actors.kernel.contract.entity import SYSTEM, Principal, as_themselves
from actors.rooms.conversation.commands import Unveil
from actors.rooms.room.commands import History, Peek
from common.clock import to_rfc3339
from common.ids import ID_PATTERN
from common.lines import Line
from common.persons import UserId
from common.policy import POLICY, Relation
from serve_app.capabilities.audit.chain import ChainLink
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.models import Id
from serve_app.capabilities.identity.routes import From
from serve_app.capabilities.oversight.breakglass import BreakGlass, Grant
from serve_app.capabilities.rooms.pages import json_response, page_of_messages, page_of_rooms
from serve_app.capabilities.rooms.ports import RoomsReader
from serve_app.edge.api.models import MessagePage, RoomPage
from serve_app.edge.conventions.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit, verified_of

IdInPath = Annotated[str, Path(pattern=ID_PATTERN)]
Reader = Annotated[Principal, permit("audit.read")]
Opener = Annotated[Principal, permit("breakglass.open")]
User = Annotated[Principal, permit("breakglass.read")]
Seq = Annotated[int | None, Query(ge=0, le=2**53)]


class AuditEntry(BaseModel):
    """Who did what, whose, when, from where, why."""

    number: int
    at: str
    action: str
    actor: str
    role: str
    subject: UserId
    outcome: str
    resource: str
    address: str
    request_id: str
    why: str
    hash: str


class OpenGrant(BaseModel):
    """An emergency. The reason is shown to the person concerned."""

    model_config = ConfigDict(extra="forbid", strict=True)
    subject_id: Id
    reason: Annotated[Line, Field(min_length=10, max_length=500, examples=["Client does not answer after an alarm."])]
    minutes: Annotated[float, Field(ge=1, le=60)] = 15


class GrantView(BaseModel):
    """Access that is, or was, open."""

    grant_id: str
    subject_id: UserId
    until: str


class UnveiledMember(BaseModel):
    """Who goes by which name in an anonymous room."""

    alias: str
    user_id: UserId


class UnveiledRoom(BaseModel):
    """The members of an anonymous room; none where people go by their ids."""

    room_id: str
    members: list[UnveiledMember]


def audit_routes(audit: AuditRecord, glass: BreakGlass, rooms: RoomsReader) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["oversight"])

    @router.get("/api/audit", operation_id="list_audit")
    async def entries(
        who: Reader,
        subject: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditEntry]:
        """The record, the newest first: what concerns the caller, or for administrators anybody."""
        everybody = POLICY.allows(who.role, Relation.NONE, "audit.read")
        subject = subject if everybody else subject or who.user
        relation = Relation.SELF if subject == who.user else Relation.NONE
        POLICY.require(who.role, "audit.read", {relation})
        below = None if cursor is None else int(decode_cursor(cursor, int)[0])
        found = await audit.page(subject=subject, below=below, limit=limit + 1)
        more = encode_cursor(found[limit - 1].number) if len(found) > limit else None
        return Page(items=[entry_of(one) for one in found[:limit]], next_cursor=more)

    @router.post("/api/break-glass", operation_id="open_break_glass", status_code=201)
    async def open_(request: Request, body: OpenGrant, by: From, _: Opener) -> GrantView:
        """Read somebody's rooms for a while. They are told at once."""
        return grant_of(await glass.open(body.subject_id, body.reason, body.minutes, verified_of(request), origin=by))

    @router.get("/api/break-glass", operation_id="list_break_glass")
    async def grants(who: Opener, limit: Limit = 50) -> Page[GrantView]:
        """The caller's, the newest first."""
        return Page(items=[grant_of(one) for one in await glass.of(who.user, limit=limit)])

    @router.delete(
        "/api/break-glass/{grant_id}", operation_id="close_break_glass", status_code=204, responses={404: {}}
    )
    async def close(request: Request, grant_id: IdInPath, by: From, _: Opener) -> Response:
        """End it early."""
        await glass.close(grant_id, verified_of(request), by)
        return Response(status_code=204)

    @router.get(
        "/api/break-glass/{grant_id}/rooms",
        operation_id="list_break_glass_rooms",
        response_model=RoomPage,
        responses={404: {}},
    )
    async def rooms_of(
        request: Request, grant_id: IdInPath, by: From, who: User, cursor: Cursor = None, limit: Limit = 50
    ) -> Response:
        """The rooms of the person."""
        POLICY.require(who.role, "breakglass.read", {Relation.GRANT})
        grant = await glass.use(grant_id, "rooms", verified_of(request), by)
        page = await rooms.rooms_of(_as(grant), cursor=cursor, limit=limit, trace=by.request)
        return json_response(page_of_rooms(page))

    @router.get(
        "/api/break-glass/{grant_id}/rooms/{room_id}/messages",
        operation_id="list_break_glass_messages",
        response_model=MessagePage,
        responses={404: {}},
    )
    async def messages(
        request: Request,
        grant_id: IdInPath,
        room_id: IdInPath,
        by: From,
        who: User,
        before: Seq = None,
        limit: Limit = 50,
    ) -> Response:
        """What was said in a room of the person's."""
        POLICY.require(who.role, "breakglass.read", {Relation.GRANT})
        grant = await glass.use(grant_id, room_id, verified_of(request), by)
        command = History(before=before, after=None, limit=limit)
        page = await rooms.ask(room_id, command, by=_as(grant), trace=by.request)
        return json_response(page_of_messages(page, forward=False))

    @router.get(
        "/api/break-glass/{grant_id}/rooms/{room_id}/members",
        operation_id="list_break_glass_members",
        responses={404: {}},
    )
    async def members(request: Request, grant_id: IdInPath, room_id: IdInPath, by: From, who: User) -> UnveiledRoom:
        """Who is behind which alias, in an anonymous room of the person's."""
        POLICY.require(who.role, "breakglass.read", {Relation.GRANT})
        grant = await glass.use(grant_id, f"{room_id}/members", verified_of(request), by)
        await rooms.ask(room_id, Peek(), by=_as(grant), trace=by.request)
        found = await rooms.ask(room_id, Unveil(), by=SYSTEM, trace=by.request)
        named = [UnveiledMember(alias=alias, user_id=user) for alias, user in sorted(found.aliases.items())]
        return UnveiledRoom(room_id=room_id, members=named)

    return router


def _as(grant: Grant) -> Principal:
    """The person's own view, and nothing beyond it: a grant opens no room that they are not in."""
    return as_themselves(grant.subject)


def grant_of(grant: Grant) -> GrantView:
    """A grant as it is shown."""
    return GrantView(grant_id=grant.id, subject_id=grant.subject, until=to_rfc3339(grant.until_ms))


def entry_of(link: ChainLink) -> AuditEntry:
    """An entry as it is shown."""
    entry: Any = link.entry
    return AuditEntry(
        number=link.number,
        at=to_rfc3339(entry.at_ms),
        action=entry.action,
        actor=entry.actor,
        role=entry.role,
        subject=entry.subject,
        outcome=entry.outcome,
        resource=entry.resource,
        address=entry.address,
        request_id=entry.request,
        why=entry.why,
        hash=link.hash,
    )
