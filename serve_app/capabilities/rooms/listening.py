"""What only a socket can ask of a room: to hear it, or to hear it no more."""

from functools import partial
from typing import Final

from actors.rooms.replies import JoinedRoom
from actors.rooms.room.commands import Join
from actors.rooms.room.wire import Done
from actors.rooms.service import Rooms, entity_of
from realtime.delivery.connections import Connection
from realtime.delivery.joining import Joining
from realtime.delivery.subscriptions import GatewayTopics
from realtime.front.handlers import EventResult, Handler
from serve_app.capabilities.rooms import examples
from serve_app.capabilities.rooms.requests import JoinRoom, LeaveRoom
from serve_app.edge.operation import ClientEvent
from serve_app.edge.sockets import handler_of

JOIN_ROOM: Final = ClientEvent(
    "join_room",
    "room.join",
    JoinRoom,
    "read",
    response=JoinedRoom,
    resource=("room_id",),
    example=examples.JOIN_ROOM,
    description="Hear a room on this socket: what it is now, and every event of it from then on.",
)
LEAVE_ROOM: Final = ClientEvent(
    "leave_room",
    "room.leave",
    LeaveRoom,
    "read",
    response=Done,
    example=examples.LEAVE_ROOM,
    description="Hear the room no more on this socket; `forever`: end the membership.",
)
EVENTS: Final = (JOIN_ROOM, LEAVE_ROOM)


class RoomListening:
    """Their handlers, for the sockets of one gateway. Each calls the region before its first await."""

    def __init__(self, rooms: Rooms, subscriptions: GatewayTopics[Connection], joining: Joining) -> None:
        self._rooms = rooms
        self._subscriptions = subscriptions
        self._joining = joining

    def handlers(self) -> list[Handler]:
        """One each."""
        return [handler_of(JOIN_ROOM, self._join), handler_of(LEAVE_ROOM, self._leave)]

    async def _join(self, connection: Connection, request: JoinRoom) -> EventResult:
        submit = partial(
            self._rooms.submit,
            request.room_id,
            Join(request.since, connection.user, tuple(request.accept or ())),
            by=connection.principal,
            listen=True,
            trace=connection.trace(),
        )
        joined = await self._joining.join(connection, entity_of(request.room_id), submit)
        return EventResult(joined.reply.data, joined.held)

    async def _leave(self, connection: Connection, request: LeaveRoom) -> EventResult:
        """For ever: the room itself evicts every socket of the user, in sequence, this one too."""
        if request.forever:
            command = request.command(connection.user)
            reply = await self._rooms.submit(
                request.room_id, command, by=connection.principal, trace=connection.trace()
            )
            return EventResult(reply.data)
        self._subscriptions.leave(connection, entity_of(request.room_id))
        return EventResult()
