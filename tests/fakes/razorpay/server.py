"""Razorpay on the wire: calls, the keys of refunds, and webhooks."""

import copy
import hashlib
import hmac
import json
import random
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from typing_extensions import override

from tests.fakes.delivering import Deliveries, Post, Weather
from tests.fakes.mishaps import Mishaps
from tests.fakes.razorpay.account import (
    KEY_ID,
    KEY_SECRET,
    CaptureBody,
    Object,
    OrderBody,
    Razorpay,
    RazorpayFault,
    RefundBody,
)
from tests.fakes.wire import Answered, Asked, Fault, WireServer

WEBHOOK_SECRET: Final = "razorpay-webhook-secret"
_BASIC: Final = "Basic " + b64encode(f"{KEY_ID}:{KEY_SECRET}".encode()).decode()
_REFUSED: Final = RazorpayFault("input_validation_failed")
_STATUSES: Final[Mapping[Fault, int]] = {"busy": 429, "failing": 503, "in_use": 409, "refused": 400}
_LEAST_KEY: Final = 10


@dataclass
class RazorpayServer(WireServer):
    """`seen` are the calls with the right keys."""

    account: Razorpay = field(default_factory=lambda: Razorpay(time.time, random.Random(0)))
    seen: list[Asked] = field(default_factory=list)
    keys: dict[str, tuple[str, Answered]] = field(default_factory=dict)
    _mishaps: Mishaps = field(default_factory=lambda: Mishaps(random.Random(1)))

    @property
    @override
    def mishaps(self) -> Mishaps:
        return self._mishaps

    def deliver(self, post: Post, *, seed: int = 0, weather: Weather | None = None) -> Deliveries:
        """From now on every event of the account goes there, signed, and under a name in a header."""

        def sign(body: bytes) -> Mapping[str, str]:
            mac = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
            return {"X-Razorpay-Signature": mac, "X-Razorpay-Event-Id": f"evt_{hashlib.md5(body).hexdigest()}"}

        made = Deliveries(post, sign, seed, weather or Weather())
        self.account.listeners.append(lambda event: made.send(json.dumps(event).encode()))
        return made

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("X-Refund-Idempotency", "")

    @override
    def fault(self, fault: Fault) -> Answered:
        return Answered(_STATUSES[fault], _REFUSED.body())

    @override
    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == _BASIC

    @override
    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        if not self.knows(asked):
            return Answered(401, {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}})
        self.seen.append(asked)
        try:
            return self._under_key(asked, breaks=breaks, done=done)
        except RazorpayFault as fault:
            return Answered(400, fault.body())

    def _under_key(self, asked: Asked, *, breaks: bool, done: bool) -> Answered:
        said = f"{asked.path} {asked.text}"
        if asked.key and len(asked.key) < _LEAST_KEY:
            raise RazorpayFault("idempotency_key_too_short")
        if (kept := self.keys.get(asked.key)) is not None:
            if kept[0] != said:
                raise RazorpayFault("idempotency_key_reused")
            return kept[1]
        failed = Answered(500, {"error": {"code": "SERVER_ERROR"}})
        if breaks and not done:
            return failed
        answered = Answered(200, self._carry_out(asked))
        if asked.key and not self._mishaps.forgotten():
            self.keys[asked.key] = said, answered
        return failed if breaks else answered

    def _carry_out(self, asked: Asked) -> Object:
        for method, pattern, body, act in _CALLS:
            if method == asked.method and (found := re.fullmatch(pattern, asked.path)) is not None:
                given = dict(parse_qs(asked.text)) if body is None else _read(asked.text, body)
                made: Object = act(self.account, found.groups()[-1] if found.groups() else "", given)
                return copy.deepcopy(made)
        raise RazorpayFault("url_not_found")


def _read(text: str, body: type[msgspec.Struct]) -> msgspec.Struct:
    try:
        return msgspec.json.decode(text, type=body)
    except msgspec.MsgspecError:
        raise RazorpayFault("input_validation_failed") from None


def _collection(items: list[Object], asked: dict[str, list[str]]) -> Object:
    skip, count = (int(asked.get(name, [default])[0]) for name, default in (("skip", "0"), ("count", "10")))
    page = items[skip : skip + count]
    return {"entity": "collection", "count": len(page), "items": page}


def _orders(razorpay: Razorpay, _: str, asked: dict[str, list[str]]) -> Object:
    wanted = asked.get("receipt", [None])[0]
    return _collection([one for one in razorpay.orders.values() if wanted in (None, one["receipt"])], asked)


def _order(razorpay: Razorpay, id_: str, _: Any) -> Object:
    if id_ not in razorpay.orders:
        raise RazorpayFault("id_does_not_exist")
    return razorpay.orders[id_]


def _of_order(razorpay: Razorpay, id_: str, asked: dict[str, list[str]]) -> Object:
    _order(razorpay, id_, asked)
    found = [one for one in razorpay.payments.values() if one["order_id"] == id_]
    return {"entity": "collection", "count": len(found), "items": found}


def _refunds(razorpay: Razorpay, id_: str, asked: dict[str, list[str]]) -> Object:
    return _collection([one for one in razorpay.refunds.values() if one["payment_id"] == id_], asked)


_Act = Callable[[Razorpay, str, Any], Any]
_ID: Final = "([A-Za-z0-9_]+)"
_CALLS: Final[list[tuple[str, str, type[msgspec.Struct] | None, _Act]]] = [
    ("POST", "/v1/orders", OrderBody, lambda razorpay, _, body: razorpay.create(body)),
    ("GET", "/v1/orders", None, _orders),
    ("GET", f"/v1/orders/{_ID}", None, _order),
    ("GET", f"/v1/orders/{_ID}/payments", None, _of_order),
    ("GET", f"/v1/payments/{_ID}", None, lambda razorpay, id_, _: razorpay.payments[id_]),
    ("POST", f"/v1/payments/{_ID}/capture", CaptureBody, lambda razorpay, id_, body: razorpay.capture(id_, body)),
    ("POST", f"/v1/payments/{_ID}/refund", RefundBody, lambda razorpay, id_, body: razorpay.refund(id_, body)),
    ("GET", f"/v1/payments/{_ID}/refunds", None, _refunds),
]
