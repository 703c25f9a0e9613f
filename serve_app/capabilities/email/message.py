"""A mail in its final form (RFC 5322, RFC 2046): the same bytes on every attempt and from every provider, so that who
gets it twice can tell.

Pure: nothing in it comes of chance or of the moment at which it is sent.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from typing import Final

from actors.notifications.activities import Mail
from serve_app.capabilities.email.invitation import ics
from serve_app.capabilities.email.rendering import RenderedMail, Templates

_ADDRESS: Final = re.compile(r"""[^\s@<>()\[\],;:\\"]+@[^\s@<>()\[\],;:\\"]+""")
_ENCODING: Final = "quoted-printable"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mail of this house has in common. `public_url` is where links point; None: there are none."""

    sender: str
    public_url: str | None = None

    @property
    def address(self) -> str:
        """The sender's address, for the envelope."""
        return parseaddr(self.sender)[1]

    def message_id(self, key: str) -> str:
        """Made of the activity's key: whoever repeats it is recognised (RFC 5322, 3.6.4)."""
        return f"<{key}@{self.address.rpartition('@')[2]}>"


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes messages of mails."""

    head: Letterhead
    templates: Templates

    def compose(self, mail: Mail, *, to: str, key: str, made_at_ms: int) -> EmailMessage:
        """The message.

        Raises:
            LookupError: there is no such template.
            ValueError: `to` is no address, or an invitation of it is none.
        """
        if _ADDRESS.fullmatch(to) is None:
            raise ValueError("no address")
        rendered = self.templates.render(mail)
        message = self._headed(mail=mail, rendered=rendered, to=to, key=key, made_at_ms=made_at_ms)
        message.set_content(rendered.text, cte=_ENCODING)
        message.add_alternative(rendered.html, subtype="html", cte=_ENCODING)
        self._invite(message, mail, to, made_at_ms)
        message["Content-Language"] = rendered.language
        for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
            part.set_boundary(f"={key}-{number}=")
        return message

    def _headed(self, mail: Mail, rendered: RenderedMail, to: str, key: str, made_at_ms: int) -> EmailMessage:
        local, _, domain = to.rpartition("@")
        name, address = parseaddr(self.head.sender)
        message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(username=local, domain=domain)
        message["Subject"] = rendered.subject
        message["Date"] = format_datetime(datetime.fromtimestamp(made_at_ms / 1000, UTC))
        message["Message-ID"] = self.head.message_id(key)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
        if unsubscribe := mail.unsubscribe and self.templates.address(f"/l/{mail.unsubscribe}"):
            message["List-Unsubscribe"] = f"<{unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        return message

    def _invite(self, message: EmailMessage, mail: Mail, to: str, made_at_ms: int) -> None:
        """One appointment is another form of what the mail says; several stand beside it, each for itself."""
        for number, one in enumerate(mail.invitations, 1):
            body = ics(one, organizer=self.head.address, attendee=to, made_at_ms=made_at_ms).decode()
            method = {"method": one.method}
            if len(mail.invitations) == 1:
                message.add_alternative(body, subtype="calendar", params=method, cte=_ENCODING)
            else:
                message.add_attachment(body, subtype="calendar", params=method, cte=_ENCODING, filename=f"{number}.ics")
