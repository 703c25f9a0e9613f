"""Calls, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.calls.operations import CallOperations
from serve_app.capabilities.calls.personal import PersonalCalls
from serve_app.capabilities.calls.server_events import CALL_EVENTS
from serve_app.capabilities.calls.service import Calls
from serve_app.capabilities.capability import ApiContext, Capability, ServerContext
from serve_app.capabilities.operations.capability import repeats_of
from serve_app.edge.operation import Operation


def calls_of(context: ServerContext) -> Calls:
    """The service of calls."""
    return Calls(
        entities=context.region,
        views=context.stores.views,
        direct=context.direct,
        reach=context.reach,
        clock=context.clock,
        ring_ms=int(context.settings.notifications.ring_s * 1000),
        video="video" not in context.settings.features.off,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    return map(context.once(repeats_of).known, CallOperations(context.once(calls_of)))


def _personal(context: ApiContext) -> PersonalCalls:
    return PersonalCalls(context.once(calls_of))


CALLS: Final = Capability(
    name="calls", feature="notifications", operations=_operations, events=CALL_EVENTS, personal=_personal
)
