"""Proposing, accepting, listing and ending care, at both doors. The rules are in `actors.care`."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from actors.care.state import CareRecord, shown
from common.decoding import Id, Request
from common.errors import AlreadyExists, FailedPrecondition, NotFound
from common.persons import UserId
from common.policy import POLICY, Relation
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.care.operations import OfCare
from serve_app.capabilities.identity.care.recording import record
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE, decode_cursor, encode_cursor
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/care"
_TAG: Final = "people"
_OF_CARE: Final = {"care_id": "care_01KAFZ0000000000000000000A"}
_CARE: Final[dict[str, Any]] = {
    **_OF_CARE,
    "client_id": "usr_ada",
    "therapist_id": "usr_tess",
    "state": "pending",
    "proposed_by": "usr_tess",
    "since": "2026-11-02T08:15:00.000Z",
    "ended_at": None,
    "until": None,
}


class ProposeCare(Request, frozen=True, kw_only=True):
    """`therapist_id` is for administrators; a therapist proposes their own care."""

    client_id: Id
    therapist_id: Id | None = None


class ListCare(Request, frozen=True, kw_only=True):
    """A page of care relationships."""

    cursor: (
        Annotated[
            str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="Most items of a page.")] = DEFAULT_PAGE


class CareRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: pending, active, paused or ended. `until`: when a pause ends by itself."""

    care_id: str
    client_id: UserId
    therapist_id: str
    state: str
    proposed_by: str
    since: str
    ended_at: str | None = None
    until: str | None = None


class CarePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `next_cursor` is null on the last one."""

    items: list[CareRow]
    next_cursor: str | None = None


def row_of(care: CareRecord) -> CareRow:
    """A care relationship as both parties see it."""
    return msgspec.convert(msgspec.to_builtins(shown(care)), CareRow)


class RelationOperations:
    """One a process."""

    def __init__(self, care: CareRelations, audit: AuditRecord) -> None:
        self._care, self._audit = care, audit

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="propose_care",
            action="care.propose",
            request=ProposeCare,
            call=self._propose,
            rest=Rest("POST", _PATH, status=201, tag=_TAG),
            limit="write",
            response=CareRow,
            refuses=(AlreadyExists, FailedPrecondition),
            example=Example({"client_id": "usr_ada"}, _CARE),
            description="A therapist proposes their care to a client, who accepts it; an administrator's is in force "
            "at once.",
        )
        yield Operation(
            name="list_care",
            action="care.read",
            request=ListCare,
            call=self._list,
            rest=Rest("GET", _PATH, tag=_TAG),
            limit="read",
            response=CarePage,
            example=Example({"limit": 50}, {"items": [_CARE], "next_cursor": None}),
            description="The caller's, or as an administrator all.",
        )
        yield from self._changing()

    def _changing(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="accept_care",
            action="care.accept",
            request=OfCare,
            call=self._accept,
            rest=Rest("POST", f"{_PATH}/{{care_id}}/accept", tag=_TAG, bodiless=True),
            limit="write",
            response=CareRow,
            resource=("care_id",),
            refuses=(FailedPrecondition, NotFound),
            example=Example(_OF_CARE, _CARE | {"state": "active"}),
            description="The client agrees.",
        )
        yield Operation(
            name="end_care",
            action="care.end",
            request=OfCare,
            call=self._end,
            rest=Rest("POST", f"{_PATH}/{{care_id}}/end", tag=_TAG, bodiless=True),
            limit="write",
            response=CareRow,
            resource=("care_id",),
            refuses=(FailedPrecondition, NotFound),
            example=Example(_OF_CARE, _CARE | {"state": "ended", "ended_at": "2026-11-20T09:30:00.000Z"}),
            description="It is over, or declined. Answered once the conversation of the two is closed.",
        )

    async def _propose(self, asked: ProposeCare, caller: Caller) -> CareRow:
        by = caller.by
        care = await self._care.begin(asked.client_id, asked.therapist_id or by.user, by=by, trace=caller.trace)
        return await self._recorded("care.proposed" if care.state == "pending" else "care.established", care, caller)

    async def _list(self, asked: ListCare, caller: Caller) -> CarePage:
        by, limit = caller.by, asked.limit
        after = None if asked.cursor is None else str(decode_cursor(asked.cursor, str)[0])
        everybody = POLICY.allows(by.role, Relation.NONE, "care.read")
        rows = await self._care.of(None if everybody else by.user, after=after, limit=limit + 1)
        more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return CarePage(items=[row_of(row) for row in rows[:limit]], next_cursor=more)

    async def _accept(self, asked: OfCare, caller: Caller) -> CareRow:
        care = await self._care.accept(asked.care_id, by=caller.by, trace=caller.trace)
        return await self._recorded("care.accepted", care, caller)

    async def _end(self, asked: OfCare, caller: Caller) -> CareRow:
        care = await self._care.end(asked.care_id, by=caller.by, trace=caller.trace)
        return await self._recorded("care.ended", care, caller)

    async def _recorded(self, action: str, care: CareRecord, caller: Caller) -> CareRow:
        await record(self._audit, action, care, caller)
        return row_of(care)
