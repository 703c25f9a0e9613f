"""Rooms and inboxes, for the list of capabilities."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from actors.rooms.service import Rooms
from realtime.front.handlers import Handler
from serve_app.capabilities.capability import ApiContext, Capability, GatewayContext, ServerContext
from serve_app.capabilities.rooms.events import Chat
from serve_app.capabilities.rooms.personal import PersonalRooms
from serve_app.capabilities.rooms.routes import rooms_routes
from serve_app.capabilities.rooms.server_events import ROOM_EVENTS


def rooms_of(context: ServerContext) -> Rooms:
    """The service of rooms."""
    return Rooms(context.region, context.stores.views, context.clock)


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    yield rooms_routes(context.once(rooms_of))


def _handlers(context: GatewayContext) -> Iterable[Handler]:
    hub = context.hub
    return Chat(context.region, context.once(rooms_of), hub.subscriptions, hub.joining, context.guard).handlers()


def _personal(context: ApiContext) -> PersonalRooms:
    return PersonalRooms(context.once(rooms_of), context.region)


ROOMS: Final = Capability(name="rooms", routers=_routers, handlers=_handlers, events=ROOM_EVENTS, personal=_personal)
