"""The events of rooms and inboxes. Parse, call, emit: decides nothing."""

from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from actors.inboxes.commands import AckInbox
from actors.kernel.caller.region import Region
from actors.rooms.replies import JoinedRoom, MessagePage, RoomList
from actors.rooms.room.commands import Join, RoomCommand
from actors.rooms.service import Rooms, entity_of
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.delivery.requests import InboxAck
from realtime.delivery.subscriptions import Subscriptions
from realtime.front.acks import EventResult, Handler, Handlers
from realtime.front.guard import Guard
from serve_app.capabilities.rooms import requests
from serve_app.capabilities.rooms.requests import CreateRoom, JoinRoom, LeaveRoom, ListRooms, RoomRequest

_COMMANDS: Final[dict[str, type[RoomRequest]]] = {
    "add_members": requests.AddMembersRequest,
    "remove_member": requests.RemoveMemberRequest,
    "update_room": requests.UpdateRoom,
    "message": requests.PostMessage,
    "edit_message": requests.EditMessage,
    "delete_message": requests.DeleteMessage,
    "react": requests.ReactRequest,
    "unreact": requests.UnreactRequest,
    "mark_read": requests.MarkReadRequest,
    "typing_start": requests.TypingStartRequest,
    "typing_stop": requests.TypingStopRequest,
    "history": requests.HistoryRequest,
}
_TELLS: Final[dict[str, type[Struct]]] = {"history": MessagePage}


class Chat:
    """Handlers of section "Rooms and messages" of the contract. Each calls the region before its first await."""

    def __init__(
        self,
        region: Region,
        rooms: Rooms,
        subscriptions: Subscriptions[Connection],
        joining: Joining,
        guard: Guard,
    ) -> None:
        self._guard = guard
        self._region = region
        self._rooms = rooms
        self._subscriptions = subscriptions
        self._joining = joining

    def handlers(self) -> Handlers:
        """Event name -> handler."""
        commands = {name: Handler(kind, self._command, tells=_TELLS.get(name)) for name, kind in _COMMANDS.items()}
        return commands | {
            "create_room": Handler(CreateRoom, self._create),
            "join_room": Handler(JoinRoom, self._join, tells=JoinedRoom),
            "leave_room": Handler(LeaveRoom, self._leave),
            "list_rooms": Handler(ListRooms, self._list, tells=RoomList),
            "inbox_ack": Handler(InboxAck, self._ack_inbox),
        }

    async def _command(self, connection: Connection, request: RoomRequest) -> EventResult:
        return await self._ask(connection, request.room_id, request.command(connection.user))

    async def _ask(self, connection: Connection, room_id: str, command: RoomCommand) -> EventResult:
        reply = await self._rooms.submit(room_id, command, by=connection.principal, trace=connection.trace())
        return EventResult(reply.data)

    async def _create(self, connection: Connection, request: CreateRoom) -> EventResult:
        if request.kind == "direct":
            await self._guard.may_open_direct(connection.user, connection.principal.role, request.members)
        reply = await self._rooms.create(
            request.room_id, request.command(), by=connection.principal, trace=connection.trace()
        )
        return EventResult(reply.data)

    async def _join(self, connection: Connection, request: JoinRoom) -> EventResult:
        submit = partial(
            self._rooms.submit,
            request.room_id,
            Join(request.since),
            by=connection.principal,
            listen=True,
            trace=connection.trace(),
        )
        joined = await self._joining.join(connection, entity_of(request.room_id), submit)
        return EventResult(joined.reply.data, joined.held)

    async def _leave(self, connection: Connection, request: LeaveRoom) -> EventResult:
        """For ever: the room itself evicts every socket of the user, in sequence, this one too."""
        if request.forever:
            return await self._ask(connection, request.room_id, request.command(connection.user))
        self._subscriptions.leave(connection, entity_of(request.room_id))
        return EventResult()

    async def _list(self, connection: Connection, request: ListRooms) -> EventResult:
        listed = await self._rooms.rooms_of(
            connection.principal, cursor=request.cursor, limit=request.limit, trace=connection.trace()
        )
        return EventResult(msgspec.json.encode(listed))

    async def _ack_inbox(self, connection: Connection, request: InboxAck) -> EventResult:
        reply = await self._region.submit(
            f"user:{connection.user}",
            AckInbox(request.inbox_seq),
            by=connection.principal,
            trace=connection.trace(),
        )
        return EventResult(reply.data)
