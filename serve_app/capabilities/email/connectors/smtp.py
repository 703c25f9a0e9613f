"""The connector `email`: mail over SMTP (RFC 5321), over connections that are kept."""

import ssl
from email.message import EmailMessage
from typing import Final, Protocol

import aiosmtplib
import msgspec
from typing_extensions import override

from actors.notifications.activities import EMAIL, Mail
from common.clock import Clock
from config.activities import SmtpServer
from serve_app.activities.connector import (
    FOR_EVER_S,
    Call,
    Capacity,
    Connector,
    Erased,
    Later,
    Misconfigured,
    Refused,
    Unreadable,
)
from serve_app.capabilities.email.connectors.connections import Connections
from serve_app.capabilities.email.message import Letterhead, compose

_PERMANENT: Final = 500
_HANGS_UP: Final = 421
_TOO_LARGE: Final = (552, 523)
_LET_IN_FIRST: Final = (530, 535, 538)  # a login is needed, was wrong, needs TLS (RFC 4954, 6)
_NOTHING_TO_TELL: Final = b""
_decode: Final = msgspec.msgpack.Decoder(Mail).decode


class AddressBook(Protocol):
    """Where people are written to."""

    async def address_of(self, user: str) -> str | None:
        """The address of an account as it is now. None: there is no such person any more. Raises Unavailable."""
        ...


class SmtpConnector(Connector):
    """One a runner. A mail server knows no keys: who gets a mail twice tells by its Message-ID."""

    name = EMAIL
    remembers_s = FOR_EVER_S

    def __init__(
        self,
        server: SmtpServer,
        head: Letterhead,
        addresses: AddressBook,
        clock: Clock,
        *,
        at_once: int = 8,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` replaces the system's authorities (tests)."""
        self.capacity = Capacity(at_once=at_once, call_s=30.0)
        self._head = head
        self._addresses = addresses
        self._connections = Connections(server, clock.monotonic_s, tls)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            mail = _decode(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This is no mail.") from error
        to = mail.to or await self._addresses.address_of(mail.user)
        if to is None:
            raise Erased
        await self._send(to, self._compose(mail, to, call))
        return _NOTHING_TO_TELL

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        await self._connections.close()

    def _compose(self, mail: Mail, to: str, call: Call) -> EmailMessage:
        try:
            return compose(
                self._head, mail.template, to=to, code=mail.code, key=str(call.key), made_at_ms=call.made_at_ms
            )
        except LookupError:
            raise Unreadable("There is no such mail in this version.") from None
        except ValueError:
            raise Refused("bad_address", "The address is none that mail can be sent to.") from None

    async def _send(self, to: str, message: EmailMessage) -> None:
        options = [] if to.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        async with self._connections.one() as smtp:
            try:
                if options and not smtp.supports_extension("smtputf8"):
                    raise Refused("bad_address", "The mail server takes no addresses beyond ASCII.")
                await smtp.mail(self._head.address, options=options, encoding="utf-8")
                await smtp.rcpt(to, encoding="utf-8")
                await smtp.data(message.as_bytes())
            except aiosmtplib.SMTPException as error:
                raise _meaning(error) from error


def _meaning(error: aiosmtplib.SMTPException) -> Exception:
    """What a failure on the way of one mail says. The server's own words are left out: they quote addresses."""
    match error:
        case aiosmtplib.SMTPTimeoutError():
            return Later("timeout", "The mail server does not answer.")
        case aiosmtplib.SMTPServerDisconnected():
            return Later("connection_lost", "The mail server hung up.")
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
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return Refused("address_refused", f"The mail server refuses the address ({code}).")
    return Refused("mail_refused", f"The mail server refuses the mail ({code}).")
