"""What operators see and do about calls to partners, for the list of capabilities."""

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter

from serve_app.capabilities.capability import ApiContext, Capability
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.routes import operations_routes


def activities_of(context: ApiContext) -> ActivityOperations:
    """The service behind the routes, and behind the part `activities` of `/health`."""
    audit = context.once(identity_of).parts.audit
    return ActivityOperations(
        context.activity_shards, context.stores.activities, context.activity_figures, audit, context.clock
    )


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    yield operations_routes(context.once(activities_of))


OPERATIONS: Final = Capability(name="operations", routers=_routers)
