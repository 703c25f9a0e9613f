"""Every capability of the program, in one list: what replicas deploy, and what the tests put to the test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fastapi import APIRouter
from pymongo import IndexModel

from config.features import FeatureSettings
from realtime.front.handlers import Handler
from serve_app.capabilities.audit.capability import AUDIT
from serve_app.capabilities.calendars.capability import CALENDARS
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext
from serve_app.capabilities.email.capability import EMAIL
from serve_app.capabilities.identity.capability import IDENTITY
from serve_app.capabilities.oversight.capability import OVERSIGHT
from serve_app.capabilities.prediction.capability import PREDICTION
from serve_app.capabilities.presence.capability import PRESENCE
from serve_app.capabilities.privacy.capability import PRIVACY
from serve_app.capabilities.rooms.capability import ROOMS
from serve_app.edge.conventions import mongo_idempotency
from serve_app.edge.front_events import FRONT_EVENTS
from serve_app.edge.server_events import ServerEvent, by_name
from serve_app.processes.health import Part, switched_off
from store.mongo.client import Database, database_errors

CAPABILITIES: Final[tuple[Capability, ...]] = (
    IDENTITY,
    AUDIT,
    PRESENCE,
    ROOMS,
    CALENDARS,
    PREDICTION,
    EMAIL,
    OVERSIGHT,
    PRIVACY,
)
"""In the order of the documents, and of erasure."""


def present(features: FeatureSettings) -> list[Capability]:
    """Those that are on."""
    switches: dict[str, bool] = dict(features)
    return [one for one in CAPABILITIES if not one.feature or switches[one.feature]]


def routers_of(context: ApiContext) -> list[APIRouter]:
    """The routers of all capabilities that are on."""
    return [router for one in present(context.settings.features) for router in one.routers(context)]


def handlers_of(context: GatewayContext) -> list[Handler]:
    """The handlers of their socket events."""
    return [handler for one in present(context.settings.features) for handler in one.handlers(context)]


def health_of(context: ApiContext) -> Iterator[Part]:
    """Their parts of `/health`, and those of the features that are off."""
    for one in present(context.settings.features):
        yield from one.health(context)
    yield from (switched_off(name) for name, on in context.settings.features if not on)


def server_events(features: FeatureSettings) -> dict[str, ServerEvent]:
    """What the server emits, by name: the front itself, and the capabilities that are on."""
    return by_name([*FRONT_EVENTS, *(event for one in present(features) for event in one.events)])


def indexes() -> Mapping[str, Sequence[IndexModel]]:
    """Of every collection that is a capability's own, or the API's."""
    own = {name: made for one in CAPABILITIES for name, made in one.indexes.items()}
    return own | {mongo_idempotency.COLLECTION: mongo_idempotency.INDEXES}


async def prepare(database: Database) -> None:
    """Make the indexes. Idempotent."""
    with database_errors():
        for collection, made in indexes().items():
            await database[collection].create_indexes(list(made))
