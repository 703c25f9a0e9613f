"""PayPal on the wire: tokens, keys, calls, and the certificates that sign its webhooks."""

import copy
import json
import random
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web
from typing_extensions import override

from tests.fakes.delivering import Deliveries, Post, Weather
from tests.fakes.mishaps import Mishaps
from tests.fakes.paypal.account import Object, Paypal, PaypalFault
from tests.fakes.paypal.requests import AgainBody, CaptureBody, NoBody, OrderBody, RefundBody
from tests.fakes.paypal.signing import Signing
from tests.fakes.wire import Answered, Asked, Fault, WireServer

CLIENT_ID: Final = "paypal-client"
CLIENT_SECRET: Final = "paypal-secret"
CERTIFICATE: Final = "/v1/notifications/certs/CERT-carewire"
_BASIC: Final = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
_TOKEN: Final = "/v1/oauth2/token"
_REFUSED: Final = PaypalFault(422, "TRANSACTION_NOT_POSSIBLE")
_STATUSES: Final[Mapping[Fault, int]] = {"busy": 429, "failing": 503, "in_use": 409, "refused": 422}


@dataclass
class PaypalServer(WireServer):
    """`seen` are the calls with a right token; `done` the keys of those that were carried out."""

    account: Paypal = field(default_factory=lambda: Paypal(time.time, random.Random(0)))
    signing: Signing | None = None
    seen: list[Asked] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    keys: dict[str, tuple[str, Answered]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    _mishaps: Mishaps = field(default_factory=lambda: Mishaps(random.Random(1)))

    @property
    @override
    def mishaps(self) -> Mishaps:
        return self._mishaps

    @override
    async def start(self, *routes: web.RouteDef) -> None:
        await super().start(web.get(CERTIFICATE, self._certificate), *routes)
        self.account.base_url = self.url

    def deliver(self, post: Post, *, seed: int = 0, weather: Weather | None = None) -> Deliveries:
        """From now on every event of the account goes there, signed."""
        signing = self.signing = self.signing or Signing()

        def sign(body: bytes) -> Mapping[str, str]:
            return signing.headers(body, self.url + CERTIFICATE, int(time.time() * 1000))

        made = Deliveries(post, sign, seed, weather or Weather())
        self.account.listeners.append(lambda event: made.send(json.dumps(event).encode()))
        return made

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("PayPal-Request-Id", "")

    @override
    def fault(self, fault: Fault) -> Answered:
        return Answered(_STATUSES[fault], _REFUSED.body())

    @override
    def knows(self, asked: Asked) -> bool:
        return self._bearer(asked) in self.tokens

    @override
    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        if asked.path == _TOKEN:
            return self._access(asked)
        if not self.knows(asked):
            return Answered(401, {"error": "invalid_token"})
        self.seen.append(asked)
        try:
            if asked.method == "GET":
                return Answered(200, self._carry_out(asked))
            return self._under_key(asked, breaks=breaks, done=done)
        except PaypalFault as fault:
            return Answered(fault.status, fault.body())

    def _access(self, asked: Asked) -> Answered:
        if asked.headers.get("Authorization") != _BASIC or asked.text != "grant_type=client_credentials":
            return Answered(401, {"error": "invalid_client"})
        token = f"A21A{len(self.tokens)}"
        self.tokens.add(token)
        return Answered(200, {"access_token": token, "token_type": "Bearer", "expires_in": 32_400})

    def _under_key(self, asked: Asked, *, breaks: bool, done: bool) -> Answered:
        said = f"{asked.path} {asked.text}"
        if not asked.key:
            raise PaypalFault(400, "MISSING_REQUEST_ID", "INVALID_REQUEST")
        if (kept := self.keys.get(asked.key)) is not None:
            if kept[0] != said:
                raise PaypalFault(422, "DUPLICATE_REQUEST_ID")
            return kept[1]
        if breaks and not done:
            return Answered(500, {"name": "INTERNAL_SERVER_ERROR"})
        made = self._carry_out(asked)
        self.done.append(asked.key)
        answered = Answered(204 if made is None else 201, made)
        if not self._mishaps.forgotten():
            self.keys[asked.key] = said, answered
        return Answered(500, {"name": "INTERNAL_SERVER_ERROR"}) if breaks else answered

    def _carry_out(self, asked: Asked) -> Object | None:
        for method, pattern, body, act in _CALLS:
            if method == asked.method and (found := re.fullmatch(pattern, asked.path)) is not None:
                given = {} if body is None else _read(asked.text, body)
                made: Object | None = act(self.account, found.groups()[-1] if found.groups() else "", given)
                return copy.deepcopy(made)
        raise PaypalFault(404, "INVALID_URI", "RESOURCE_NOT_FOUND")

    async def _certificate(self, _: web.Request) -> web.Response:
        assert self.signing is not None
        return web.Response(body=self.signing.chain, content_type="application/x-pem-file")

    @staticmethod
    def _bearer(asked: Asked) -> str:
        return asked.headers.get("Authorization", "").removeprefix("Bearer ")


def _read(text: str, body: type[msgspec.Struct]) -> Object:
    try:
        found: Object = msgspec.to_builtins(msgspec.json.decode(text or "{}", type=body))
    except msgspec.MsgspecError:
        raise PaypalFault(400, "INVALID_PARAMETER_SYNTAX", "INVALID_REQUEST") from None
    return found


_Act = Callable[[Paypal, str, Object], Any]
_ID: Final = "([A-Za-z0-9_]+)"
_HOLD: Final = f"/v2/payments/authorizations/{_ID}"
_CALLS: Final[list[tuple[str, str, type[msgspec.Struct] | None, _Act]]] = [
    ("POST", "/v2/checkout/orders", OrderBody, lambda paypal, _, body: paypal.create(body)),
    ("GET", f"/v2/checkout/orders/{_ID}", None, lambda paypal, id_, _: paypal.order(id_)),
    ("POST", f"/v2/checkout/orders/{_ID}/authorize", NoBody, lambda paypal, id_, _: paypal.authorize(id_)),
    ("POST", f"/v2/checkout/orders/{_ID}/capture", NoBody, lambda paypal, id_, _: paypal.take(id_)),
    ("POST", f"{_HOLD}/capture", CaptureBody, lambda paypal, id_, body: paypal.capture(id_, body)),
    ("POST", f"{_HOLD}/void", NoBody, lambda paypal, id_, _: paypal.void(id_)),
    ("POST", f"{_HOLD}/reauthorize", AgainBody, lambda paypal, id_, body: paypal.reauthorize(id_, body)),
    ("POST", f"/v2/payments/captures/{_ID}/refund", RefundBody, lambda paypal, id_, body: paypal.refund(id_, body)),
]
