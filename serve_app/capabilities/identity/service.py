"""Accounts as people use them: register, sign in, stay signed in, leave; passwords and the second factor.

Whatever is refused for a reason that an attacker would like to know (no such account, wrong password, wrong code) gets
the same answer after the same time.
"""

from dataclasses import dataclass
from typing import Final

from common.auth.revocations import Revocation
from common.auth.tokens import Expected, Verified, mint
from common.clock import Clock
from common.errors import AlreadyExists, FailedPrecondition, Unauthenticated
from common.ids import new_id
from common.logs import get_logger
from config.settings import AuthSettings, IdentitySettings
from serve_app.capabilities.identity.accounts.account_records import Account, AccountOwner, Totp, TotpSecret
from serve_app.capabilities.identity.accounts.lockout import LoginAttempt
from serve_app.capabilities.identity.accounts.totp import matching_step, new_recovery_codes, new_secret, uri_of
from serve_app.capabilities.identity.messages.outbox import OutgoingMail
from serve_app.capabilities.identity.origin import RequestOrigin
from serve_app.capabilities.identity.parts import Parts
from serve_app.capabilities.identity.reports import AccountReports
from serve_app.capabilities.identity.sessions.session_records import LoginSession, Reused, SessionDevice

log = get_logger(__name__)

_RESET: Final = "reset"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with what the client needs to use it. `device_token` is of logins only."""

    account: Account
    session: LoginSession
    access_token: str
    refresh_token: str
    expires_in_s: int
    device_token: str = ""


class Identity:
    """One a replica of the API. `secret` signs access tokens; None where only another issuer does."""

    def __init__(
        self, parts: Parts, settings: IdentitySettings, auth: AuthSettings, clock: Clock, secret: str | None
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._expected = Expected(auth.issuer, auth.audience)
        self._clock = clock
        self._secret = secret
        self._reports = AccountReports(parts)

    async def close(self) -> None:
        """End what is still being sent."""
        await self._reports.close()

    async def register(
        self,
        person: AccountOwner,
        password: str,
        device: SessionDevice,
        device_id: str | None,
        invitation: str | None,
        by: RequestOrigin,
    ) -> SignedIn:
        """A new account, signed in: a client's, or with an invitation that of its role.

        Whoever tries addresses to learn which have an account is slowed down as one who tries passwords, and the
        owners hear of it.

        Raises:
            CarewireError: the address has an account, the password is too weak, the invitation is not good.
        """
        self._need_secret()
        parts = self._parts
        parts.passwords.check_new(password)
        now_ms = self._clock.now_ms()
        mail = parts.accounts.mail_of(person.email)
        attempt = await parts.lockout.begin(parts.lockout.counts(f"register {mail}", by.address, None))
        user = new_id("usr", now_ms)
        hashed = await parts.passwords.hash(password)
        role = "client" if invitation is None else await parts.invitations.claim(invitation, person.email, user)
        try:
            account = await parts.accounts.add(user, person, role=role, password=hashed, now_ms=now_ms)
        except BaseException as error:
            if invitation is not None:
                await parts.invitations.give_back(user)
            if isinstance(error, AlreadyExists) and attempt.first:
                self._reports.later(self._reports.warn_at(person.email, "register_attempted"))
            raise
        await parts.lockout.succeeded(attempt)
        await self._reports.record("account.registered", account.user, by, role=role)
        return await self._sign_in(account, device, device_id, known=None)

    async def login(
        self,
        email: str,
        password: str,
        code: str | None,
        device: SessionDevice,
        device_id: str | None,
        device_token: str | None,
        by: RequestOrigin,
    ) -> SignedIn:
        """Sign in. `code` is the second factor, where there is one.

        Raises:
            Unauthenticated: wrong, or the second factor is missing (`details.factor` says so).
            RateLimited: too many were wrong.
        """
        self._need_secret()
        parts = self._parts
        mail = parts.accounts.mail_of(email)
        known = parts.tickets.known_device(device_token, mail)
        attempt = await parts.lockout.begin(parts.lockout.counts(mail, by.address, known))
        account = await parts.accounts.by_mail(email)
        good = await parts.passwords.verify(password, account.password if account is not None else None)
        if account is None or not good:
            await self._reports.failed(account, attempt, by)
        await self._second_factor(account, attempt, code, by)
        if account.status != "active":
            await self._reports.record("login.refused", account.user, by, outcome=account.status)
            raise Unauthenticated("This account cannot be used. Ask the people who run this service.", reason="blocked")
        await parts.lockout.succeeded(attempt)
        if parts.passwords.is_weak(account.password):
            await parts.accounts.change(account.user, password=await parts.passwords.hash(password))
        signed = await self._sign_in(account, device, device_id, known=device_token if known else None)
        await self._reports.record("login", account.user, by, resource=signed.session.id)
        if not known:
            self._reports.later(self._reports.warn(account.user, "new_sign_in"))
        return signed

    async def refresh(self, refresh_token: str, by: RequestOrigin) -> SignedIn:
        """The next tokens of a session; for a client that shows the same token twice at once, the same tokens.

        Raises:
            Unauthenticated: it is not the newest of its session; if it was once, the session has been ended.
        """
        self._need_secret()
        rotated = await self._parts.sessions.rotate(refresh_token, by)
        if isinstance(rotated, Reused):
            log.warning("auth.refresh_reused", session=rotated.session, user=rotated.user)
            await self._reports.record("refresh.reused", rotated.user, by, outcome="revoked", resource=rotated.session)
            await self._reports.warn(rotated.user, "session_stolen")
            raise Unauthenticated("This session has ended. Sign in again.", reason="refresh_reused")
        session, token = rotated
        account = await self._parts.accounts.need(session.user)
        if account.status != "active":
            raise Unauthenticated("This account cannot be used. Ask the people who run this service.", reason="blocked")
        return self._signed(account, session, token)

    async def logout(self, who: Verified, *, everywhere: bool, by: RequestOrigin) -> None:
        """End this session, or all. A token of another issuer ends as well, and with `everywhere` all of them do."""
        parts = self._parts
        if everywhere:
            await parts.sessions.end_all(who.user)
            await parts.revocations.revoke(Revocation(who.user, before_ms=self._clock.now_ms()))
        if who.session:
            if not everywhere:
                await parts.sessions.end(who.user, who.session)
        elif who.jti:
            await parts.revocations.revoke(Revocation(who.user, token=who.jti), until_ms=who.expires_ms)
        await self._reports.record("logout", who.user, by, resource="everywhere" if everywhere else who.session)

    async def end_session(self, user: str, session: str, by: RequestOrigin) -> None:
        """End one of the user's sessions. Raises NotFound."""
        await self._parts.sessions.end(user, session)
        await self._reports.record("session.ended", user, by, resource=session)

    async def change_password(self, who: Verified, old: str, new: str, by: RequestOrigin) -> None:
        """Other sessions end; this one goes on. Raises Unauthenticated: `old` is wrong."""
        account = await self._confirmed(who, old, by)
        self._parts.passwords.check_new(new)
        await self._parts.accounts.change(account.user, password=await self._parts.passwords.hash(new))
        await self._parts.sessions.end_all(account.user, but=who.session)
        await self._reports.record("password.changed", account.user, by)
        await self._reports.warn(account.user, "password_changed")

    async def ask_reset(self, email: str, by: RequestOrigin) -> None:
        """Send a code, if there is such an account. Nobody learns whether there is, not by the time it takes either."""
        parts = self._parts
        mail = parts.accounts.mail_of(email)
        await parts.lockout.begin(parts.lockout.counts(f"reset {mail}", by.address, None)[:2])
        self._reports.later(self._send_code(email, by))

    async def _send_code(self, email: str, by: RequestOrigin) -> None:
        parts = self._parts
        account = await parts.accounts.by_mail(email)
        if account is None or account.status != "active" or (person := await parts.accounts.person(account)) is None:
            return
        code = await parts.codes.make(_RESET, account.user)
        # To the address of the account, never to the one that was typed: they are alike, and need not be one mailbox.
        mail = OutgoingMail("password_reset", person.email, code)
        await parts.outbox.send(account.user, mail, lifetime_s=parts.codes.lifetime_s)
        await self._reports.record("password.reset_asked", account.user, by)

    async def reset(self, email: str, code: str, new: str, by: RequestOrigin) -> None:
        """A new password; every session ends. Raises Unauthenticated: the code is not good (any more)."""
        parts = self._parts
        parts.passwords.check_new(new)
        mail = parts.accounts.mail_of(email)
        counts = parts.lockout.counts(f"code {mail}", by.address, None)
        attempt = await parts.lockout.begin(counts)
        account = await parts.accounts.by_mail(email)
        hashed = await parts.passwords.hash(new)  # whether there is an account or not
        good = await parts.codes.use(_RESET, account.user if account is not None else mail, code)  # as long for nobody
        if account is None or not good:
            raise Unauthenticated("The code is not good, or not any more. Ask for a new one.", reason="code")
        await parts.accounts.change(account.user, password=hashed)
        await parts.sessions.end_all(account.user)
        await parts.lockout.succeeded(attempt)
        await self._reports.record("password.reset", account.user, by)
        await self._reports.warn(account.user, "password_changed")

    async def enrol_totp(self, who: Verified, password: str, by: RequestOrigin) -> tuple[str, str]:
        """A new second factor, not in force before it is confirmed: (secret, URI for an authenticator app)."""
        account = await self._confirmed(who, password, by)
        if account.totp is not None and account.totp.on:
            raise FailedPrecondition("There is a second factor. Remove it first.")
        secret = new_secret()
        sealed = await self._parts.sealing.seal(account.user, TotpSecret(secret), f"{account.user}/totp")
        await self._parts.accounts.set_totp(account.user, Totp(sealed, on=False, step=0))
        return secret, uri_of(secret, account.user)

    async def confirm_totp(self, who: Verified, code: str, by: RequestOrigin) -> list[str]:
        """From now on it is asked for. Recovery codes, told this once."""
        account = await self._parts.accounts.need(who.user)
        if account.totp is None or account.totp.on:
            raise FailedPrecondition("There is no second factor to confirm. Begin with `totp`.")
        step = await self._step_of(account, code)
        if step is None:
            raise Unauthenticated("This code is wrong. Look at the clock of your device.", reason="code")
        codes = new_recovery_codes()
        hashes = tuple(self._parts.sealing.index(f"recovery {account.user}", one) for one in codes)
        await self._parts.accounts.set_totp(account.user, Totp(account.totp.sealed, True, step, hashes))
        await self._reports.record("totp.on", account.user, by)
        return codes

    async def remove_totp(self, who: Verified, password: str, by: RequestOrigin) -> None:
        """No second factor any more."""
        account = await self._confirmed(who, password, by)
        await self._parts.accounts.set_totp(account.user, None)
        await self._reports.record("totp.off", account.user, by)
        await self._reports.warn(account.user, "totp_removed")

    async def confirm(self, who: Verified, password: str, by: RequestOrigin) -> None:
        """Is it really the owner of the account who sits there? Raises Unauthenticated."""
        await self._confirmed(who, password, by)

    async def _sign_in(
        self, account: Account, device: SessionDevice, device_id: str | None, *, known: str | None
    ) -> SignedIn:
        device_id = device_id or new_id("dev", self._clock.now_ms())
        session, token = await self._parts.sessions.begin(account.user, device_id, device)
        signed = self._signed(account, session, token)
        person = await self._parts.accounts.person(account)
        mail = self._parts.accounts.mail_of(person.email) if person is not None else ""
        device_token = known or self._parts.tickets.device_token(mail)
        return SignedIn(
            account=account,
            session=session,
            access_token=signed.access_token,
            refresh_token=token,
            expires_in_s=signed.expires_in_s,
            device_token=device_token,
        )

    def _signed(self, account: Account, session: LoginSession, refresh_token: str) -> SignedIn:
        ttl_s = self._settings.access_ttl_s
        access = mint(
            self._need_secret(),
            user=account.user,
            role=account.role,
            now_ms=session.seen_at,
            ttl_s=ttl_s,
            device=session.device,
            expected=self._expected,
            session=session.id,
            epoch=account.epoch,
            token_id=self._parts.tickets.token_id(refresh_token, session.seen_at),
        )
        return SignedIn(
            account=account, session=session, access_token=access, refresh_token=refresh_token, expires_in_s=int(ttl_s)
        )

    async def _second_factor(
        self, account: Account, attempt: LoginAttempt, code: str | None, by: RequestOrigin
    ) -> None:
        if account.totp is None or not account.totp.on:
            return
        if code is None:
            await self._parts.lockout.spared(attempt)
            raise Unauthenticated("Send the code of your second factor as well.", details={"factor": "totp"})
        step = await self._step_of(account, code)
        if step is not None and await self._parts.accounts.use_step(account.user, step):
            return
        digest = self._parts.sealing.index(f"recovery {account.user}", code.strip().upper())
        if await self._parts.accounts.use_recovery(account.user, digest):
            await self._reports.record("totp.recovery_used", account.user, by)
            await self._reports.warn(account.user, "recovery_code_used")
            return
        await self._reports.failed(account, attempt, by)

    async def _step_of(self, account: Account, code: str) -> int | None:
        assert account.totp is not None
        factor = await self._parts.sealing.open(account.totp.sealed, TotpSecret, f"{account.user}/totp")
        if factor is None:
            return None
        return matching_step(factor.secret, code.strip(), self._clock.now_ms(), after=account.totp.step)

    async def _confirmed(self, who: Verified, password: str, by: RequestOrigin) -> Account:
        """The caller's account, once they have shown the password again: a stolen token is not enough."""
        account = await self._parts.accounts.get(who.user)
        if account is None:
            raise FailedPrecondition("Your account lives with another issuer: change it there.")
        attempt = await self._parts.lockout.begin(self._parts.lockout.counts(account.user, by.address, None))
        if not await self._parts.passwords.verify(password, account.password):
            await self._reports.failed(account, attempt, by)
        await self._parts.lockout.succeeded(attempt)
        return account

    def _need_secret(self) -> str:
        if self._secret is None:
            raise FailedPrecondition("Accounts live with another issuer here: sign in there.")
        return self._secret
