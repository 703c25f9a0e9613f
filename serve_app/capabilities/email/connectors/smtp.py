"""Mail over SMTP (RFC 5321), over connections that are kept."""

import ssl
from typing import Final

import aiosmtplib
from typing_extensions import override

from common.clock import Clock
from config.capabilities.email import SmtpServer
from serve_app.activities.connector import Later, Misconfigured, Refused
from serve_app.capabilities.email.connectors.connections import SmtpConnections
from serve_app.capabilities.email.connectors.providers import MailProvider, MaybeSent, RawMail

_PERMANENT: Final = 500
_HANGS_UP: Final = 421
_TOO_LARGE: Final = (552, 523)
_LET_IN_FIRST: Final = (530, 535, 538)  # a login is needed, was wrong, needs TLS (RFC 4954, 6)
_POLICY: Final = "5.7."  # it is not the address that is wrong (RFC 3463, 3.8)


class SmtpProvider(MailProvider):
    """One server. It knows no keys: who gets a mail twice tells by its Message-ID."""

    def __init__(
        self, name: str, server: SmtpServer, sender: str, clock: Clock, *, tls: ssl.SSLContext | None = None
    ) -> None:
        """`sender` is the envelope's. `tls` replaces the system's authorities."""
        self.name = name
        self._sender = sender
        self._connections = SmtpConnections(server, clock.monotonic_s, tls)

    @override
    async def send(self, mail: RawMail) -> None:
        options = [] if mail.to.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        async with self._connections.one() as smtp:
            given = False
            try:
                if options and not smtp.supports_extension("smtputf8"):
                    raise Refused("bad_address", "The mail server takes no addresses beyond ASCII.")
                await smtp.mail(self._sender, options=options, encoding="utf-8")
                await smtp.rcpt(mail.to, encoding="utf-8")
                given = True
                await smtp.data(mail.raw)
            except aiosmtplib.SMTPException as error:
                raise _meaning(error, given=given) from error

    @override
    async def close(self) -> None:
        await self._connections.close()


def _meaning(error: aiosmtplib.SMTPException, *, given: bool) -> Exception:
    """What a failure on the way of one mail says. The server's own words are left out: they quote addresses. `given`:
    the mail itself was under way."""
    cut_off = MaybeSent if given else Later
    match error:
        case aiosmtplib.SMTPTimeoutError():
            return cut_off("timeout", "The mail server does not answer.")
        case aiosmtplib.SMTPServerDisconnected():
            return cut_off("connection_lost", "The mail server hung up.")
        case aiosmtplib.SMTPResponseException():
            return _meaning_of_code(error)
    return Later("protocol", "The mail server does not speak SMTP as we do.")


def _meaning_of_code(error: aiosmtplib.SMTPResponseException) -> Exception:
    code = error.code
    if code == _HANGS_UP:
        return Later("busy", f"The mail server answers {code}.")
    if code < _PERMANENT:
        of_one = isinstance(error, aiosmtplib.SMTPRecipientRefused)
        return Later("not_now", f"The mail server answers {code}.", only_this=of_one)
    ours = isinstance(error, aiosmtplib.SMTPSenderRefused) and code not in _TOO_LARGE
    if ours or code in _LET_IN_FIRST:
        return Misconfigured(f"The mail server refuses the sender ({code}): CAREWIRE_EMAIL__FROM, or the login.")
    if isinstance(error, aiosmtplib.SMTPRecipientRefused) and not error.message.startswith(_POLICY):
        return Refused("address_refused", f"The mail server refuses the address ({code}).")
    return Refused("mail_refused", f"The mail server refuses the mail ({code}).")
