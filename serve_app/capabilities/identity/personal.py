"""What identity has stored of one person: the account, its sessions and codes, mail that waits, and care."""

from collections.abc import AsyncIterator
from typing import Any

from actors.kernel.contract.entity import Principal
from serve_app.capabilities.capability import Section
from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.identity.care.relation_operations import row_of
from serve_app.capabilities.identity.care.service import CareRelations
from serve_app.capabilities.identity.messages.outbox import COLLECTION as OUTBOX
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.routes import session_of, user_of
from store.mongo.client import Database, database_errors


class PersonalIdentity:
    """One a replica of the API."""

    def __init__(self, parts: Parts, care: CareRelations, roles: Roles, database: Database) -> None:
        self._parts = parts
        self._care = care
        self._roles = roles
        self._outbox = database[OUTBOX]

    async def export(self, who: Principal, trace: str) -> AsyncIterator[Section]:
        """See `Personal`."""
        yield "account", await self._account(who)
        yield "sessions", [session_of(one, "").model_dump() for one in await self._parts.sessions.of(who.user)]
        yield "care", [row_of(one) for one in await self._care.of(who.user, limit=10_000)]

    async def erase(self, user: str) -> None:
        """See `Personal`. A tombstone takes the account's place, so that nobody gets its id."""
        parts = self._parts
        await parts.lockout.forget([user, *filter(None, [await parts.accounts.mail_hash(user)])])
        await parts.accounts.tombstone(user)
        await self._roles.forget(user)
        await parts.sessions.forget(user)
        await parts.codes.forget(user)
        await parts.invitations.forget(user)
        await self._care.end_all(user)
        with database_errors():
            await self._outbox.delete_many({"owner": user})

    async def _account(self, who: Principal) -> dict[str, Any] | None:
        account = await self._parts.accounts.get(who.user)
        if account is None:
            return None
        return user_of(account, await self._parts.accounts.person(account)).model_dump()
