"""Every route and every event of the program, in one list: what replicas deploy, and what the tests put to the test."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from actors.kernel.caller.region import Region
from actors.rooms.service import Rooms
from realtime.front.guard import Guard
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from serve_app.capabilities.calendars.booking_events import booking_handlers
from serve_app.capabilities.calendars.calendar_events import CalendarEvents
from serve_app.capabilities.calendars.routes import routers
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.routes import operations_routes
from serve_app.capabilities.prediction.routes import Predictor, message_routes, prediction_routes
from serve_app.capabilities.rooms.events import Chat
from serve_app.cluster.clock import ClockHands, clock_routes
from serve_app.cluster.identity_assembly import IdentityService
from serve_app.cluster.pools import Resizable, pool_routes
from serve_app.edge.conventions.permits import permit


def routers_of(
    identity: IdentityService,
    calendars: CalendarServices,
    predictor: Predictor,
    pools: Resizable,
    activities: ActivityOperations,
    hands: ClockHands | None = None,
) -> list[APIRouter]:
    """The routers of all capabilities. Chat and operations are part of the application itself. `hands`: where the
    platform's time may be moved."""
    return [
        *identity.routers,
        *routers(calendars),
        prediction_routes(predictor, [permit("ml.use")]),
        message_routes(predictor, [permit("ml.classify")]),
        pool_routes(pools),
        operations_routes(activities),
        *([] if hands is None else [clock_routes(hands, identity.parts.audit)]),
    ]


def handlers_of(region: Region, rooms: Rooms, calendars: CalendarServices, hub: Hub, guard: Guard) -> list[Handler]:
    """The handlers of the socket events of all capabilities, for the gateway over this hub."""
    chat = Chat(region, rooms, hub.subscriptions, hub.joining, guard)
    watching = CalendarEvents(calendars, hub.subscriptions, hub.joining)
    return [*chat.handlers(), *watching.handlers(), *booking_handlers(calendars)]
