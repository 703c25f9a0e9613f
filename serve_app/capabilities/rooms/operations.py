"""Every operation of rooms and inboxes. The rules are in `actors.rooms`."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.inboxes.commands import AckInbox
from actors.kernel.contract.answers import Reply
from actors.rooms import replies
from actors.rooms.room.wire import Done
from actors.rooms.service import Rooms
from common.errors import AlreadyExists
from common.persons import NothingToTell
from realtime.front.handlers import Limit
from serve_app.capabilities.rooms import examples, requests
from serve_app.capabilities.rooms.pages import PageOfMessages, PageOfRooms, page_of_messages, page_of_rooms
from serve_app.capabilities.rooms.ports import RoomServices, RoomsReader
from serve_app.edge.operation import Caller, Example, Operation, Rest, Shown

_pages: Final = msgspec.json.Decoder(replies.MessagePage).decode


def room_operations(services: RoomServices) -> Iterator[Operation[Any]]:
    """Section "Rooms and messages" of the contract. Each calls the region before its first await."""
    yield from _memberships(services)
    yield from _messages(services.rooms)
    yield from _signals(services)
    yield from reading_operations(services.rooms)


def reading_operations(rooms: RoomsReader) -> Iterator[Operation[Any]]:
    """What can be read without a socket as well."""
    yield Operation(
        "list_rooms",
        "room.list",
        requests.ListRooms,
        lambda request, caller: rooms.rooms_of(
            caller.by, cursor=request.cursor, limit=request.limit, trace=caller.trace
        ),
        Rest(
            "GET",
            "/api/rooms",
            tag="rooms",
            request=requests.RoomsAddress,
            shown=Shown(lambda _, page: page_of_rooms(page), PageOfRooms),
        ),
        "read",
        response=replies.RoomList,
        example=examples.LIST_ROOMS,
        description="The caller's rooms, those last spoken in first, with unread counts and last messages.",
    )
    yield Operation(
        "history",
        "room.read",
        requests.HistoryRequest,
        lambda request, caller: rooms.submit(
            request.room_id, request.command(caller.by.user), by=caller.by, trace=caller.trace
        ),
        Rest(
            "GET",
            "/api/rooms/{room_id}/messages",
            tag="rooms",
            request=requests.HistoryAddress,
            shown=Shown(_shown, PageOfMessages),
        ),
        "read",
        response=replies.MessagePage,
        resource=("room_id",),
        example=examples.HISTORY,
        description="Messages of a room, oldest first: the newest, or those before or after a `seq` (exclusive).",
    )


def _shown(request: requests.HistoryAddress, page: bytes) -> PageOfMessages:
    return page_of_messages(_pages(page), forward=request.bounds[1] is not None)


def _memberships(services: RoomServices) -> Iterator[Operation[Any]]:
    rooms = services.rooms

    async def create(request: requests.CreateRoom, caller: Caller) -> Reply:
        if request.kind == "direct":
            await services.direct.may_open_direct(caller.by.user, caller.by.role, request.members)
        return await rooms.create(request.room_id, request.command(), by=caller.by, trace=caller.trace)

    yield Operation(
        "create_room",
        "room.create",
        requests.CreateRoom,
        create,
        None,
        "write",
        response=replies.CreatedRoom,
        refuses=(AlreadyExists,),
        example=examples.CREATE_ROOM,
        description="Begin a room, or find the one that is there. Two people have one direct room.",
    )
    yield _command(
        rooms,
        "add_members",
        "room.manage",
        "write",
        requests.AddMembersRequest,
        replies.RoomMembers,
        examples.ADD_MEMBERS,
        "Make users members. Its owner may.",
    )
    yield _command(
        rooms,
        "remove_member",
        "room.manage",
        "write",
        requests.RemoveMemberRequest,
        replies.RoomMembers,
        examples.REMOVE_MEMBER,
        "End a membership; the sockets of who has left hear the room no more.",
    )
    yield _command(
        rooms,
        "update_room",
        "room.manage",
        "write",
        requests.UpdateRoom,
        replies.UpdatedRoom,
        examples.UPDATE_ROOM,
        "Change title or openness.",
    )


def _messages(rooms: Rooms) -> Iterator[Operation[Any]]:
    yield _command(
        rooms,
        "message",
        "room.post",
        "message",
        requests.PostMessage,
        replies.PostedMessage,
        examples.MESSAGE,
        "Say something. A repeat with the same `client_id` is the same message.",
    )
    yield _command(
        rooms,
        "edit_message",
        "room.edit_message",
        "message",
        requests.EditMessage,
        replies.EditedMessage,
        examples.EDIT_MESSAGE,
        "Replace the body of one's own message.",
    )
    yield _command(
        rooms,
        "delete_message",
        "room.delete_message",
        "message",
        requests.DeleteMessage,
        replies.DeletedMessage,
        examples.DELETE_MESSAGE,
        "Take a message back.",
    )
    yield _command(
        rooms,
        "react",
        "room.react",
        "message",
        requests.ReactRequest,
        replies.MessageReactions,
        examples.REACT,
        "Put an emoji on a message.",
    )
    yield _command(
        rooms,
        "unreact",
        "room.react",
        "message",
        requests.UnreactRequest,
        replies.MessageReactions,
        examples.UNREACT,
        "Take it off again.",
    )


def _signals(services: RoomServices) -> Iterator[Operation[Any]]:
    rooms = services.rooms
    yield _command(
        rooms,
        "mark_read",
        "room.mark_read",
        "signal",
        requests.MarkReadRequest,
        Done,
        examples.MARK_READ,
        "Everything up to `seq` has been read.",
    )
    yield _command(
        rooms,
        "typing_start",
        "room.type",
        "signal",
        requests.TypingStartRequest,
        Done,
        examples.TYPING_START,
        "The user is typing. It ends by itself.",
    )
    yield _command(
        rooms,
        "typing_stop",
        "room.type",
        "signal",
        requests.TypingStopRequest,
        Done,
        examples.TYPING_STOP,
        "The user is typing no more.",
    )
    yield Operation(
        "inbox_ack",
        "inbox.read",
        requests.InboxAck,
        lambda request, caller: services.inboxes.submit(
            f"user:{caller.by.user}", AckInbox(request.inbox_seq), by=caller.by, trace=caller.trace
        ),
        None,
        "signal",
        response=NothingToTell,
        example=examples.INBOX_ACK,
        description="What was addressed to the user has been seen, up to there.",
    )


def _command(
    rooms: Rooms,
    name: str,
    action: str,
    limit: Limit,
    request: type[requests.RoomRequest],
    response: type[msgspec.Struct],
    example: Example,
    description: str,
) -> Operation[Any]:
    """An operation that is one command to its room."""
    return Operation(
        name,
        action,
        request,
        lambda asked, caller: rooms.submit(
            asked.room_id, asked.command(caller.by.user), by=caller.by, trace=caller.trace
        ),
        None,
        limit,
        response=response,
        resource=("room_id",),
        example=example,
        description=description,
    )
