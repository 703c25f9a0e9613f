"""Calendars and bookings, for the list of capabilities."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from actors.calendars.services.assembly import CalendarServices, calendar_services
from realtime.front.handlers import Handler
from serve_app.capabilities.calendars.booking_events import booking_handlers
from serve_app.capabilities.calendars.calendar_events import CalendarEvents
from serve_app.capabilities.calendars.personal import PersonalCalendar
from serve_app.capabilities.calendars.routes import routers
from serve_app.capabilities.calendars.server_events import CALENDAR_EVENTS
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext


def calendars_of(context: ServerContext) -> CalendarServices:
    """The services of calendars."""
    stores = context.stores
    return calendar_services(context.region, stores.views, context.clock, stores.feed_tokens, related=context.related)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    return routers(context.once(calendars_of))


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    services, hub = context.once(calendars_of), context.hub
    yield from CalendarEvents(services, hub.subscriptions, hub.joining).handlers()
    yield from booking_handlers(services)


def _personal(context: ApiContext) -> PersonalCalendar:
    return PersonalCalendar(context.once(calendars_of))


CALENDARS: Final = Capability(
    name="calendars", routers=_routers, handlers=_handlers, events=CALENDAR_EVENTS, personal=_personal
)
