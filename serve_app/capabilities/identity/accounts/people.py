"""What administrators do with accounts: roles, blocking, invitations. Each is recorded, and takes effect at once."""

from typing import Final

from common.auth.revocations import Revocation
from common.auth.tokens import Verified
from common.clock import Clock
from common.errors import FailedPrecondition
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.identity.accounts.account_records import Account, AccountOwner
from serve_app.capabilities.identity.accounts.codes import Invitation
from serve_app.capabilities.identity.messages.outbox import OutgoingMail
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.parts import Parts

INVITED_ROLES: Final = ("therapist", "moderator", "admin")


class People:
    """One a replica of the API."""

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock

    async def account(self, user: str) -> tuple[Account, AccountOwner | None]:
        """An account, opened. Raises NotFound."""
        account = await self._parts.accounts.need(user)
        return account, await self._parts.accounts.person(account)

    async def set_role(self, user: str, role: str, by: Verified, origin: RequestOrigin) -> None:
        """Tokens that say otherwise are void; a refresh brings the new role.

        Raises:
            NotFound: no such account here (roles of other issuers' users are theirs to change).
            FailedPrecondition: the last thing an administrator does is not to lock everybody out.
        """
        if user == by.user:
            raise FailedPrecondition("Let another administrator change your role.")
        await self._record("account.role", user, by, origin, resource=role)
        account = await self._parts.accounts.change(user, role=role, new_epoch=True)
        now_ms = self._clock.now_ms()
        await self._parts.revocations.revoke(Revocation(user, epoch=account.epoch, before_ms=now_ms))
        await self._parts.notices.tell(user, "security_notice", {"kind": "role_changed", "role": role})

    async def block(self, user: str, why: str, by: Verified, origin: RequestOrigin) -> None:
        """Nothing that this user has gets in any more, whoever issued it. Also for users of another issuer."""
        if user == by.user:
            raise FailedPrecondition("You cannot block yourself.")
        await self._record("account.blocked", user, by, origin, why=why)
        if await self._parts.accounts.get(user) is not None:
            await self._parts.accounts.change(user, status="blocked")
        await self._parts.sessions.end_all(user)
        await self._parts.revocations.revoke(Revocation(user, blocked=True, before_ms=self._clock.now_ms()))

    async def unblock(self, user: str, by: Verified, origin: RequestOrigin) -> None:
        """New tokens are good again; what was issued before the block is not.

        Raises:
            FailedPrecondition: the account was erased.
        """
        account = await self._parts.accounts.get(user)
        if account is not None and account.status == "erased":
            raise FailedPrecondition("This account was erased. There is no way back.")
        await self._record("account.unblocked", user, by, origin)
        if account is not None:
            await self._parts.accounts.change(user, status="active")
        await self._parts.revocations.unblock(user)

    async def invite(self, email: str, role: str, by: Verified, origin: RequestOrigin) -> Invitation:
        """Sends the code to the address. It is in the answer as well: whoever invites may hand it over."""
        invitation = await self._parts.invitations.make(email, role, by.user)
        mail = OutgoingMail("invitation", email, invitation.code)
        lifetime_s = self._parts.invitations.lifetime_s
        await self._parts.outbox.send(by.user, mail, invitation=invitation.id, lifetime_s=lifetime_s)
        await self._record("invitation.made", "", by, origin, resource=f"{invitation.id} {role}")
        return invitation

    async def withdraw(self, invitation: str, by: Verified, origin: RequestOrigin) -> None:
        """Raises NotFound."""
        await self._parts.invitations.withdraw(invitation)
        await self._record("invitation.withdrawn", "", by, origin, resource=invitation)

    async def _record(
        self, action: str, user: str, by: Verified, origin: RequestOrigin, *, resource: str = "", why: str = ""
    ) -> None:
        await self._parts.audit.append(
            AuditEntry(
                action=action,
                actor=by.user,
                subject=user,
                outcome="ok",
                role=by.role,
                resource=resource,
                address=origin.address,
                request=origin.request,
                why=why,
            )
        )
