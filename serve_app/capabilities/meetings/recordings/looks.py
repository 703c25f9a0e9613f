"""Who has looked at a recording, and how: for the people who are in it. The audit record has it too.

recording_access   {_id, recording, at, by, action, track?, from?, to?}
"""

from typing import Final

from pymongo import ASCENDING, IndexModel

from common.clock import Clock
from common.ids import new_id
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "recording_access"
INDEXES: Final = (IndexModel([("recording", ASCENDING), ("_id", ASCENDING)], name="recording"),)
_MOST: Final = 1000


class Looks:
    """One a process."""

    def __init__(self, database: Database, audit: AuditRecord, clock: Clock) -> None:
        self._looks, self._audit, self._clock = database[COLLECTION], audit, clock

    async def note(
        self,
        recording: str,
        action: str,
        by: str,
        role: str,
        subject: str,
        *,
        trace: str,
        track: str = "",
        part: tuple[int, int] | None = None,
        why: str = "",
    ) -> None:
        """It is about to be done. Raises Unavailable: it may not be recorded, so it must not be done."""
        now = self._clock.now_ms()
        entry = AuditEntry(
            f"recording.{action}", by, subject, role=role, resource=track or recording, request=trace, why=why
        )
        await self._audit.append(entry)
        row: Document = {"_id": new_id("look", now), "recording": recording, "at": now, "by": by, "action": action}
        if track:
            row["track"] = track
        if part is not None:
            row |= {"from": part[0], "to": part[1]}
        with database_errors():
            await self._looks.insert_one(row)

    async def of(self, recording: str) -> list[Document]:
        """All of them, the newest first."""
        with database_errors():
            found: list[Document] = (
                await self._looks.find({"recording": recording}).sort("_id", -1).limit(_MOST).to_list(None)
            )
        return found

    async def forget(self, recordings: list[str]) -> None:
        """They are nobody's any more."""
        with database_errors():
            await self._looks.delete_many({"recording": {"$in": recordings}})
