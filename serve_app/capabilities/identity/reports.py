"""What is recorded of accounts, and what their owners are told."""

from collections.abc import Coroutine
from typing import Any, NoReturn

from common.errors import Unauthenticated
from common.lib.tasks import Tasks
from common.logs import get_logger
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.identity.accounts.account_records import Account
from serve_app.capabilities.identity.accounts.lockout import LoginAttempt
from serve_app.capabilities.identity.messages.outbox import OutgoingMail
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.parts import Parts

log = get_logger(__name__)


class AccountReports:
    """One a replica of the API. What an answer must not wait for, or its time would tell something, is done `later`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tasks = Tasks("identity")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the answer. What fails leaves a log line."""
        self._tasks.spawn(work)

    async def close(self) -> None:
        """End what is still being done."""
        await self._tasks.cancel()

    async def record(
        self, action: str, user: str, by: RequestOrigin, *, outcome: str = "ok", resource: str = "", role: str = ""
    ) -> None:
        """Append to the audit record: the user did this to their own account. Raises Unavailable."""
        await self._parts.audit.append(
            AuditEntry(
                action=action,
                actor=user,
                subject=user,
                outcome=outcome,
                role=role,
                resource=resource,
                address=by.address,
                request=by.request,
            )
        )

    async def warn(self, user: str, template: str) -> None:
        """Tell the owner, wherever they are: in the inbox, and through the outbox."""
        await self._parts.notices.tell(user, "security_notice", {"kind": template})
        account = await self._parts.accounts.get(user)
        person = await self._parts.accounts.person(account) if account is not None else None
        if person is not None:
            await self._parts.outbox.send(user, OutgoingMail(template, person.email))

    async def warn_at(self, email: str, template: str) -> None:
        """The same to whoever has the account of this address."""
        account = await self._parts.accounts.by_mail(email)
        if account is not None:
            await self.warn(account.user, template)

    async def failed(self, account: Account | None, attempt: LoginAttempt, by: RequestOrigin) -> NoReturn:
        """A wrong password or code: the same answer for whoever has no account. Raises Unauthenticated."""
        log.info("auth.login_failed", user=account.user if account else None, address=by.address)
        await self.record("login.failed", account.user if account is not None else "", by, outcome="refused")
        if account is not None and attempt.began_lock:
            self.later(self.warn(account.user, "login_locked"))
        raise Unauthenticated("The address or the password is wrong.", reason="password")
