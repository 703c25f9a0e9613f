"""Rooms and inboxes, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from actors.rooms.service import Rooms
from realtime.front.handlers import Handler
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.rooms import listening
from serve_app.capabilities.rooms.listening import RoomListening
from serve_app.capabilities.rooms.operations import room_operations
from serve_app.capabilities.rooms.personal import PersonalRooms
from serve_app.capabilities.rooms.ports import RoomServices
from serve_app.capabilities.rooms.server_events import ROOM_EVENTS
from serve_app.edge.operation import Operation


def rooms_of(context: ServerContext) -> Rooms:
    """The service of rooms."""
    return Rooms(context.region, context.stores.views, context.clock)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return room_operations(RoomServices(context.once(rooms_of), context.region, context.direct))


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    hub = context.hub
    return RoomListening(context.once(rooms_of), hub.subscriptions, hub.joining).handlers()


def _personal(context: ApiContext) -> PersonalRooms:
    return PersonalRooms(context.once(rooms_of), context.region)


ROOMS: Final = Capability(
    name="rooms",
    operations=_operations,
    requests=listening.EVENTS,
    handlers=_handlers,
    events=ROOM_EVENTS,
    personal=_personal,
)
