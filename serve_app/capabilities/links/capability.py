"""Action links, for the list of capabilities. They keep nothing: what was done is in what they acted on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from common.auth.keys import link_keys
from common.auth.links import LinkTokens
from serve_app.capabilities.calendars.capability import calendars_of
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.links.actions import Actions
from serve_app.capabilities.links.operations import link_operations
from serve_app.capabilities.links.service import Links
from serve_app.capabilities.notifications.capability import notifications_of
from serve_app.edge.operation import Operation

if TYPE_CHECKING:
    from fastapi import APIRouter


def links_of(context: ServerContext) -> Links:
    """What looks at links, and does what they say."""
    roles = Roles(context.database, context.clock)
    actions = Actions(context.once(calendars_of), context.once(notifications_of), context.clock, roles.role_of)
    generation = context.settings.notifications.link_generation
    return Links(LinkTokens(link_keys(context.root, generation)), actions, context.clock)


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return link_operations(context.once(links_of))


def _routers(context: ApiContext) -> "Iterable[APIRouter]":
    from serve_app.capabilities.links.pages import link_routes

    yield link_routes(context.once(links_of))


LINKS: Final = Capability(name="links", feature="notifications", operations=_operations, routers=_routers)
