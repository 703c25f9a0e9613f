"""Erasing a person: their key is destroyed, so whatever was sealed under it (messages, notes and reasons of bookings,
inbox, account, sessions, answers kept for repeats) is noise from then on, in the journal, in snapshots and in backups
of them. They get no other key: what is still addressed to them is noise as well. What others need for continuity
stays as tombstones: a message keeps its place, empty; a membership keeps its id; a booking that was keeps its time;
the audit record keeps its chain of ids. What lies ahead is cancelled.

The intent is stored first, and every step may be repeated: an erasure that was interrupted is finished at the next
start of the API.
"""

from collections.abc import Sequence
from typing import Final

from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from common.revocations import Revocation
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.capability import Personal
from serve_app.capabilities.identity.origin import Origin
from serve_app.capabilities.identity.parts import Parts
from store.mongo.client import Database, database_errors

COLLECTION: Final = "erasures"
log = get_logger(__name__)


class Erasure:
    """One a replica of the API. `personal`: what each capability has stored, in the order in which it goes."""

    def __init__(self, database: Database, parts: Parts, personal: Sequence[Personal], clock: Clock) -> None:
        self._intents = database[COLLECTION]
        self._parts = parts
        self._personal = personal
        self._clock = clock

    async def erase(self, user: str, by: str, role: str, origin: Origin) -> None:
        """On return it is done, and there is no way back.

        Other processes that hold the key forget it within seconds (see `store.crypto.vault`).

        Raises:
            Unavailable: it is not finished yet, and will be.
        """
        await self._parts.audit.append(
            AuditEntry("privacy.erase", by, user, role=role, address=origin.address, request=origin.request)
        )
        with database_errors():
            await self._intents.update_one(
                {"_id": user}, {"$set": {"done": False, "at": self._clock.now_ms()}}, upsert=True
            )
        await self._finish(user)

    async def resume(self) -> int:
        """Finish what was interrupted. How many."""
        with database_errors():
            open_ = [one["_id"] async for one in self._intents.find({"done": False})]
        for user in open_:
            try:
                await self._finish(user)
            except CarewireError as error:
                log.error("erasure.unfinished", user=user, code=error.code)
        return len(open_)

    async def _finish(self, user: str) -> None:
        parts = self._parts
        await parts.revocations.revoke(Revocation(user, blocked=True, before_ms=self._clock.now_ms()))
        for capability in self._personal:
            await capability.erase(user)
        await parts.sealing.shred(user)
        await parts.audit.append(AuditEntry("privacy.erased", "", user))
        with database_errors():
            await self._intents.update_one({"_id": user}, {"$set": {"done": True}})
