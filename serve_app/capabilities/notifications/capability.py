"""Notifications, for the list of capabilities."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from common.auth.keys import derive
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.identity.sessions.living import LivingSessions
from serve_app.capabilities.notifications.analytics import AnalyticsOperations, Fares
from serve_app.capabilities.notifications.connectors import CONNECTORS
from serve_app.capabilities.notifications.connectors.vapid import vapid_keys_of
from serve_app.capabilities.notifications.device_operations import DeviceOperations, PushKey, PushOptions
from serve_app.capabilities.notifications.funnel import Funnel
from serve_app.capabilities.notifications.operations import notification_operations
from serve_app.capabilities.notifications.personal import PersonalNotifications
from serve_app.capabilities.notifications.pull_tokens import PullTokens
from serve_app.capabilities.notifications.server_events import NOTIFICATION_EVENTS
from serve_app.capabilities.notifications.service import Notifications
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation
from serve_app.processes.health import HealthPart

if TYPE_CHECKING:
    from fastapi import APIRouter


def notifications_of(context: ServerContext) -> Notifications:
    """The service of notifications."""
    return Notifications(
        region=context.region,
        views=context.stores.views,
        related=context.related,
        reach=context.reach,
        lives=LivingSessions(context.database, context.clock).lives,
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return map(context.once(repeats_of).known, _declared(context))


def _declared(context: ServerContext) -> Iterable[Operation[Any]]:
    service = context.once(notifications_of)
    keys = vapid_keys_of(context.settings, context.root)
    options = PushOptions(
        hosts=context.settings.push.hosts,
        key=PushKey(keys[0].public_text, keys[0].id),
        key_ids=frozenset(key.id for key in keys),
        tokens=PullTokens(derive(context.root, "pull")),
        prove=context.settings.push.prove_tokens,
    )
    yield from AnalyticsOperations(Fares(context.database))  # first: `/analytics` is no notification
    yield from notification_operations(service, context.clock)
    yield from DeviceOperations(service, options, context.clock)


def _personal(context: ApiContext) -> PersonalNotifications:
    return PersonalNotifications(context.once(notifications_of))


def _routers(context: ApiContext) -> Iterable["APIRouter"]:
    from serve_app.capabilities.notifications.pages.opening import opening_routes
    from serve_app.capabilities.notifications.pages.routes import PAGES, worker_routes
    from serve_app.edge.conventions.described.pages import console_routes

    yield worker_routes()
    yield console_routes("notifications", PAGES)
    yield opening_routes(context.settings.apps)


def _health(context: ApiContext) -> Iterable[HealthPart]:
    funnel = Funnel(Fares(context.database), context.clock, context.registry)
    yield HealthPart("deliveries", funnel.look, vital=False, advisory=True)


NOTIFICATIONS: Final = Capability(
    name="notifications",
    feature="notifications",
    operations=_operations,
    routers=_routers,
    events=NOTIFICATION_EVENTS,
    health=_health,
    personal=_personal,
    connectors=CONNECTORS,
)
