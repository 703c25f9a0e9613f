"""Several notifications at once: as one list, or by the line (NDJSON): lines stream in and results stream out, in their
order, with bounded memory at both ends. A bad one is its own refusal."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from common.errors import InvalidArgument, RateLimited, Unavailable
from serve_app.capabilities.notifications import examples, requests
from serve_app.capabilities.notifications.service import Notifications
from serve_app.edge.operation import Caller, Operation, Rest, Result

MOST_LINES: Final = 100_000
LONGEST_LINE: Final = 64 * 1024
WINDOW: Final = 64
"""Notifications that are on their way to notifiers at once."""
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class BulkError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why one was refused."""

    code: str
    message: str
    details: dict[str, Any] = {}


class BulkLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one of several."""

    index: int
    status: Literal["created", "duplicate", "refused"]
    id: str = ""
    error: BulkError | None = None


class NotificationsCreated(msgspec.Struct, frozen=True):
    """What became of each, in their order."""

    results: list[BulkLine]


def bulk_operation(service: Notifications) -> Operation[Any]:
    """Many at once, at both doors; as lines, at REST."""

    async def create_several(request: requests.CreateNotifications, caller: Caller) -> Result:
        return Result({"results": await created_all(service, request.notifications, caller)})

    return Operation(
        name="create_notifications",
        action="notification.create",
        request=requests.CreateNotifications,
        call=create_several,
        rest=Rest(
            "POST",
            "/api/notifications/bulk",
            tag="notifications",
            streamed=lambda chunks, caller: results_of(service, chunks, caller),
        ),
        limit="write",
        response=NotificationsCreated,
        refuses=(RateLimited,),
        example=examples.CREATE_SEVERAL,
        description="The same for up to 1,000 at once; each is created or refused on its own. As "
        "`application/x-ndjson`, up to 100,000 lines stream in and results stream out.",
    )


async def created_all(
    service: Notifications, asked: Sequence[Mapping[str, Any]], caller: Caller
) -> list[dict[str, object]]:
    """What became of each of several, in their order. Raises Unavailable: a repeat makes what is missing."""
    found: list[dict[str, object]] = []
    for first in range(0, len(asked), WINDOW):
        found += await asyncio.gather(
            *(
                service.created(index, one, by=caller.by, trace=caller.trace, key=caller.idempotency_key)
                for index, one in enumerate(asked[first : first + WINDOW], first)
            )
        )
    return found


async def results_of(service: Notifications, chunks: AsyncIterator[bytes], caller: Caller) -> AsyncIterator[bytes]:
    """A line for each line: `{index, status, id?, error?}`. Behind the last that may be sent, one that says so."""
    under_way: deque[asyncio.Task[dict[str, object]]] = deque()
    index = 0
    try:
        async for line in lines_of(chunks):
            if index == MOST_LINES:
                under_way.append(asyncio.create_task(_refused(index, f"At most {MOST_LINES} lines at once.")))
                break
            under_way.append(asyncio.create_task(_one(service, index, line, caller)))
            index += 1
            while len(under_way) >= WINDOW or (under_way and under_way[0].done()):
                yield _line(await under_way.popleft())
        while under_way:
            yield _line(await under_way.popleft())
    finally:
        for task in under_way:
            task.cancel()


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """The lines of a stream, without empty ones; None for one that is too long."""
    left, skipping = b"", False
    async for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n")
        for line in whole:
            if skipping or len(line) > LONGEST_LINE:
                yield None
                skipping = False
            elif line.strip():
                yield line
        if len(left) > LONGEST_LINE:
            left, skipping = b"", True
    if skipping:
        yield None
    elif left.strip():
        yield left


async def _one(service: Notifications, index: int, line: bytes | None, caller: Caller) -> dict[str, object]:
    if line is None:
        return await _refused(index, f"A line is at most {LONGEST_LINE} bytes.")
    try:
        asked = _decode(line)
    except (msgspec.MsgspecError, RecursionError):
        return await _refused(index, "The line is no JSON object.")
    try:
        return await service.created(index, asked, by=caller.by, trace=caller.trace, key=caller.idempotency_key)
    except Unavailable as error:
        return {"index": index, "status": "refused", "error": error.to_wire()}


async def _refused(index: int, message: str) -> dict[str, object]:
    return {"index": index, "status": "refused", "error": InvalidArgument(message).to_wire()}


def _line(result: dict[str, object]) -> bytes:
    return msgspec.json.encode(result) + b"\n"
