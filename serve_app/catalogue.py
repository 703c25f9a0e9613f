"""Every capability of the program, in one list: what replicas deploy, and what the tests put to the test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter
from pymongo import IndexModel

from config.features import FeatureSettings
from config.settings import Settings
from realtime.front.handlers import Handler
from realtime.front.raw.routes import RawRoute
from serve_app.capabilities.audit.capability import AUDIT
from serve_app.capabilities.banners.capability import BANNERS
from serve_app.capabilities.broadcasts.capability import BROADCASTS
from serve_app.capabilities.calendars.capability import CALENDARS
from serve_app.capabilities.calls.capability import CALLS
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.conversations.capability import CONVERSATIONS
from serve_app.capabilities.e2ee.capability import E2EE
from serve_app.capabilities.email.capability import EMAIL
from serve_app.capabilities.emergencies.capability import EMERGENCIES
from serve_app.capabilities.files.capability import FILES
from serve_app.capabilities.identity.capability import IDENTITY
from serve_app.capabilities.links.capability import LINKS
from serve_app.capabilities.meetings.capability import MEETINGS
from serve_app.capabilities.moderation.capability import MODERATION, guard
from serve_app.capabilities.notifications.capability import NOTIFICATIONS
from serve_app.capabilities.operations.capability import OPERATIONS
from serve_app.capabilities.oversight.capability import OVERSIGHT
from serve_app.capabilities.payments.capability import PAYMENTS
from serve_app.capabilities.prediction.capability import PREDICTION
from serve_app.capabilities.presence.capability import PRESENCE
from serve_app.capabilities.privacy.capability import PRIVACY
from serve_app.capabilities.retention.capability import RETENTION
from serve_app.capabilities.rooms.capability import ROOMS
from serve_app.capabilities.search.capability import SEARCH
from serve_app.capabilities.worksheets.capability import WORKSHEETS
from serve_app.edge.conventions.repeats import mongo_idempotency
from serve_app.edge.front_events import FRONT_EVENTS, FRONT_REQUESTS
from serve_app.edge.operation import Declared, Operation
from serve_app.edge.rest import router_of
from serve_app.edge.server_events import ServerEvent, by_name
from serve_app.edge.sockets import handlers_of as of_operations
from serve_app.edge.webhooks.partners import WebhookPartner
from serve_app.processes.health import HealthPart, switched_off
from store.mongo.client import Database, database_errors

CAPABILITIES: Final[tuple[Capability, ...]] = (
    IDENTITY,
    AUDIT,
    PRESENCE,
    ROOMS,
    CONVERSATIONS,
    FILES,
    E2EE,
    CALENDARS,
    PAYMENTS,
    PREDICTION,
    EMAIL,
    NOTIFICATIONS,
    LINKS,
    EMERGENCIES,
    CALLS,
    MEETINGS,
    BROADCASTS,
    BANNERS,
    WORKSHEETS,
    OPERATIONS,
    OVERSIGHT,
    MODERATION,
    RETENTION,
    SEARCH,
    PRIVACY,
)
"""In the order of the documents, and of erasure."""
FIGURES: Final = "_analytics"
"""What operations are called that give figures: the feature `analytics`."""


def present(features: FeatureSettings) -> list[Capability]:
    """Those that are on."""
    return [one for one in CAPABILITIES if one.feature not in features.off]


def operations_of(capability: Capability, context: ServerContext) -> list[Operation[Any]]:
    """Those of a capability. Figures for staff (`*_analytics`) are a feature across all of them."""
    figures = context.settings.features.analytics
    return [one for one in capability.operations(context) if figures or not one.name.endswith(FIGURES)]


def routers_of(context: ApiContext) -> list[APIRouter]:
    """The routes of all capabilities that are on."""
    found, listed = present(context.settings.features), context.table.listed
    return [
        router
        for one in found
        for router in (router_of(listed(guard(context, operations_of(one, context)))), *one.routers(context))
    ]


def handlers_of(context: GatewayContext) -> list[Handler]:
    """The handlers of their socket events."""
    handlers: list[Handler] = []
    for one in present(context.settings.features):
        listed = context.table.listed(guard(context, operations_of(one, context)))
        handlers += [*one.handlers(context), *of_operations(listed, context.hub.joining)]
    return handlers


def raw_routes_of(context: GatewayContext) -> list[RawRoute]:
    """Their WebSockets that speak no Socket.IO."""
    return [route for one in present(context.settings.features) for route in one.routes(context)]


def listen(context: GatewayContext) -> None:
    """Have the gateway listen to what their capabilities have it hear."""
    for one in present(context.settings.features):
        one.listens(context)


def client_events(context: ServerContext) -> list[Declared]:
    """What clients may emit: to the front itself, and to the capabilities that are on."""
    events: list[Declared] = list(FRONT_REQUESTS)
    for one in present(context.settings.features):
        events += [*one.requests, *operations_of(one, context)]
    return events


def health_of(context: ApiContext) -> Iterator[HealthPart]:
    """Their parts of `/health`, and those of the features that are off."""
    for one in present(context.settings.features):
        yield from one.health(context)
    yield from (switched_off(name) for name in context.settings.features.off)


def webhook_partners(settings: Settings) -> list[WebhookPartner]:
    """The partners of the capabilities that are on."""
    return [partner for one in present(settings.features) for partner in one.webhooks(settings)]


def server_events(features: FeatureSettings) -> dict[str, ServerEvent]:
    """What the server emits, by name: the front itself, and the capabilities that are on."""
    return by_name([*FRONT_EVENTS, *(event for one in present(features) for event in one.events)])


def indexes(settings: Settings) -> Mapping[str, Sequence[IndexModel]]:
    """Of every collection that is a capability's own, or the API's."""
    own = {name: made for one in CAPABILITIES for name, made in one.indexes(settings).items()}
    return own | {mongo_idempotency.COLLECTION: mongo_idempotency.INDEXES}


async def prepare(database: Database, settings: Settings) -> None:
    """Make the indexes. Idempotent."""
    with database_errors():
        for collection, made in indexes(settings).items():
            await database[collection].create_indexes(list(made))
