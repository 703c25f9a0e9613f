"""What is done about care goes into the audit record, under its client."""

from actors.care.state import CareRecord
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.edge.operation import Caller


async def record(audit: AuditRecord, action: str, care: CareRecord, caller: Caller) -> None:
    """`caller` did `action`. Raises Unavailable."""
    entry = AuditEntry(
        action=action,
        actor=caller.by.user,
        subject=care.client,
        outcome="ok",
        role=caller.by.role,
        resource=care.id,
        request=caller.trace,
    )
    await audit.append(entry)
