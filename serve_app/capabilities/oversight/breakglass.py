"""Access in an emergency: with a reason, for a while, recorded before it happens, and told to the person concerned."""

from dataclasses import dataclass
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from common.auth.tokens import Verified
from common.clock import Clock, to_rfc3339
from common.errors import NotFound, PermissionDenied
from common.ids import new_id
from config.settings import IdentitySettings
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.messages.notices import Notices
from serve_app.capabilities.identity.origin import RequestOrigin
from store.mongo.client import Database, Document, database_errors

COLLECTION: Final = "grants"
INDEXES: Final = (
    IndexModel([("actor", ASCENDING), ("_id", DESCENDING)], name="actor"),
    IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="subject"),
)
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Grant:
    """`actor` may read what is `subject`'s until `until_ms`. The reason is in the audit record."""

    id: str
    actor: str
    subject: str
    until_ms: int


class BreakGlass:
    """One a replica of the API."""

    def __init__(
        self, database: Database, audit: AuditRecord, notices: Notices, settings: IdentitySettings, clock: Clock
    ) -> None:
        self._grants = database[COLLECTION]
        self._audit = audit
        self._notices = notices
        self._longest_m = settings.break_glass_max_m
        self._clock = clock

    async def open(self, subject: str, reason: str, minutes: float, by: Verified, origin: RequestOrigin) -> Grant:
        """Recorded first, told second, open third: nobody has access that the person was not told of.

        Raises:
            Unavailable: it could not be recorded or told.
        """
        now_ms = self._clock.now_ms()
        until_ms = now_ms + int(min(minutes, self._longest_m) * _MINUTE_MS)
        grant = Grant(new_id("grant", now_ms), by.user, subject, until_ms)
        await self._audit.append(self._entry("breakglass.opened", grant, by, origin, why=reason))
        told: dict[str, object] = {
            "grant_id": grant.id,
            "role": by.role,
            "reason": reason,
            "until": to_rfc3339(until_ms),
        }
        await self._notices.tell(subject, "access_notice", told, must=True)
        with database_errors():
            await self._grants.insert_one(
                {"_id": grant.id, "actor": grant.actor, "subject": subject, "until_ms": until_ms}
            )
        return grant

    async def use(self, id_: str, resource: str, by: Verified, origin: RequestOrigin) -> Grant:
        """Every single use is recorded before anything is read.

        Raises:
            NotFound: the caller has no such grant.
            PermissionDenied: its time is over.
        """
        grant = await self._find(id_, by)
        if grant.until_ms <= self._clock.now_ms():
            await self._audit.append(
                self._entry(
                    action="breakglass.late", grant=grant, by=by, origin=origin, resource=resource, outcome="refused"
                )
            )
            raise PermissionDenied("This access has ended. Open a new one, with a reason.")
        await self._audit.append(
            self._entry(action="breakglass.read", grant=grant, by=by, origin=origin, resource=resource)
        )
        return grant

    async def close(self, id_: str, by: Verified, origin: RequestOrigin) -> None:
        """End it early. Raises NotFound."""
        grant = await self._find(id_, by)
        await self._audit.append(self._entry("breakglass.closed", grant, by, origin))
        with database_errors():
            await self._grants.update_one({"_id": id_}, {"$min": {"until_ms": self._clock.now_ms()}})

    async def of(self, actor: str, *, limit: int) -> list[Grant]:
        """The newest grants of an actor."""
        with database_errors():
            return [_grant(one) async for one in self._grants.find({"actor": actor}, sort=[("_id", -1)], limit=limit)]

    async def _find(self, id_: str, by: Verified) -> Grant:
        with database_errors():
            found: Document | None = await self._grants.find_one({"_id": id_, "actor": by.user})
        if found is None:
            raise NotFound("You have no such access.", grant=id_)
        return _grant(found)

    def _entry(
        self,
        action: str,
        grant: Grant,
        by: Verified,
        origin: RequestOrigin,
        resource: str = "",
        *,
        outcome: str = "ok",
        why: str = "",
    ) -> AuditEntry:
        where = f"{grant.id} {resource}".strip()
        return AuditEntry(
            action=action,
            actor=by.user,
            subject=grant.subject,
            outcome=outcome,
            role=by.role,
            resource=where,
            address=origin.address,
            request=origin.request,
            why=why,
        )


def _grant(document: Document) -> Grant:
    return Grant(document["_id"], document["actor"], document["subject"], document["until_ms"])
