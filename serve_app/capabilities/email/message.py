"""A mail in its final form (RFC 5322, RFC 2046): the same bytes on every attempt, so that who gets it twice can tell.

Pure: nothing in it comes of chance or of the moment at which it is sent.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Final

from serve_app.capabilities.email.words import WORDS, Words

_HTML: Final = '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n{body}\n</html>\n'
_ADDRESS: Final = re.compile(r"""[^\s@<>()\[\],;:\\"]+@[^\s@<>()\[\],;:\\"]+""")


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


def compose(head: Letterhead, template: str, *, to: str, code: str, key: str, made_at_ms: int) -> EmailMessage:
    """The message.

    Raises:
        LookupError: there is no such template.
        ValueError: `to` is no address.
    """
    words = WORDS[template]
    if _ADDRESS.fullmatch(to) is None:
        raise ValueError("no address")
    local, _, domain = to.rpartition("@")
    name, address = parseaddr(head.sender)
    message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(made_at_ms / 1000, UTC))
    message["Message-ID"] = head.message_id(key)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
    paragraphs = _paragraphs(words, code, head.public_url)
    message.set_content("\n\n".join(paragraphs) + "\n", cte="quoted-printable")
    message.add_alternative(_html(words.subject, paragraphs, code), subtype="html", cte="quoted-printable")
    message.set_boundary(f"={key}=")
    return message


def _paragraphs(words: Words, code: str, public_url: str | None) -> list[str]:
    link = f"{public_url.rstrip('/')}{words.link}" if public_url and words.link else ""
    filled = (text.replace("{code}", code).replace("{link}", link) for text in words.text)
    return [text for text in filled if text]


def _html(title: str, paragraphs: list[str], code: str) -> str:
    body = "\n".join(f"<p>{_paragraph(text, code)}</p>" for text in paragraphs)
    return _HTML.format(title=escape(title), body=body)


def _paragraph(text: str, code: str) -> str:
    if text == code:
        return f"<strong>{escape(text)}</strong>"
    if text.startswith(("https://", "http://")):
        return f'<a href="{escape(text)}">{escape(text)}</a>'
    return escape(text)
