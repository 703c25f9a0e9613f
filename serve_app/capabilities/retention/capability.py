"""What is kept, and for how long, for the list of capabilities."""

from collections.abc import Iterable
from typing import Any, Final

from serve_app.capabilities.audit.capability import audit_of
from serve_app.capabilities.capability import Capability, ServerContext
from serve_app.capabilities.files.capability import held_of
from serve_app.capabilities.holding import HoldsOver
from serve_app.capabilities.meetings.capability import recordings_of
from serve_app.capabilities.operations.capability import jobs_of, repeats_of
from serve_app.capabilities.retention.connectors import CONNECTORS
from serve_app.capabilities.retention.holds import LegalHolds
from serve_app.capabilities.retention.operations import HoldOperations, RetentionOperations
from serve_app.capabilities.retention.terms import Retention
from serve_app.edge.operation import Operation


def holds_of(context: ServerContext) -> LegalHolds:
    """The service of legal holds."""
    views, recordings = context.stores.views, context.once(recordings_of)
    audit = context.once(audit_of)
    return LegalHolds(
        entities=context.region,
        views=views,
        over=HoldsOver(views),
        recordings=recordings,
        audit=audit,
        clock=context.clock,
    )


def _operations(context: ServerContext) -> Iterable[Operation[Any]]:
    known, audit = context.once(repeats_of).known, context.once(audit_of)
    yield from map(known, RetentionOperations(Retention(context.region, audit), context.once(jobs_of)))
    files = context.once(held_of) if context.settings.features.files else None
    yield from map(known, HoldOperations(context.once(holds_of), files))


RETENTION: Final = Capability(name="retention", operations=_operations, connectors=CONNECTORS)
