"""Connections to a mail server, kept open between two mails: a greeting, a handshake and a login cost more than a mail.

One mail at a time goes over each. A server hangs up on who is silent for long (RFC 5321, 4.5.3.2.7: five minutes), so
what has been idle is closed before that.
"""

import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import aiosmtplib

from config.capabilities.email import SmtpServer
from serve_app.activities.connector import Later, Misconfigured, Refused

_IDLE_S: Final = 60.0
_PATIENCE_S: Final = 15.0  # for one answer of the server
_PROOF_S: Final = 3.0  # for the answer that proves that a kept connection still works
_TEMPORARY_AUTH: Final = 500  # answers below are for the moment (RFC 4954, 6)
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class SmtpConnections:
    """`now_s` is monotonic. `tls` replaces the system's authorities."""

    server: SmtpServer
    now_s: Callable[[], float]
    tls: ssl.SSLContext | None = None
    _idle: deque[tuple[aiosmtplib.SMTP, float]] = field(default_factory=deque, init=False)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that is logged in. It is kept if all went well, or if the server said no to one mail; whoever
        was interrupted leaves it in a state that nobody knows, so it is closed.

        Raises:
            Later: the server cannot be reached.
            Misconfigured: it does not let us in.
        """
        smtp = await self._kept() or await self._open()
        try:
            yield smtp
        except BaseException as error:
            if isinstance(error, Refused) or (isinstance(error, Later) and error.only_this):
                self._keep(smtp)
            else:
                smtp.close()
            raise
        self._keep(smtp)

    async def close(self) -> None:
        """Take leave of the server."""
        while self._idle:
            smtp, _ = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=1.0)
            smtp.close()

    def _keep(self, smtp: aiosmtplib.SMTP) -> None:
        if smtp.is_connected:
            self._idle.append((smtp, self.now_s()))

    async def _kept(self) -> aiosmtplib.SMTP | None:
        """The connection that was used last and still works; those that have been idle for too long are closed."""
        while self._idle and self._idle[0][1] + _IDLE_S <= self.now_s():
            self._idle.popleft()[0].close()
        while self._idle:
            smtp, _ = self._idle.pop()
            try:
                await smtp.rset(timeout=_PROOF_S)  # also what makes it ready for another mail
            except (aiosmtplib.SMTPException, OSError):
                smtp.close()
            else:
                return smtp
        return None

    async def _open(self) -> aiosmtplib.SMTP:
        smtp = aiosmtplib.SMTP(
            hostname=self.server.host,
            port=self.server.port,
            timeout=_PATIENCE_S,
            use_tls=self.server.tls == "implicit",
            start_tls={"starttls": True, "offered": None}.get(self.server.tls, False),
            tls_context=self.tls,
        )
        try:
            await smtp.connect()
            await _greet(smtp)
            await self._log_in(smtp)
        except BaseException as error:
            smtp.close()
            if (meant := _meaning(error)) is None:
                raise
            raise meant from error
        return smtp

    async def _log_in(self, smtp: aiosmtplib.SMTP) -> None:
        if not self.server.user:
            return
        in_the_clear = smtp.get_transport_info("sslcontext") is None
        if in_the_clear and self.server.tls != "none" and self.server.host not in _LOCAL:
            raise Misconfigured("The mail server offers no TLS, and the password is not sent without (tls=none does).")
        await _authenticate(smtp, self.server)


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """Learn what the server can do; again, where TLS has begun since."""
    if smtp.is_ehlo_or_helo_needed:
        try:
            await smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            await smtp.helo()


async def _authenticate(smtp: aiosmtplib.SMTP, server: SmtpServer) -> None:
    """By each method that both know, until one is taken. Of a server that hangs up on a wrong password, it is the
    password that is told, and not the hanging up (which `SMTP.login` would)."""
    if not smtp.supported_auth_methods:
        raise aiosmtplib.SMTPNotSupported("no login")
    methods = {"cram-md5": smtp.auth_crammd5, "plain": smtp.auth_plain, "login": smtp.auth_login}
    refusal: aiosmtplib.SMTPAuthenticationError | None = None
    for name in smtp.supported_auth_methods:
        try:
            await methods[name](server.user, server.password)
            return
        except aiosmtplib.SMTPAuthenticationError as error:
            refusal = error
        except aiosmtplib.SMTPServerDisconnected:
            if refusal is None:
                raise
            break
    assert refusal is not None  # each method was refused
    raise refusal


def _meaning(error: BaseException) -> Later | Misconfigured | None:
    if isinstance(error, aiosmtplib.SMTPConnectError) and isinstance(error.__cause__, ssl.SSLError):
        error = error.__cause__
    match error:
        case aiosmtplib.SMTPAuthenticationError() if error.code < _TEMPORARY_AUTH:
            return Later("busy", f"The mail server answers {error.code} to the login.")
        case aiosmtplib.SMTPAuthenticationError():
            return Misconfigured(f"The mail server refuses the login ({error.code}): CAREWIRE_EMAIL__SMTP_URL.")
        case ssl.SSLError():
            return Misconfigured(f"TLS with the mail server fails ({error.reason}): CAREWIRE_EMAIL__SMTP_URL.")
        case aiosmtplib.SMTPTimeoutError():
            return Later("timeout", "The mail server does not answer.")
        case aiosmtplib.SMTPResponseException():
            return Later("busy", f"The mail server answers {error.code} before any mail.")
        case OSError():  # SMTPConnectError and SMTPServerDisconnected as well
            return Later("unreachable", "The mail server cannot be reached.")
        case aiosmtplib.SMTPException():  # it offers neither the TLS nor the login that is asked of it
            return Misconfigured("The mail server does not offer what CAREWIRE_EMAIL__SMTP_URL asks of it.")
    return None
