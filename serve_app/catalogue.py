"""Every route and every event of the program, in one list: what replicas deploy, and what the tests put to the test."""

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices
from actors.kernel.caller.region import Region
from actors.rooms.service import Rooms
from config.settings import Settings
from realtime.front.guard import Guard
from realtime.front.handlers import Handler
from realtime.front.hub import Hub
from serve_app.capabilities.calendars.booking_events import booking_handlers
from serve_app.capabilities.calendars.calendar_events import CalendarEvents
from serve_app.capabilities.calendars.routes import routers
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.routes import operations_routes
from serve_app.capabilities.operations.webhooks import operator_webhook_routes
from serve_app.capabilities.prediction.routes import Predictor, message_routes, prediction_routes
from serve_app.capabilities.rooms.events import Chat
from serve_app.cluster.identity_assembly import IdentityService
from serve_app.cluster.pools import Resizable, pool_routes
from serve_app.edge.conventions.permits import permit
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
) -> list[APIRouter]:
    """The routers of all capabilities. Chat and operations are part of the application itself."""
    return [
        *identity.routers,
        *routers(calendars),
        prediction_routes(predictor, [permit("ml.use")]),
        message_routes(predictor, [permit("ml.classify")]),
        pool_routes(pools),
        webhook_routes(webhooks),
        operator_webhook_routes(webhooks, identity.parts.audit),
        operations_routes(activities),
    ]


def webhook_partners(_: Settings) -> list[WebhookPartner]:
    """The partners of all capabilities whose secrets the settings have."""
    return []


def handlers_of(region: Region, rooms: Rooms, calendars: CalendarServices, hub: Hub, guard: Guard) -> list[Handler]:
    """The handlers of the socket events of all capabilities, for the gateway over this hub."""
    chat = Chat(region, rooms, hub.subscriptions, hub.joining, guard)
    watching = CalendarEvents(calendars, hub.subscriptions, hub.joining)
    return [*chat.handlers(), *watching.handlers(), *booking_handlers(calendars)]
