"""Pages of rooms and messages as REST answers them: with a cursor that leads on."""

import msgspec
from fastapi.responses import Response

from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.replies import MessagePage, RoomLine, RoomList


class PageOfRooms(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of rooms, the most recently used first. `next_cursor` is missing on the last page."""

    rooms: list[RoomLine]
    next_cursor: str | None = None


class PageOfMessages(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of messages, oldest first. `next_cursor` leads on in the direction that was asked for."""

    messages: list[WireMessage]
    has_more: bool
    next_cursor: str | None = None


def page_of_rooms(page: RoomList) -> PageOfRooms:
    """The page and, when there is more, the cursor that leads on."""
    return PageOfRooms(page.rooms, page.cursor)


def page_of_messages(page: MessagePage, *, forward: bool) -> PageOfMessages:
    """The page and, when there is more, the cursor that leads on."""
    cursor = None
    if page.has_more and page.messages:
        cursor = f"a{page.messages[-1].seq}" if forward else f"b{page.messages[0].seq}"
    return PageOfMessages(page.messages, page.has_more, cursor)


def json_response(document: msgspec.Struct) -> Response:
    """The answer as JSON."""
    return Response(msgspec.json.encode(document), media_type="application/json")
