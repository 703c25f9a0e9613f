"""Mail through SendGrid (v3 Mail Send). It takes the parts of a mail, so mails are taken apart again."""

import base64
import ssl
from email.message import EmailMessage
from typing import Any, Final

from typing_extensions import override

from common.clock import Clock
from serve_app.capabilities.email.connectors.http_provider import HttpApi
from serve_app.capabilities.email.connectors.providers import MailProvider, RawMail

_HEADERS: Final = ("Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post")
_WATCHING_NOBODY: Final = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
}


class SendGridProvider(MailProvider):
    """`url` ends before `/v3`."""

    name = "sendgrid"

    def __init__(self, key: str, url: str, clock: Clock, *, tls: ssl.SSLContext | None = None) -> None:
        self._api = HttpApi("SendGrid", "CAREWIRE_EMAIL__SENDGRID_KEY", clock, tls)
        self._url = f"{url.rstrip('/')}/v3/mail/send"
        self._headers = {"Authorization": f"Bearer {key}"}

    @override
    async def send(self, mail: RawMail) -> None:
        await self._api.post(self._url, json=_body(mail), headers=self._headers)

    @override
    async def close(self) -> None:
        await self._api.close()


def _body(mail: RawMail) -> dict[str, Any]:
    """As https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send wants it. Its events quote the custom
    argument, by which the mail is found again."""
    message = mail.message
    sender = message["From"].addresses[0]
    leaves = [part for part in message.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    inline = [part for part in leaves if not part.is_attachment()]
    body: dict[str, Any] = {
        "personalizations": [{"to": [{"email": mail.to}]}],
        "from": {"email": sender.addr_spec, "name": sender.display_name},
        "subject": str(message["Subject"]),
        "content": [{"type": _type_of(part), "value": part.get_content()} for part in inline],
        "headers": {name: str(message[name]) for name in _HEADERS if message[name]},
        "custom_args": {"activity": mail.key},
        "tracking_settings": _WATCHING_NOBODY,
    }
    if attached := [part for part in leaves if part.is_attachment()]:
        body["attachments"] = [_attachment(part) for part in attached]
    return body


def _type_of(part: EmailMessage) -> str:
    """`text/calendar` with its method: without it, a calendar does not know what to do."""
    method = part.get_param("method")
    return f"{part.get_content_type()}; method={method}" if method else part.get_content_type()


def _attachment(part: EmailMessage) -> dict[str, str]:
    content = part.get_content().encode()
    return {
        "content": base64.b64encode(content).decode(),
        "type": _type_of(part),
        "filename": part.get_filename() or "invite.ics",
    }
