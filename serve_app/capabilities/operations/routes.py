"""`/api/operations/activities` and `/api/operations/connectors`."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from actors.kernel.contract.activities import ActivityRow
from actors.kernel.contract.entity import Principal
from actors.kernel.effects.activity_ids import mark_from, text_of
from common.clock import to_rfc3339
from common.errors import InvalidArgument
from common.lines import Line
from serve_app.capabilities.identity.routes import From
from serve_app.capabilities.operations.activities import ActivityOperations, By
from serve_app.capabilities.operations.overview import ConnectorOverview
from serve_app.edge.conventions.paging import Cursor, Limit, decode_cursor, encode_cursor
from serve_app.edge.conventions.permits import permit

Reader = Annotated[Principal, permit("activity.read")]
Operator = Annotated[Principal, permit("activity.change")]
ActivityId = Annotated[str, Path(max_length=64, examples=["atv_aaaaaaaaaaaaaaaaaaaaaaaaaa"])]
ConnectorName = Annotated[
    str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only of this connector.", examples=["email"])
]


class Reason(BaseModel):
    """Why it is not done: a code of ours, and what an operator can make of it."""

    code: str
    message: str


class Activity(BaseModel):
    """A call to a partner that is owed. What it says, to whom, is not shown."""

    id: str
    connector: str
    state: Literal["waiting", "parked", "dead"] = Field(
        description="`waiting`: in line, or being tried. `parked`: put off until `due_at`. `dead`: not tried any more."
    )
    entity: str
    attempts: int
    created_at: str
    due_at: str | None = None
    deadline: str | None = None
    reason: Reason | None = None


class ActivityPage(BaseModel):
    """One page, in the order of their ids."""

    activities: list[Activity]
    next_cursor: str | None = None


class OneActivity(BaseModel):
    """As it is by now."""

    activity: Activity


class Drop(BaseModel):
    """Why nobody is to be told."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: Annotated[Line, Field(min_length=1, max_length=500, examples=["The partner has closed this account."])]


class ConnectorState(BaseModel):
    """How one connector is doing."""

    connector: str
    status: Literal["ok", "degraded", "unserved"]
    breaker: Literal["closed", "open", "half_open"]
    waiting: int
    parked: int
    dead: int
    done_total: int
    failed_total: int
    oldest_s: float
    last_error: str | None = None


class ConnectorList(BaseModel):
    """All that are served, or have anything."""

    connectors: list[ConnectorState]


def operations_routes(operations: ActivityOperations) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["operations"])

    @router.get(
        "/api/operations/activities",
        operation_id="list_activities",
        response_model=ActivityPage,
        response_model_exclude_none=True,
    )
    async def list_activities(
        _: Reader,
        connector: ConnectorName = None,
        state: Literal["waiting", "parked", "dead"] | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> ActivityPage:
        """Calls to partners that are owed. For administrators."""
        after = None if cursor is None else _position(cursor)
        found = await operations.page(connector, state, after, limit + 1)
        more = encode_cursor(text_of(found[limit - 1].id)) if len(found) > limit else None
        return ActivityPage(activities=[activity_of(row) for row in found[:limit]], next_cursor=more)

    @router.post(
        "/api/operations/activities/{activity_id}/retry",
        operation_id="retry_activity",
        response_model=OneActivity,
        response_model_exclude_none=True,
        responses={404: {}, 412: {}},
    )
    async def retry_activity(activity_id: ActivityId, by: From, who: Operator) -> OneActivity:
        """Try it now, dead or not. For administrators; it is in the audit record."""
        row = await operations.retry(activity_id, By(who.user, who.role, by.address, by.request))
        return OneActivity(activity=activity_of(row))

    @router.post(
        "/api/operations/activities/{activity_id}/drop",
        operation_id="drop_activity",
        response_model=OneActivity,
        response_model_exclude_none=True,
        responses={404: {}, 412: {}},
    )
    async def drop_activity(activity_id: ActivityId, body: Drop, by: From, who: Operator) -> OneActivity:
        """Never send it. Who owed it hears so. For administrators; it is in the audit record."""
        row = await operations.drop(activity_id, body.reason, By(who.user, who.role, by.address, by.request))
        return OneActivity(activity=activity_of(row))

    @router.get(
        "/api/operations/connectors",
        operation_id="list_connectors",
        response_model=ConnectorList,
        response_model_exclude_none=True,
    )
    async def list_connectors(_: Reader) -> ConnectorList:
        """How each partner is doing. For administrators."""
        found = await operations.overview()
        return ConnectorList(connectors=[_state_of(one) for _, one in sorted(found.connectors.items())])

    return router


def activity_of(row: ActivityRow) -> Activity:
    """An activity as it is shown."""
    return Activity.model_validate(
        {
            "id": text_of(row.id),
            "connector": row.connector,
            "state": row.state,
            "entity": row.entity,
            "attempts": row.attempts,
            "created_at": to_rfc3339(row.created_at_ms),
            "due_at": None if row.due_ms is None else to_rfc3339(row.due_ms),
            "deadline": None if row.deadline_ms is None else to_rfc3339(row.deadline_ms),
            "reason": {"code": row.code, "message": row.message} if row.code else None,
        }
    )


def _state_of(one: ConnectorOverview) -> ConnectorState:
    return ConnectorState.model_validate(
        {name: getattr(one, name) for name in ConnectorState.model_fields} | {"last_error": one.last_error or None}
    )


def _position(cursor: str) -> bytes:
    mark = mark_from(str(decode_cursor(cursor, str)[0]))
    if mark is None:
        raise InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})
    return mark
