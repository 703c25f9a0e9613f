"""The HTTP APIs of SendGrid and Mailgun, as far as sending goes. Each keeps a ledger, and misbehaves on demand."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiohttp import encode_basic_auth, web

from tests.fakes.listening import Listening, cut


@dataclass(frozen=True)
class Sent:
    """A mail that was taken. `parts`: content by its type, with its parameters."""

    key: str
    to: str
    subject: str
    message_id: str
    parts: dict[str, str]
    headers: dict[str, str]


@dataclass
class MailApi:
    """`mishaps` are for the next requests, one each: an HTTP status, perhaps with the seconds of its `Retry-After`
    ("429 7"), "slow", "silent", "cut", "lost_answer"."""

    key: str = "right"
    taken: list[Sent] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    requests: list[Any] = field(default_factory=list)
    server: Listening = field(init=False)

    def __post_init__(self) -> None:
        app = web.Application(client_max_size=1 << 22)
        app.router.add_post("/v3/mail/send", self._sendgrid)
        app.router.add_post("/v3/{domain}/messages.mime", self._mailgun)
        self.server = Listening(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def _sendgrid(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response(
                {"errors": [{"message": "The provided authorization grant is invalid"}]}, status=401
            )
        return await self._answer(request, _of_sendgrid(await request.json()), 202)

    async def _mailgun(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != encode_basic_auth("api", self.key):
            return web.Response(status=401, text="Forbidden")
        return await self._answer(request, _of_mailgun(dict(await request.post())), 200)

    async def _answer(self, request: web.Request, sent: Sent, status: int) -> web.StreamResponse:
        mishap, _, how_long = (self.mishaps.popleft() if self.mishaps else "").partition(" ")
        if mishap.isdigit():
            headers = {"Retry-After": how_long} if how_long else {}
            return web.Response(status=int(mishap), text=json.dumps({"to": sent.to}), headers=headers)
        if mishap == "cut":
            return cut(request)
        self.taken.append(sent)
        if mishap == "lost_answer":
            return cut(request)
        if mishap == "silent":
            await asyncio.get_running_loop().create_future()
        if mishap == "slow":
            await asyncio.sleep(0.05)
        return web.json_response({"id": "1", "message": "Queued. Thank you."}, status=status)


def _of_sendgrid(body: dict[str, Any]) -> Sent:
    (to,) = body["personalizations"]
    parts = {part["type"]: part["value"] for part in body["content"]}
    parts |= {part["type"]: part["content"] for part in body.get("attachments", [])}
    headers = body["headers"]
    return Sent(
        body["custom_args"]["activity"], to["to"][0]["email"], body["subject"], headers["Message-ID"], parts, headers
    )


def _of_mailgun(form: dict[str, Any]) -> Sent:
    with form["message"].file as file:
        message = message_from_bytes(file.read(), policy=default)
    parts = {part["Content-Type"]: part.get_content() for part in message.walk() if not part.is_multipart()}
    return Sent(form["v:activity"], form["to"], message["Subject"], message["Message-ID"], parts, dict(message.items()))
