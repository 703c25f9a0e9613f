"""The audit record, for the list of capabilities. Who may read it, and a person's own part, are `oversight`'s."""

from typing import Final

from serve_app.capabilities.audit import record
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import Capability, ServerContext


def audit_of(context: ServerContext) -> AuditRecord:
    """The record, for whoever writes to it."""
    return AuditRecord(context.database, context.clock)


AUDIT: Final = Capability(name="audit", indexes=lambda _: {record.COLLECTION: record.INDEXES})
