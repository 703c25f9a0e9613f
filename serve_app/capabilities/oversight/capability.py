"""Who looks at whom: the audit record and emergency access, for the list of capabilities."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from fastapi import APIRouter

from actors.kernel.contract.entity import Principal
from actors.rooms.room.commands import LARGEST_PAGE
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.capability import ApiContext, Capability, Section
from serve_app.capabilities.identity.assembly import identity_of
from serve_app.capabilities.oversight import breakglass
from serve_app.capabilities.oversight.breakglass import BreakGlass
from serve_app.capabilities.oversight.routes import audit_routes, entry_of
from serve_app.capabilities.oversight.server_events import OVERSIGHT_EVENTS
from serve_app.capabilities.rooms.capability import rooms_of


class PersonalAudit:
    """What the audit record says of one person."""

    def __init__(self, audit: AuditRecord) -> None:
        self._audit = audit

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "audit", self._entries(who)

    async def erase(self, user: str) -> None:
        """The record keeps its chain of ids; what it says in words is sealed under the person's key."""

    async def _entries(self, who: Principal) -> AsyncIterator[object]:
        below: int | None = None
        while found := await self._audit.page(subject=who.user, below=below, limit=LARGEST_PAGE):
            for link in found:
                yield entry_of(link).model_dump()
            below = found[-1].number


def _routers(context: ApiContext) -> Iterable[APIRouter]:
    parts = context.once(identity_of).parts
    glass = BreakGlass(
        database=context.database,
        audit=parts.audit,
        notices=parts.notices,
        settings=context.settings.identity,
        clock=context.clock,
    )
    yield audit_routes(parts.audit, glass, context.once(rooms_of))


def _personal(context: ApiContext) -> PersonalAudit:
    return PersonalAudit(context.once(identity_of).parts.audit)


OVERSIGHT: Final = Capability(
    name="oversight",
    routers=_routers,
    events=OVERSIGHT_EVENTS,
    personal=_personal,
    indexes=lambda _: {breakglass.COLLECTION: breakglass.INDEXES},
)
