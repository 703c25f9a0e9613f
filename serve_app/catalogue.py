"""Every route and every event of the program, in one list: what replicas deploy, and what the tests put to the test."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from actors.kernel.caller.region import Region
from actors.rooms.service import Rooms
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.capabilities.calendars.watching import CalendarWatching
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.routes import operations_routes
from serve_app.capabilities.prediction.routes import Predictor, message_routes, prediction_routes
from serve_app.capabilities.rooms.listening import RoomListening
from serve_app.capabilities.rooms.operations import room_operations
from serve_app.capabilities.rooms.ports import DirectRooms, RoomServices
from serve_app.cluster.identity_assembly import IdentityService
from serve_app.cluster.pools import Resizable, pool_routes
from serve_app.edge.conventions.permits import permit
from serve_app.edge.operation import Operation
from serve_app.edge.rest import router_of
from serve_app.edge.sockets import handlers_of as of_operations


def routers_of(
    identity: IdentityService,
    calendars: CalendarServices,
    predictor: Predictor,
    pools: Resizable,
    activities: ActivityOperations,
    shared: Iterable[Operation[Any]],
) -> list[APIRouter]:
    """The routers of all capabilities. Chat and operations are part of the application itself. `shared`: operations
    of care, and of the clock where it may be moved."""
    return [
        *identity.routers,
        router_of(calendar_operations(calendars)),
        prediction_routes(predictor, [permit("ml.use")]),
        message_routes(predictor, [permit("ml.classify")]),
        pool_routes(pools),
        operations_routes(activities),
        router_of(shared),
    ]


def handlers_of(
    region: Region,
    rooms: Rooms,
    calendars: CalendarServices,
    hub: Hub,
    direct: DirectRooms,
    shared: Iterable[Operation[Any]] = (),
) -> list[Handler]:
    """The handlers of the socket events of all capabilities, for the gateway over this hub. `shared`: as above."""
    listening = RoomListening(rooms, hub.subscriptions, hub.joining)
    watching = CalendarWatching(calendars, hub.subscriptions, hub.joining)
    return [
        *listening.handlers(),
        *watching.handlers(),
        *of_operations(room_operations(RoomServices(rooms, region, direct))),
        *of_operations(calendar_operations(calendars)),
        *of_operations(shared),
    ]
