"""Every operation of rooms and inboxes. The rules are in `actors.rooms`."""

from collections.abc import Awaitable, Iterator
from typing import Any, Final

import msgspec

from actors.inboxes.commands import AckInbox
from actors.kernel.contract.answers import Reply
from actors.rooms import replies
from actors.rooms.room.commands import Edit
from actors.rooms.room.wire import Done
from actors.rooms.service import Rooms
from common.errors import AlreadyExists, PermissionDenied
from common.persons import NothingToTell
from realtime.front.handlers import Limit
from serve_app.capabilities.rooms import examples, requests
from serve_app.capabilities.rooms.blocks.operations import block_operations
from serve_app.capabilities.rooms.later.operations import scheduling_operations
from serve_app.capabilities.rooms.marks.operations import marking_operations, privacy_operations
from serve_app.capabilities.rooms.pages import PageOfMessages, PageOfRooms, page_of_messages, page_of_rooms
from serve_app.capabilities.rooms.ports import RoomServices, RoomsReader
from serve_app.capabilities.rooms.writing.composing import post_of, rewritten
from serve_app.edge.operation import Caller, Example, Operation, Rest, RestAnswer

_pages: Final = msgspec.json.Decoder(replies.MessagePage).decode


def room_operations(services: RoomServices) -> Iterator[Operation[Any]]:
    """Section "Rooms and messages" of the contract. Each calls the region before its first await."""
    yield from _memberships(services)
    yield from _messages(services)
    yield from _signals(services)
    yield from reading_operations(services.rooms)
    yield from marking_operations(services.rooms)
    yield from privacy_operations(services.privacies)
    yield from scheduling_operations(services.scheduled, services.blocks, services.filing)
    yield from block_operations(services.blocks, services.appointments)


def reading_operations(rooms: RoomsReader) -> Iterator[Operation[Any]]:
    """What can be read without a socket as well."""
    yield Operation(
        name="list_rooms",
        action="room.list",
        request=requests.ListRooms,
        call=lambda request, caller: rooms.rooms_of(
            caller.by, cursor=request.cursor, limit=request.limit, trace=caller.trace
        ),
        rest=Rest(
            "GET",
            "/api/rooms",
            tag="rooms",
            request=requests.RoomsAddress,
            shown=RestAnswer(lambda _, page: page_of_rooms(page), PageOfRooms),
        ),
        limit="read",
        response=replies.RoomList,
        example=examples.LIST_ROOMS,
        description="The caller's rooms, those last spoken in first, with unread counts and last messages.",
    )
    yield Operation(
        name="history",
        action="room.read",
        request=requests.HistoryRequest,
        call=lambda request, caller: rooms.submit(
            request.room_id, request.command(caller.by.user), by=caller.by, trace=caller.trace
        ),
        rest=Rest(
            "GET",
            "/api/rooms/{room_id}/messages",
            tag="rooms",
            request=requests.HistoryAddress,
            shown=RestAnswer(_shown, PageOfMessages),
        ),
        limit="read",
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
        if request.e2ee and not services.e2ee:
            raise PermissionDenied("Encrypted rooms are not offered here.", details={"reason": "e2ee"})
        if request.kind == "direct":
            await services.direct.may_open_direct(caller.by.user, caller.by.role, request.members)
        return await rooms.create(request.room_id, request.command(caller.by.user), by=caller.by, trace=caller.trace)

    yield Operation(
        name="create_room",
        action="room.create",
        request=requests.CreateRoom,
        call=create,
        rest=None,
        limit="write",
        response=replies.CreatedRoom,
        refuses=(AlreadyExists,),
        example=examples.CREATE_ROOM,
        description="Begin a room, or find the one that is there. Two people have one direct room.",
    )
    yield _command(
        rooms=rooms,
        name="add_members",
        action="room.manage",
        limit="write",
        request=requests.AddMembersRequest,
        response=replies.RoomMembers,
        example=examples.ADD_MEMBERS,
        description="Make users members. Its owner may.",
    )
    yield _command(
        rooms=rooms,
        name="remove_member",
        action="room.manage",
        limit="write",
        request=requests.RemoveMemberRequest,
        response=replies.RoomMembers,
        example=examples.REMOVE_MEMBER,
        description="End a membership; the sockets of who has left hear the room no more.",
    )
    yield _command(
        rooms=rooms,
        name="update_room",
        action="room.manage",
        limit="write",
        request=requests.UpdateRoom,
        response=replies.UpdatedRoom,
        example=examples.UPDATE_ROOM,
        description="Change title, openness, or whether what is said can be searched.",
    )


def _messages(services: RoomServices) -> Iterator[Operation[Any]]:
    rooms = services.rooms

    async def with_blocks(request: requests.PostMessage, caller: Caller) -> Reply:
        post = await services.blocks.posted(post_of(request), request.blocks or (), caller)
        return await services.filing.post(request.room_id, post, by=caller.by, trace=caller.trace)

    def say(request: requests.PostMessage, caller: Caller) -> Awaitable[Reply]:
        """Without blocks, nothing is awaited before the room is asked: so a sender's messages keep their order."""
        if request.blocks:
            return with_blocks(request, caller)
        return services.filing.post(request.room_id, post_of(request), by=caller.by, trace=caller.trace)

    yield Operation(
        name="message",
        action="room.post",
        request=requests.PostMessage,
        call=say,
        rest=None,
        limit="message",
        response=replies.PostedMessage,
        resource=("room_id",),
        example=examples.MESSAGE,
        description="Say something. A repeat with the same `client_id` is the same message.",
    )
    yield Operation(
        name="edit_message",
        action="room.edit_message",
        request=requests.EditMessage,
        call=lambda request, caller: rooms.submit(
            request.room_id,
            Edit(request.message_id, request.body, rich=rewritten(request.body)),
            by=caller.by,
            trace=caller.trace,
        ),
        rest=None,
        limit="message",
        response=replies.EditedMessage,
        resource=("room_id",),
        example=examples.EDIT_MESSAGE,
        description="Replace the body of one's own message.",
    )
    yield _command(
        rooms=rooms,
        name="delete_message",
        action="room.delete_message",
        limit="message",
        request=requests.DeleteMessage,
        response=replies.DeletedMessage,
        example=examples.DELETE_MESSAGE,
        description="Take a message back.",
    )
    yield _command(
        rooms=rooms,
        name="react",
        action="room.react",
        limit="message",
        request=requests.ReactRequest,
        response=replies.MessageReactions,
        example=examples.REACT,
        description="Put an emoji on a message.",
    )
    yield _command(
        rooms=rooms,
        name="unreact",
        action="room.react",
        limit="message",
        request=requests.UnreactRequest,
        response=replies.MessageReactions,
        example=examples.UNREACT,
        description="Take it off again.",
    )


def _signals(services: RoomServices) -> Iterator[Operation[Any]]:
    rooms = services.rooms
    yield _command(
        rooms=rooms,
        name="mark_read",
        action="room.mark_read",
        limit="signal",
        request=requests.MarkReadRequest,
        response=Done,
        example=examples.MARK_READ,
        description="Everything up to `seq` has been read.",
    )
    yield _command(
        rooms=rooms,
        name="typing_start",
        action="room.type",
        limit="signal",
        request=requests.TypingStartRequest,
        response=Done,
        example=examples.TYPING_START,
        description="The user is typing. It ends by itself.",
    )
    yield _command(
        rooms=rooms,
        name="typing_stop",
        action="room.type",
        limit="signal",
        request=requests.TypingStopRequest,
        response=Done,
        example=examples.TYPING_STOP,
        description="The user is typing no more.",
    )
    yield Operation(
        name="inbox_ack",
        action="inbox.read",
        request=requests.InboxAck,
        call=lambda request, caller: services.inboxes.submit(
            f"user:{caller.by.user}", AckInbox(request.inbox_seq), by=caller.by, trace=caller.trace
        ),
        rest=None,
        limit="signal",
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
        name=name,
        action=action,
        request=request,
        call=lambda asked, caller: rooms.submit(
            asked.room_id, asked.command(caller.by.user), by=caller.by, trace=caller.trace
        ),
        rest=None,
        limit=limit,
        response=response,
        resource=("room_id",),
        example=example,
        description=description,
    )
