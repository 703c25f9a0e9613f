"""The connector `meeting-evidence`: the hash of what took place, into the audit record. Its partner is Carewire."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.meetings.activities import EVIDENCE, SealEvidence
from common.clock import Clock
from serve_app.activities.connector import Capacity, OwnConnector
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from store.mongo.client import Database

_sealed: Final = msgspec.msgpack.Decoder(SealEvidence).decode


class EvidenceConnector(OwnConnector[SealEvidence]):
    """One a runner. A hash that is there twice says the same twice."""

    name = EVIDENCE
    capacity = Capacity(at_once=8, call_s=10.0)

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(_sealed)
        self._audit = AuditRecord(database, clock)

    @override
    async def do(self, work: SealEvidence) -> bytes:
        why = f"sha256:{work.hash}"
        await self._audit.append(AuditEntry("meeting.evidence", "", work.host, resource=work.meeting, why=why))
        return b""
