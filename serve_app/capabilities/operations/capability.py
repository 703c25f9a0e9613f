"""What operators see and do about calls to partners, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.capability import Capability, ServerContext
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.capabilities.operations.operations import activity_operations
from serve_app.edge.operation import Operation


def activities_of(context: ServerContext) -> ActivityOperations:
    """The service. It asks shards through Ray, so a process that serves operators puts it into its context.

    Raises:
        LookupError: this one did not.
    """
    raise LookupError(f"nobody has put the service of activities into {type(context).__name__}")


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return activity_operations(context.once(activities_of))


OPERATIONS: Final = Capability(name="operations", operations=_operations)
