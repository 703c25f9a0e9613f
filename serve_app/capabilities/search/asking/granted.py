"""Searching in somebody's place, under a break-glass grant: noted before anything is read."""

from actors.kernel.contract.entity import Principal, as_themselves
from common.clock import Clock
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.oversight import breakglass
from store.mongo.client import Database, Document, database_errors


class Grants:
    """One a process."""

    def __init__(self, database: Database, audit: AuditRecord, clock: Clock) -> None:
        self._grants, self._audit, self._clock = database[breakglass.COLLECTION], audit, clock

    async def subject(self, grant_id: str, by: Principal, trace: str) -> Principal:
        """Whoever is looked at, with what is theirs and nothing beyond it.

        Raises:
            PermissionDenied: not with this role, or its time is over.
            NotFound: the caller has no such grant.
            Unavailable: it cannot be noted.
        """
        POLICY.require(by.role, "breakglass.read", {Relation.GRANT})
        with database_errors():
            found: Document | None = await self._grants.find_one({"_id": grant_id, "actor": by.user})
        if found is None:
            raise NotFound("You have no such access.", grant=grant_id)
        late = int(found["until_ms"]) <= self._clock.now_ms()
        action, outcome = ("breakglass.late", "refused") if late else ("breakglass.read", "ok")
        subject, resource = str(found["subject"]), f"{grant_id} search"
        await self._audit.append(
            AuditEntry(
                action=action,
                actor=by.user,
                subject=subject,
                outcome=outcome,
                role=by.role,
                resource=resource,
                request=trace,
            )
        )
        if late:
            raise PermissionDenied("This access has ended. Open a new one, with a reason.")
        return as_themselves(subject)
