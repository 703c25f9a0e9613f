"""Erasing a person: their key is destroyed, so whatever was sealed under it (messages, notes and reasons of bookings,
inbox, account, sessions, answers kept for repeats) is noise from then on, in the journal, in snapshots and in backups
of them. They get no other key: what is still addressed to them is noise as well. What others need for continuity
stays as tombstones: a message keeps its place, empty; a membership keeps its id; a booking that was keeps its time;
the audit record keeps its chain of ids. What lies ahead is cancelled.

The intent is stored first, and every step may be repeated: an erasure that was interrupted is finished at the next
start of the API.

While a legal hold lies over words of the person nothing is erased: whoever asks is told, the wish is kept, and it is
carried out when the hold is over.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from common.auth.revocations import Revocation
from common.clock import Clock
from common.errors import CarewireError, FailedPrecondition
from common.logs import get_logger
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.capability import Personal
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.parts import Parts
from store.mongo.client import Database, database_errors

COLLECTION: Final = "erasures"
_LOOK_S: Final = 5.0  # between two looks for what waited for the end of a hold
_HELD: Final = "What you wrote must be kept for now, by law. You will be erased as soon as that ends."
log = get_logger(__name__)


class Holds(Protocol):
    """Whether somebody's words must be kept."""

    async def keep(self, user: str) -> bool:
        """Raises Unavailable."""
        ...


class Erasure:
    """One a replica of the API. `personal`: what each capability has stored, in the order in which it goes."""

    def __init__(
        self, database: Database, parts: Parts, personal: Sequence[Personal], holds: Holds, clock: Clock
    ) -> None:
        self._intents = database[COLLECTION]
        self._parts = parts
        self._personal = personal
        self._holds = holds
        self._clock = clock

    async def erase(self, user: str, by: str, role: str, origin: RequestOrigin) -> None:
        """On return it is done, and there is no way back.

        Other processes that hold the key forget it within seconds (see `store.crypto.vault`).

        Raises:
            Unavailable: it is not finished yet, and will be.
            FailedPrecondition: reason `legal_hold`: it waits for the end of a hold.
        """
        held = await self._holds.keep(user)
        outcome = "refused" if held else "ok"
        entry = AuditEntry(
            action="privacy.erase",
            actor=by,
            subject=user,
            outcome=outcome,
            role=role,
            address=origin.address,
            request=origin.request,
        )
        await self._parts.audit.append(entry)
        with database_errors():
            wish = {"done": False, "waits": held, "at": self._clock.now_ms()}
            await self._intents.update_one({"_id": user}, {"$set": wish}, upsert=True)
        if held:
            raise FailedPrecondition(_HELD, details={"reason": "legal_hold"})
        await self._finish(user)

    async def attend(self) -> None:
        """Finish what was interrupted; then, for as long as the process runs, what waited for the end of a hold."""
        waiting = False
        while True:
            try:
                await self.resume(waiting=waiting)
                waiting = True
            except CarewireError as error:
                log.error("erasure.not_looked_for", code=error.code)
            await asyncio.sleep(_LOOK_S)

    async def resume(self, *, waiting: bool = False) -> int:
        """Finish what was interrupted, or (`waiting`) what waited for a hold that is over. How many."""
        wanted = {"done": False} | ({"waits": True} if waiting else {})
        with database_errors():
            open_ = [one["_id"] async for one in self._intents.find(wanted)]
        return sum([await self._go_on(user) for user in open_])

    async def _go_on(self, user: str) -> bool:
        """Unless a hold lies over it."""
        try:
            if await self._holds.keep(user):
                return False
            await self._finish(user)
        except CarewireError as error:
            log.error("erasure.unfinished", user=user, code=error.code)
            return False
        return True

    async def _finish(self, user: str) -> None:
        parts = self._parts
        await parts.revocations.revoke(Revocation(user, blocked=True, before_ms=self._clock.now_ms()))
        for capability in self._personal:
            await capability.erase(user)
        await parts.sealing.shred(user)
        await parts.audit.append(AuditEntry("privacy.erased", "", user))
        with database_errors():
            await self._intents.update_one({"_id": user}, {"$set": {"done": True, "waits": False}})
