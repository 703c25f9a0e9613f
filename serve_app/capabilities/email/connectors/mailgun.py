"""Mail through Mailgun (`messages.mime`): it takes the mail as it is."""

import ssl
from typing import Final

import aiohttp
from typing_extensions import override

from common.clock import Clock
from serve_app.capabilities.email.connectors.http_provider import HttpApi
from serve_app.capabilities.email.connectors.providers import MailProvider, RawMail

_USER: Final = "api"


class MailgunProvider(MailProvider):
    """`url` ends before `/v3`."""

    name = "mailgun"

    def __init__(self, key: str, domain: str, url: str, clock: Clock, *, tls: ssl.SSLContext | None = None) -> None:
        self._api = HttpApi("Mailgun", "CAREWIRE_EMAIL__MAILGUN_KEY", clock, tls)
        self._url = f"{url.rstrip('/')}/v3/{domain}/messages.mime"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(_USER, key)}

    @override
    async def send(self, mail: RawMail) -> None:
        form = aiohttp.FormData()
        form.add_field("to", mail.to)
        form.add_field("v:activity", mail.key)
        form.add_field("o:tracking", "no")
        form.add_field("message", mail.raw, filename="message.eml", content_type="message/rfc822")
        await self._api.post(self._url, data=form, headers=self._headers)

    @override
    async def close(self) -> None:
        await self._api.close()
