"""The audit record, for the list of capabilities. Who may read it, and a person's own part, are `oversight`'s."""

from typing import Final

from serve_app.capabilities.audit import record
from serve_app.capabilities.capability import Capability

AUDIT: Final = Capability(name="audit", indexes=lambda _: {record.COLLECTION: record.INDEXES})
