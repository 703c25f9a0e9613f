"""Operations on messages that are there already. The rules are in `actors.rooms.marks`."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.outgoing.replies import ChatPrivacy
from actors.rooms import replies
from actors.rooms.room.wire import Done
from common.errors import CarewireError, FailedPrecondition, NotFound
from realtime.front.handlers import Limit
from serve_app.capabilities.rooms import examples
from serve_app.capabilities.rooms.marks import requests as mark_requests
from serve_app.capabilities.rooms.marks.chatters import ChatPrivacies
from serve_app.capabilities.rooms.ports import RoomsReader
from serve_app.capabilities.rooms.requests import RoomRequest
from serve_app.edge.operation import Example, Operation, Rest

MESSAGES: Final = "/api/rooms/{room_id}/messages/{message_id}"
_TAG: Final = "rooms"
_REFUSES: Final[tuple[type[CarewireError], ...]] = (FailedPrecondition, NotFound)


def marking_operations(rooms: RoomsReader) -> Iterator[Operation[Any]]:
    """Each is one command to its room, submitted before its first await."""
    yield _of_room(
        rooms=rooms,
        name="mark_delivered",
        action="room.mark_read",
        limit="signal",
        request=mark_requests.MarkDeliveredRequest,
        response=Done,
        rest=None,
        example=examples.MARK_READ,
        description="A device of the user has everything up to `seq`. Who wrote it hears `delivery_receipt`.",
    )
    yield _of_room(
        rooms=rooms,
        name="message_status",
        action="room.status",
        limit="read",
        request=mark_requests.MessageStatus,
        response=replies.MessageState,
        rest=Rest("GET", f"{MESSAGES}/status", tag=_TAG),
        example=examples.MESSAGE_STATUS,
        description="Who has a message of one's own, and who has read it: when it was so at the latest. "
        "`hidden` counts those who "
        "do not say.",
    )
    yield _of_room(
        rooms=rooms,
        name="acknowledge_message",
        action="room.acknowledge",
        limit="message",
        request=mark_requests.AcknowledgeMessageRequest,
        response=replies.AckAnswer,
        rest=Rest("POST", f"{MESSAGES}/acknowledge", tag=_TAG),
        example=examples.ACKNOWLEDGE_MESSAGE,
        description="Take note of a message that asks for it.",
    )
    yield from _pins(rooms)
    yield from _reads(rooms)


def _pins(rooms: RoomsReader) -> Iterator[Operation[Any]]:
    yield _of_room(
        rooms=rooms,
        name="pin_message",
        action="room.pin",
        limit="message",
        request=mark_requests.PinMessage,
        response=replies.PinsChanged,
        rest=Rest("PUT", f"{MESSAGES}/pin", tag=_TAG, bodiless=True),
        example=examples.PIN_MESSAGE,
        description="Show a message apart, to everybody. At most 50 of a room.",
    )
    yield _of_room(
        rooms=rooms,
        name="unpin_message",
        action="room.pin",
        limit="message",
        request=mark_requests.UnpinMessage,
        response=replies.PinsChanged,
        rest=Rest("DELETE", f"{MESSAGES}/pin", tag=_TAG),
        example=examples.PIN_MESSAGE,
        description="Show a message apart no longer.",
    )
    yield _of_room(
        rooms=rooms,
        name="list_pins",
        action="room.read",
        limit="read",
        request=mark_requests.ListPinsRequest,
        response=replies.MessageList,
        rest=Rest("GET", "/api/rooms/{room_id}/pins", tag=_TAG),
        example=examples.LIST_PINS,
        description="What is pinned, the first pinned first.",
    )


def _reads(rooms: RoomsReader) -> Iterator[Operation[Any]]:
    yield _of_room(
        rooms=rooms,
        name="thread",
        action="room.read",
        limit="read",
        request=mark_requests.ThreadRequest,
        response=replies.ThreadPage,
        rest=Rest("GET", f"{MESSAGES}/thread", tag=_TAG),
        example=examples.THREAD,
        description="The thread that a message began, or is in: what answers it, oldest first.",
    )
    yield _of_room(
        rooms=rooms,
        name="get_edits",
        action="room.read",
        limit="read",
        request=mark_requests.GetEdits,
        response=replies.MessageVersions,
        rest=Rest("GET", f"{MESSAGES}/edits", tag=_TAG),
        example=examples.GET_EDITS,
        description="What a message said, the first words first, as the room lets one see. Of one that was deleted: "
        "nothing.",
    )


def privacy_operations(privacies: ChatPrivacies) -> Iterator[Operation[Any]]:
    """What people keep to themselves."""
    yield Operation(
        name="get_chat_privacy",
        action="chat.privacy",
        request=mark_requests.GetChatPrivacy,
        call=lambda request, caller: privacies.get(by=caller.by),
        rest=Rest("GET", "/api/chat/privacy", tag=_TAG),
        limit="read",
        response=ChatPrivacy,
        example=examples.GET_CHAT_PRIVACY,
        description="Whether others hear what the caller has read, and that they are typing.",
    )
    yield Operation(
        name="set_chat_privacy",
        action="chat.privacy",
        request=mark_requests.SetChatPrivacy,
        call=lambda request, caller: privacies.set(
            receipts=request.receipts, typing=request.typing, by=caller.by, trace=caller.trace
        ),
        rest=Rest("PUT", "/api/chat/privacy", tag=_TAG),
        limit="write",
        response=ChatPrivacy,
        example=examples.SET_CHAT_PRIVACY,
        description="Off: others hear none of it, and one hears none of theirs. Unread counts go on.",
    )


def _of_room(
    rooms: RoomsReader,
    name: str,
    action: str,
    limit: Limit,
    request: type[RoomRequest],
    response: type[msgspec.Struct],
    rest: Rest | None,
    example: Example,
    description: str,
) -> Operation[Any]:
    return Operation(
        name=name,
        action=action,
        request=request,
        call=lambda asked, caller: rooms.submit(
            asked.room_id, asked.command(caller.by.user), by=caller.by, trace=caller.trace
        ),
        rest=rest,
        limit=limit,
        response=response,
        resource=("room_id",),
        refuses=_REFUSES,
        example=example,
        description=description,
    )
