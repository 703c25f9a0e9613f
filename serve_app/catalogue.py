"""Every route and every event of the program, in one list: what replicas deploy, and what the tests put to the test."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from actors.kernel.caller.region import Region
from actors.rooms.service import Rooms
from config.settings import Settings
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.capabilities.calendars.watching import CalendarWatching
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.job_operations import JobOperations
from serve_app.capabilities.operations.jobs import Jobs
from serve_app.capabilities.operations.routes import operations_routes
from serve_app.capabilities.operations.webhook_operations import WebhookOperations
from serve_app.capabilities.prediction.routes import Predictor, message_routes, prediction_routes
from serve_app.capabilities.rooms.listening import RoomListening
from serve_app.capabilities.rooms.operations import room_operations
from serve_app.capabilities.rooms.ports import DirectRooms, RoomServices
from serve_app.cluster.clock import ClockHands, clock_routes
from serve_app.cluster.identity_assembly import IdentityService
from serve_app.cluster.pools import Resizable, pool_routes
from serve_app.edge.conventions.permits import permit
from serve_app.edge.rest import router_of
from serve_app.edge.sockets import handlers_of as of_operations
from serve_app.edge.webhooks.arrivals import Webhooks
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.edge.webhooks.routes import webhook_routes


def routers_of(
    identity: IdentityService,
    calendars: CalendarServices,
    predictor: Predictor,
    pools: Resizable,
    webhooks: Webhooks,
    activities: ActivityOperations,
    jobs: Jobs,
    hands: ClockHands | None = None,
) -> list[APIRouter]:
    """The routers of all capabilities. Chat and operations are part of the application itself. `hands`: where the
    platform's time may be moved."""
    return [
        *identity.routers,
        router_of(calendar_operations(calendars)),
        prediction_routes(predictor, [permit("ml.use")]),
        message_routes(predictor, [permit("ml.classify")]),
        pool_routes(pools),
        webhook_routes(webhooks),
        router_of(WebhookOperations(webhooks, identity.parts.audit)),
        router_of(JobOperations(jobs)),
        operations_routes(activities),
        *([] if hands is None else [clock_routes(hands, identity.parts.audit)]),
    ]


def webhook_partners(_: Settings) -> list[WebhookPartner]:
    """The partners of all capabilities whose secrets the settings have."""
    return []


def handlers_of(
    region: Region, rooms: Rooms, calendars: CalendarServices, hub: Hub, direct: DirectRooms
) -> list[Handler]:
    """The handlers of the socket events of all capabilities, for the gateway over this hub."""
    listening = RoomListening(rooms, hub.subscriptions, hub.joining)
    watching = CalendarWatching(calendars, hub.subscriptions, hub.joining)
    return [
        *listening.handlers(),
        *watching.handlers(),
        *of_operations(room_operations(RoomServices(rooms, region, direct))),
        *of_operations(calendar_operations(calendars)),
    ]
