"""What operators may send, and what they get: one Struct each, at both doors."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from actors.kernel.contract.activities import ActivityRow
from actors.kernel.effects.activities.activity_ids import text_of
from common.clock import to_rfc3339
from common.decoding import Request
from common.lines import LINE_PATTERN
from serve_app.capabilities.operations.overview import ConnectorOverview
from serve_app.edge.conventions.paging import DEFAULT_PAGE, LARGEST_PAGE
from serve_app.edge.operation import Repeatable

State = Literal["waiting", "parked", "dead"]
_LONGEST_REASON: Final = 500
_Text = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"\A[^\0]*\Z")]
_Cursor = Annotated[
    str,
    Meta(
        pattern=r"\Aatv_[a-z2-7]{25}[aeimquy4]\Z",  # 128 bits of base32: two of the last five are 0
        description="`next_cursor` of the page before; without it, the first page.",
    ),
]
_Name = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,63}\Z")]


class ListActivities(Request, frozen=True, kw_only=True):
    """Calls to partners that are owed."""

    connector: _Name | None = None
    state: State | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE


class OfActivity(Request, Repeatable, frozen=True, kw_only=True):
    """One call to a partner. `request_id`: a repeat with it is the same deed."""

    activity_id: _Text


class DropActivity(OfActivity, frozen=True, kw_only=True):
    """Never send it."""

    reason: Annotated[str, Meta(min_length=1, max_length=_LONGEST_REASON, pattern=LINE_PATTERN)]


class ListConnectors(Request, frozen=True):
    """How each partner is doing."""


class FailureReason(msgspec.Struct, frozen=True):
    """Why it is not done: a code of ours, and what an operator can make of it."""

    code: str
    message: str


class Activity(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A call to a partner that is owed. What it says, and to whom, is not shown.

    `waiting`: in line, or being tried. `parked`: put off until `due_at`. `dead`: nobody tries it again by itself.
    """

    id: str
    connector: str
    state: State
    entity: str
    attempts: int
    created_at: str
    due_at: str | None = None
    deadline: str | None = None
    reason: FailureReason | None = None


class ActivityPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page, in the order of their ids. `next_cursor` is missing on the last one."""

    activities: list[Activity]
    next_cursor: str | None = None


class OneActivity(msgspec.Struct, frozen=True):
    """As it is by now."""

    activity: Activity


class ConnectorState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How one connector is doing. `oldest_s` is the age of the oldest activity that is not over; what was done and what
    failed is counted since the runners began."""

    connector: str
    status: Literal["ok", "degraded", "unserved"]
    breaker: str
    waiting: int
    parked: int
    dead: int
    done_total: int
    failed_total: int
    oldest_s: float
    last_error: str | None = None


class ConnectorList(msgspec.Struct, frozen=True):
    """All that are served, or have anything."""

    connectors: list[ConnectorState]


def activity_of(row: ActivityRow) -> Activity:
    """An activity as it is shown."""
    return Activity(
        id=text_of(row.id),
        connector=row.connector,
        state=_state(row.state),
        entity=row.entity,
        attempts=row.attempts,
        created_at=to_rfc3339(row.created_at_ms),
        due_at=None if row.due_ms is None else to_rfc3339(row.due_ms),
        deadline=None if row.deadline_ms is None else to_rfc3339(row.deadline_ms),
        reason=FailureReason(row.code, row.message) if row.code else None,
    )


def connector_of(one: ConnectorOverview) -> ConnectorState:
    """A connector as it is shown."""
    return ConnectorState(
        connector=one.connector,
        status=one.status,
        breaker=one.breaker,
        waiting=one.waiting,
        parked=one.parked,
        dead=one.dead,
        done_total=one.done_total,
        failed_total=one.failed_total,
        oldest_s=round(one.oldest_s, 1),
        last_error=one.last_error or None,
    )


def _state(state: str) -> State:
    return "parked" if state == "parked" else "dead" if state == "dead" else "waiting"
