"""Operations on messages that are said later. The rules are in `actors.outgoing`."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from actors.outgoing.replies import ScheduledAnswer, ScheduledList
from common.decoding import Id, Instant, Request, Text
from common.errors import CarewireError, Conflict, FailedPrecondition, NotFound
from common.timeline import parse_instant
from serve_app.capabilities.rooms import examples
from serve_app.capabilities.rooms.blocks.service import MessageBlocks
from serve_app.capabilities.rooms.filing import Filing
from serve_app.capabilities.rooms.later.service import ScheduledMessages
from serve_app.capabilities.rooms.requests import PostMessage
from serve_app.capabilities.rooms.writing.composing import post_of
from serve_app.edge.operation import Caller, Operation, Rest

_PATH: Final = "/api/chat/scheduled"
_TAG: Final = "rooms"
_REFUSES: Final[tuple[type[CarewireError], ...]] = (FailedPrecondition, NotFound, Conflict)
ScheduledId = Annotated[Id, Meta(description="`sch_...`")]


class ScheduleMessage(PostMessage, frozen=True, kw_only=True):
    """Say something, later. `request_id`: a repeat with the same one is the same message."""

    send_at: Instant
    request_id: Annotated[str, Meta(max_length=128)] | None = None


class ListScheduledRequest(Request, frozen=True):
    """What the user says later."""


class OfScheduled(Request, frozen=True, kw_only=True):
    """One of them."""

    scheduled_id: ScheduledId


class UpdateScheduled(OfScheduled, frozen=True, kw_only=True):
    """Other words, or another time."""

    body: Text | None = None
    send_at: Instant | None = None


def scheduling_operations(
    scheduled: ScheduledMessages, blocks: MessageBlocks, filing: Filing
) -> Iterator[Operation[Any]]:
    """Say something later, or not at all."""

    async def schedule(request: ScheduleMessage, caller: Caller) -> ScheduledAnswer:
        post = post_of(request)
        post = await blocks.posted(post, request.blocks, caller) if request.blocks else post
        return await scheduled.schedule(
            request.room_id,
            await filing.named(request.room_id, post, by=caller.by, trace=caller.trace),
            parse_instant(request.send_at, "send_at"),
            by=caller.by,
            key=caller.idempotency_key,
            trace=caller.trace,
        )

    async def update(request: UpdateScheduled, caller: Caller) -> ScheduledAnswer:
        at = None if request.send_at is None else parse_instant(request.send_at, "send_at")
        return await scheduled.update(
            request.scheduled_id, body=request.body, send_at_ms=at, by=caller.by, trace=caller.trace
        )

    yield Operation(
        name="schedule_message",
        action="scheduled.manage",
        request=ScheduleMessage,
        call=schedule,
        rest=Rest("POST", "/api/rooms/{room_id}/scheduled", status=201, tag=_TAG),
        limit="message",
        response=ScheduledAnswer,
        resource=("room_id",),
        refuses=_REFUSES,
        example=examples.SCHEDULE_MESSAGE,
        description="Say something at `send_at`, at most 365 days ahead, as if it were said then: whether one may is "
        "judged then. At most 100 wait.",
    )
    yield Operation(
        name="list_scheduled",
        action="scheduled.manage",
        request=ListScheduledRequest,
        call=lambda request, caller: scheduled.list(by=caller.by),
        rest=Rest("GET", _PATH, tag=_TAG),
        limit="read",
        response=ScheduledList,
        example=examples.LIST_SCHEDULED,
        description="What the caller says later, the next first; then the last 100 that are over.",
    )
    yield Operation(
        name="update_scheduled",
        action="scheduled.manage",
        request=UpdateScheduled,
        call=update,
        rest=Rest("PATCH", f"{_PATH}/{{scheduled_id}}", tag=_TAG),
        limit="write",
        response=ScheduledAnswer,
        refuses=_REFUSES,
        example=examples.UPDATE_SCHEDULED,
        description="Other words, or another time, while it waits.",
    )
    yield Operation(
        name="cancel_scheduled",
        action="scheduled.manage",
        request=OfScheduled,
        call=lambda request, caller: scheduled.cancel(request.scheduled_id, by=caller.by, trace=caller.trace),
        rest=Rest("DELETE", f"{_PATH}/{{scheduled_id}}", tag=_TAG),
        limit="write",
        response=ScheduledAnswer,
        refuses=_REFUSES,
        example=examples.CANCEL_SCHEDULED,
        description="Do not say it, while it waits.",
    )
