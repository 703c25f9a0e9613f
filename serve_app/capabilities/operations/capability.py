"""What operators see and do about calls to partners, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import Capability, ServerContext
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.operations import activity_operations
from serve_app.edge.operation import Operation


def activities_of(context: ServerContext) -> ActivityOperations:
    """The service behind the operations, and behind the part `activities` of `/health`."""
    return ActivityOperations(
        context.activity_shards,
        context.stores.activities,
        context.activity_figures,
        AuditRecord(context.database, context.clock),
        context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return activity_operations(context.once(activities_of))


OPERATIONS: Final = Capability(name="operations", operations=_operations)
