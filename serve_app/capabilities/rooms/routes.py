"""Rooms over REST: what the socket events give, for clients without a socket."""

import re
from typing import Annotated, Any, Final, Protocol, TypeVar

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from actors.kernel.contract.entity import Command, Principal
from actors.rooms.replies import MessagePage as RoomMessages
from actors.rooms.replies import RoomList
from actors.rooms.room.commands import History
from common.errors import InvalidArgument
from common.ids import ID_PATTERN
from serve_app.edge.api.access import RoomLister, RoomReader
from serve_app.edge.api.models import MessagePage, Problem, RoomPage
from serve_app.edge.conventions.paging import Cursor, Limit

_CURSOR: Final = re.compile(r"([ab])([0-9]{1,18})")
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {code: {"model": Problem} for code in (400, 401, 403, 404, 503)}

R = TypeVar("R")
RoomId = Annotated[str, Path(pattern=ID_PATTERN)]
Seq = Annotated[int | None, Query(ge=0, le=2**53)]


class RoomsReader(Protocol):
    """What is read here of `actors.rooms.service.Rooms`."""

    async def rooms_of(self, by: Principal, *, cursor: str | None, limit: int, trace: str) -> RoomList: ...

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str) -> R: ...


def rooms_routes(rooms: RoomsReader) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/rooms", tags=["rooms"], responses=_ERRORS)

    @router.get("", response_model=RoomPage)
    async def list_rooms(request: Request, by: RoomLister, cursor: Cursor = None, limit: Limit = 50) -> Response:
        """The caller's rooms, those last spoken in first, with unread counts and last messages."""
        page = await rooms.rooms_of(by, cursor=cursor, limit=limit, trace=request.scope["request_id"])
        return json_response(page_of_rooms(page))

    @router.get("/{room_id}/messages", response_model=MessagePage)
    async def messages(
        request: Request,
        by: RoomReader,
        room_id: RoomId,
        before: Seq = None,
        after: Seq = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """Messages of a room, oldest first: the newest, or those before or after a `seq` (exclusive)."""
        if cursor is not None:
            before, after = _position(cursor)
        command = History(before=before, after=after, limit=limit)
        page = await rooms.ask(room_id, command, by=by, trace=request.scope["request_id"])
        return json_response(page_of_messages(page, forward=after is not None))

    return router


def page_of_rooms(page: RoomList) -> dict[str, object]:
    """The page and, when there is more, the cursor that leads on."""
    more = {} if page.cursor is None else {"next_cursor": page.cursor}
    return {"rooms": page.rooms, **more}


def page_of_messages(page: RoomMessages, *, forward: bool) -> dict[str, object]:
    """The page and, when there is more, the cursor that leads on."""
    document: dict[str, object] = {"messages": page.messages, "has_more": page.has_more}
    if page.has_more and page.messages:
        document["next_cursor"] = f"a{page.messages[-1].seq}" if forward else f"b{page.messages[0].seq}"
    return document


def _position(cursor: str) -> tuple[int | None, int | None]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidArgument("cursor: take the `next_cursor` of the page before.", details={"field": "cursor"})
    seq = int(match[2])
    return (None, seq) if match[1] == "a" else (seq, None)


def json_response(document: object) -> Response:
    """The answer as JSON."""
    return Response(msgspec.json.encode(document), media_type="application/json")
