"""Rooms and inboxes, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from actors.rooms.service import Rooms
from realtime.front.handlers import Handler
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.rooms import listening
from serve_app.capabilities.rooms.blocks.booking import Appointments
from serve_app.capabilities.rooms.blocks.service import MessageBlocks
from serve_app.capabilities.rooms.filing import Filing
from serve_app.capabilities.rooms.later.service import ScheduledMessages
from serve_app.capabilities.rooms.listening import RoomListening
from serve_app.capabilities.rooms.marks.chatters import ChatPrivacies
from serve_app.capabilities.rooms.operations import room_operations
from serve_app.capabilities.rooms.personal import PersonalRooms
from serve_app.capabilities.rooms.ports import RoomServices
from serve_app.capabilities.rooms.server_events import ROOM_EVENTS
from serve_app.edge.operation import Operation


def rooms_of(context: ServerContext) -> Rooms:
    """The service of rooms."""
    return Rooms(context.region, context.stores.views, context.clock, context.names)


def filing_of(context: ServerContext) -> Filing:
    """Messages with files."""
    return Filing(context.once(rooms_of), context.region)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    rooms, filing = context.once(rooms_of), context.once(filing_of)
    blocks = MessageBlocks(rooms, context.table, context.clock)
    classifier = context.predictor if isinstance(context, ApiContext) else None
    services = RoomServices(
        rooms=rooms,
        inboxes=context.region,
        direct=context.direct,
        filing=filing,
        privacies=ChatPrivacies(context.region, rooms),
        scheduled=ScheduledMessages(context.region, rooms, context.clock),
        blocks=blocks,
        appointments=Appointments(rooms, context.table, classifier, context.clock),
        e2ee=bool(context.settings.e2ee.relations),
    )
    return room_operations(services)


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    hub = context.hub
    return RoomListening(context.once(rooms_of), hub.subscriptions, hub.joining).handlers()


def _personal(context: ApiContext) -> PersonalRooms:
    rooms = context.once(rooms_of)
    scheduled = ScheduledMessages(context.region, rooms, context.clock)
    return PersonalRooms(rooms, context.region, scheduled, ChatPrivacies(context.region, rooms))


ROOMS: Final = Capability(
    name="rooms",
    operations=_operations,
    requests=listening.EVENTS,
    handlers=_handlers,
    events=ROOM_EVENTS,
    personal=_personal,
)
