"""The events of rooms and inboxes. Parse, call, emit: decides nothing."""

from functools import partial

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
from realtime.front.guard import Guard
from realtime.front.handlers import EventResult, Handler, Limit
from serve_app.capabilities.rooms import requests
from serve_app.capabilities.rooms.requests import CreateRoom, JoinRoom, LeaveRoom, ListRooms, RoomRequest


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

    def handlers(self) -> list[Handler]:
        """Of every event of a room or an inbox."""
        return [
            *self._of_commands(),
            Handler(event="create_room", action="room.create", limit="write", request=CreateRoom, call=self._create),
            Handler(
                event="join_room",
                action="room.join",
                limit="read",
                request=JoinRoom,
                call=self._join,
                tells=JoinedRoom,
                resource=("room_id",),
            ),
            Handler(event="leave_room", action="room.leave", limit="read", request=LeaveRoom, call=self._leave),
            Handler(
                event="list_rooms", action="room.list", limit="read", request=ListRooms, call=self._list, tells=RoomList
            ),
            Handler(event="inbox_ack", action="inbox.read", limit="signal", request=InboxAck, call=self._ack_inbox),
        ]

    def _of_commands(self) -> list[Handler]:
        """Events that are one command to their room."""
        return [
            self._command_of("add_members", "room.manage", "write", requests.AddMembersRequest),
            self._command_of("remove_member", "room.manage", "write", requests.RemoveMemberRequest),
            self._command_of("update_room", "room.manage", "write", requests.UpdateRoom),
            self._command_of("message", "room.post", "message", requests.PostMessage),
            self._command_of("edit_message", "room.edit_message", "message", requests.EditMessage),
            self._command_of("delete_message", "room.delete_message", "message", requests.DeleteMessage),
            self._command_of("react", "room.react", "message", requests.ReactRequest),
            self._command_of("unreact", "room.react", "message", requests.UnreactRequest),
            self._command_of("mark_read", "room.mark_read", "signal", requests.MarkReadRequest),
            self._command_of("typing_start", "room.type", "signal", requests.TypingStartRequest),
            self._command_of("typing_stop", "room.type", "signal", requests.TypingStopRequest),
            self._command_of("history", "room.read", "read", requests.HistoryRequest, tells=MessagePage),
        ]

    def _command_of(
        self,
        event: str,
        action: str,
        limit: Limit,
        request: type[RoomRequest],
        *,
        tells: type[Struct] | None = None,
    ) -> Handler:
        return Handler(
            event=event,
            action=action,
            limit=limit,
            request=request,
            call=self._command,
            tells=tells,
            resource=("room_id",),
        )

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
