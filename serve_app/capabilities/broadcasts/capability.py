"""Broadcasts, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.broadcasts.connectors import CONNECTORS
from serve_app.capabilities.broadcasts.operations import BroadcastOperations
from serve_app.capabilities.broadcasts.people import AudiencePeople
from serve_app.capabilities.broadcasts.service import Broadcasts
from serve_app.capabilities.capability import Capability, ServerContext
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.notifications.capability import notifications_of
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation


def broadcasts_of(context: ServerContext) -> Broadcasts:
    """The service of broadcasts."""
    return Broadcasts(
        entities=context.region,
        notifications=context.once(notifications_of),
        people=AudiencePeople(Roles(context.database, context.clock)),
        audit=context.once(audit_of),
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return map(context.once(repeats_of).known, BroadcastOperations(context.once(broadcasts_of)))


BROADCASTS: Final = Capability(
    name="broadcasts", feature="notifications", operations=_operations, connectors=CONNECTORS
)
