"""The operations of activities and connectors: for administrators."""

from collections.abc import Iterator
from typing import Any, Final

from actors.kernel.effects.activities.activity_ids import mark_from, text_of
from common.errors import FailedPrecondition, NotFound
from serve_app.capabilities.operations import contract
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.edge.operation import Caller, Example, Operation, Rest

_PATH: Final = "/api/operations/activities"
_ID: Final = "atv_mfrggzdfmztwq2lknnwg23tpoa"
_ACTIVITY: Final = {
    "id": _ID,
    "connector": "email",
    "state": "parked",
    "entity": "notifier:usr_01KAFZ3NHG1JQ2V8S5T6W7X9YZ",
    "attempts": 4,
    "created_at": "2026-11-20T09:30:00.000Z",
    "due_at": "2026-11-20T09:31:12.000Z",
    "deadline": "2026-11-20T09:45:00.000Z",
    "reason": {"code": "unreachable", "message": "The mail server cannot be reached."},
}
_CONNECTOR: Final = {
    "connector": "email",
    "status": "degraded",
    "breaker": "open",
    "waiting": 2,
    "parked": 1,
    "dead": 0,
    "done_total": 420,
    "failed_total": 5,
    "oldest_s": 71.5,
    "last_error": "unreachable: The mail server cannot be reached.",
}


def activity_operations(operations: ActivityOperations) -> Iterator[Operation[Any]]:
    """Section "The ground" of the contract, as far as it is about calls to partners."""
    yield from _reading(operations)
    yield from _changing(operations)


def _reading(operations: ActivityOperations) -> Iterator[Operation[Any]]:
    async def page(request: contract.ListActivities, _: Caller) -> contract.ActivityPage:
        after = None if request.cursor is None else mark_from(request.cursor)
        found = await operations.page(request.connector, request.state, after, request.limit + 1)
        rows = found[: request.limit]
        more = text_of(rows[-1].id) if len(found) > request.limit else None
        return contract.ActivityPage([contract.activity_of(row) for row in rows], more)

    async def connectors(_: contract.ListConnectors, __: Caller) -> contract.ConnectorList:
        found = (await operations.overview()).connectors
        return contract.ConnectorList([contract.connector_of(found[name]) for name in sorted(found)])

    yield Operation(
        name="list_activities",
        action="activity.read",
        request=contract.ListActivities,
        call=page,
        rest=Rest("GET", _PATH, tag="operations"),
        limit="read",
        response=contract.ActivityPage,
        example=Example({"connector": "email", "state": "parked"}, {"activities": [_ACTIVITY]}),
        description="Calls to partners that are owed: never what they say, or to whom. For administrators.",
    )
    yield Operation(
        name="list_connectors",
        action="activity.read",
        request=contract.ListConnectors,
        call=connectors,
        rest=Rest("GET", "/api/operations/connectors", tag="operations"),
        limit="read",
        response=contract.ConnectorList,
        example=Example({}, {"connectors": [_CONNECTOR]}),
        description="How each partner is doing. For administrators.",
    )


def _changing(operations: ActivityOperations) -> Iterator[Operation[Any]]:
    async def retry(request: contract.OfActivity, caller: Caller) -> contract.OneActivity:
        row = await operations.retry(request.activity_id, by=caller.by, trace=caller.trace)
        return contract.OneActivity(contract.activity_of(row))

    async def drop(request: contract.DropActivity, caller: Caller) -> contract.OneActivity:
        row = await operations.drop(request.activity_id, request.reason, by=caller.by, trace=caller.trace)
        return contract.OneActivity(contract.activity_of(row))

    yield Operation(
        name="retry_activity",
        action="activity.change",
        request=contract.OfActivity,
        call=retry,
        rest=Rest("POST", f"{_PATH}/{{activity_id}}/retry", tag="operations"),
        limit="write",
        response=contract.OneActivity,
        resource=("activity_id",),
        refuses=(NotFound, FailedPrecondition),
        example=Example({"activity_id": _ID}, {"activity": _ACTIVITY | {"state": "waiting"}}),
        description="Try it now, dead or not. For administrators; it is in the audit record.",
    )
    yield Operation(
        name="drop_activity",
        action="activity.change",
        request=contract.DropActivity,
        call=drop,
        rest=Rest("POST", f"{_PATH}/{{activity_id}}/drop", tag="operations"),
        limit="write",
        response=contract.OneActivity,
        resource=("activity_id",),
        refuses=(NotFound, FailedPrecondition),
        example=Example(
            {"activity_id": _ID, "reason": "The partner has closed this account."}, {"activity": _ACTIVITY}
        ),
        description="Never send it; what owed it hears so. For administrators; it is in the audit record.",
    )
