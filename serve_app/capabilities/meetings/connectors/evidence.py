"""The connector `meeting-evidence`: the hash of what took place, into the audit record. Its partner is Carewire."""

from typing import Final

import msgspec
from typing_extensions import override

from actors.meetings.activities import EVIDENCE, SealEvidence
from common.clock import Clock
from common.errors import CarewireError
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later, Unreadable
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from store.mongo.client import Database

_sealed: Final = msgspec.msgpack.Decoder(SealEvidence).decode


class EvidenceConnector(Connector):
    """One a runner. A hash that is there twice says the same twice."""

    name = EVIDENCE
    capacity = Capacity(at_once=8, call_s=10.0)
    remembers_s = FOR_EVER_S

    def __init__(self, database: Database, clock: Clock) -> None:
        self._audit = AuditRecord(database, clock)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            sealed = _sealed(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such evidence.") from error
        why = f"sha256:{sealed.hash}"
        entry = AuditEntry("meeting.evidence", "", sealed.host, resource=sealed.meeting, why=why)
        try:
            await self._audit.append(entry)
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error
        return b""

    @override
    async def find(self, call: Call) -> None:
        """It is written once more."""

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""
