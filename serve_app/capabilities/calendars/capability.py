"""Calendars and bookings, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from actors.calendars.services.assembly import CalendarServices, calendar_services
from actors.payments.services.pricing import Pricing
from realtime.front.handlers import Handler
from serve_app.capabilities.calendars import watching
from serve_app.capabilities.calendars.operations import calendar_operations
from serve_app.capabilities.calendars.personal import PersonalCalendar
from serve_app.capabilities.calendars.server_events import CALENDAR_EVENTS
from serve_app.capabilities.calendars.watching import CalendarWatching
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.edge.operation import Operation


def calendars_of(context: ServerContext) -> CalendarServices:
    """The services of calendars."""
    stores, off = context.stores, context.settings.features.off
    return calendar_services(
        context.region,
        stores.views,
        context.clock,
        stores.feed_tokens,
        related=context.related,
        reach=context.reach,
        quotes=None if "payments" in off else Pricing(context.region, stores.views, context.clock),
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return calendar_operations(context.once(calendars_of))


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    hub = context.hub
    return CalendarWatching(context.once(calendars_of), hub.subscriptions, hub.joining).handlers()


def _personal(context: ApiContext) -> PersonalCalendar:
    return PersonalCalendar(context.once(calendars_of))


CALENDARS: Final = Capability(
    name="calendars",
    operations=_operations,
    requests=watching.EVENTS,
    handlers=_handlers,
    events=CALENDAR_EVENTS,
    personal=_personal,
)
