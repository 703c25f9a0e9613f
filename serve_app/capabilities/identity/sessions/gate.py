"""The door of a process: is the token good, and has it not been taken back? For HTTP, and as the guard of a gateway."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from actors.calendars.services.feeds.feed_tokens import FeedTokens, is_feed_token
from common.auth.tokens import Verified
from common.auth.verifier import Verifier
from common.errors import CarewireError, PermissionDenied
from common.lib.tasks import Tasks
from common.logs import get_logger
from common.observations import Observation
from common.policy import POLICY
from common.reach import Reach
from config.settings import IdentitySettings
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.audit.record import AuditRecord
from serve_app.capabilities.identity.care.service import Cares
from serve_app.capabilities.identity.sessions.revocation import Revocations
from serve_app.edge.conventions.readings import Observe

_MOST_UNWRITTEN: Final = 10_000
log = get_logger(__name__)


Seen = Callable[[Verified], None]


def _nobody_looks(_: Verified) -> None:
    """Nobody wants to know."""


class HttpGate:
    """Verifies, then looks up what was taken back: in force for the next request, on every replica."""

    def __init__(
        self, verifier: Verifier, revocations: Revocations, feed_tokens: FeedTokens, seen: Seen = _nobody_looks
    ) -> None:
        """`seen` is told whose token was good."""
        self._verifier = verifier
        self._seen = seen
        self._revocations = revocations
        self._feed_tokens = feed_tokens

    async def verify_feed(self, token: str, calendar: str) -> Verified:
        """Who shows this token in the address of a feed: one made for it, or any other of theirs that is good.

        Raises:
            Unauthenticated, Unavailable: as `verify`.
        """
        if not is_feed_token(token):
            return await self.verify(token)
        verified = await self._feed_tokens.verify(token, calendar)
        await self._revocations.admit(verified)
        return verified

    async def verify(self, token: object) -> Verified:
        """Who the bearer is.

        Raises:
            Unauthenticated: no token of ours, or one that was taken back.
            Unavailable: it cannot be told just now.
        """
        verified = await self._verifier.verify(token)
        await self._revocations.admit(verified)
        self._seen(verified)
        return verified


class DirectRoomRule:
    """`capability.DirectRooms`: whether care is needed is a setting."""

    def __init__(self, care: Cares, settings: IdentitySettings, reach: Reach) -> None:
        self._care = care
        self._reach = reach
        self._rule = settings.direct_rooms

    async def may_open_direct(self, user: str, role: str, members: Collection[str]) -> None:
        """See `DirectRooms`. Moderators and administrators may write to anybody whom they can reach."""
        others = {member for member in members if member != user}
        await self._reach.may_reach(user, *others)
        if self._rule == "conversations":
            raise PermissionDenied("Begin a conversation instead.", details={"reason": "conversations"})
        if self._rule == "anyone" or role in ("moderator", "admin") or not others:
            return
        if not all(await asyncio.gather(*(self._care.cares(user, other) for other in others))):
            raise PermissionDenied("A direct room is for a client and a therapist who cares for them.")


class SocketGuard:
    """`realtime.front.revocation.guard.Guard`."""

    def __init__(self, revocations: Revocations, audit: AuditRecord, seen: Seen = _nobody_looks) -> None:
        """`seen` is told whose token was good."""
        self._revocations = revocations
        self._seen = seen
        self._audit = audit
        self._writing = Tasks("audit")
        self._unwritten = 0

    async def admit(self, verified: Verified) -> None:
        """See `Guard`."""
        await self._revocations.admit(verified)
        self._seen(verified)

    def observed(self, seen: Observation) -> None:
        """See `Guard`."""
        entries = entries_of(seen)
        if self._unwritten + len(entries) > _MOST_UNWRITTEN:
            log.error("audit.overflow", user=seen.verified.user, resource=seen.resource)
            return
        self._unwritten += len(entries)
        for entry in entries:
            self._writing.spawn(self._write(entry))

    async def _write(self, entry: AuditEntry) -> None:
        try:
            await self._audit.append(entry)
        except CarewireError as error:
            log.error("audit.lost", user=entry.actor, resource=entry.resource, action=entry.action, code=error.code)
        finally:
            self._unwritten -= 1


def observer(audit: AuditRecord) -> Observe:
    """The same for HTTP, where the answer waits for the record: nobody reads what could not be recorded."""

    async def observe(seen: Observation) -> None:
        await asyncio.gather(*(audit.append(entry) for entry in entries_of(seen)))

    return observe


def entries_of(seen: Observation) -> list[AuditEntry]:
    """One entry for each person, so that each finds it among what concerns them. `why` is the cell of the policy."""
    who = seen.verified
    why = f"policy: {POLICY.cell(who.role, seen.action)}"
    return [
        AuditEntry(
            seen.action,
            who.user,
            person,
            role=who.role,
            resource=seen.resource,
            address=seen.address,
            request=seen.request,
            why=why,
        )
        for person in seen.persons or ("",)
    ]
