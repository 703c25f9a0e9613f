"""Rate limits of the REST API: token buckets a user, an address and a class of routes, told in headers.

Headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "user";q=600;w=60` and
`RateLimit: "user";r=599;t=1`. Each replica counts for itself, and grants its part of the limit: a proxy spreads
requests over the replicas evenly. What must hold exactly (wrong passwords) is counted in the database
(`serve_app.capabilities.identity.accounts.lockout`).
"""

import math
from collections.abc import Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.addresses import network_of
from common.clock import Clock
from common.errors import RateLimited
from common.lib.buckets import BucketQuota, Buckets
from config.settings import LimitSettings
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.callers import sender_of

WINDOW_S: Final = 60.0
_API: Final = "/api/"
UNLIMITED: Final = ("/livez", "/readyz")  # cheaper than a refusal, and whoever restarts us must get an answer
WEBHOOK_PATH: Final = "/api/webhooks/"
_WEBHOOKS: Final = 10  # times as many as of other addresses: one partner tells what all of its customers do
SIGN_IN_PATHS: Final = ("/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/auth/password/reset")


class LimitPolicy:
    """So many requests a minute, and as many at once."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self.buckets = Buckets(BucketQuota(per_minute / WINDOW_S, per_minute))


class RateLimits:
    """ASGI middleware, behind `Callers`."""

    def __init__(self, app: ASGIApp, settings: LimitSettings, clock: Clock, replicas: Callable[[], int]) -> None:
        """`replicas`: how many count at present, this one with them."""
        self._app = app
        self._enabled = settings.enabled
        self._clock = clock
        self._replicas = replicas
        self._sharing = 1
        self._policies = {
            "sign-in": LimitPolicy(settings.sign_in_per_minute),
            "user": LimitPolicy(settings.user_per_minute),
            "address": LimitPolicy(settings.ip_per_minute),
            "open": LimitPolicy(settings.open_per_minute),
            "webhook": LimitPolicy(settings.ip_per_minute * _WEBHOOKS),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = scope["type"] == "http" and self._enabled and scope["path"] not in UNLIMITED
        if not limited or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        self._share()
        name, key = _whose(scope)
        policy, now_s = self._policies[name], self._clock.monotonic_s()
        wait_s = policy.buckets.take(key, now_s)
        left, next_s = policy.buckets.left(key, now_s)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = f'"{name}";q={policy.per_minute};w={int(WINDOW_S)}'
                headers["RateLimit"] = f'"{name}";r={left * self._sharing};t={math.ceil(next_s)}'
            await send(message)

        if not wait_s:
            await self._app(scope, receive, send_with_headers)
            return
        error = RateLimited("Too many requests. Slow down.", retry_after_s=round(wait_s, 3))
        await problem(error, Request(scope))(scope, receive, send_with_headers)

    def _share(self) -> None:
        replicas = max(1, self._replicas())
        if replicas != self._sharing:
            self._sharing = replicas
            for policy in self._policies.values():
                policy.buckets.share(replicas)


def _whose(scope: Scope) -> tuple[str, str]:
    """The name of the policy, and whose bucket of it."""
    sender = sender_of(scope)
    if not scope["path"].startswith(_API):
        return "open", network_of(sender.address)
    if scope["path"].startswith(SIGN_IN_PATHS):
        return "sign-in", network_of(sender.address)
    if scope["path"].startswith(WEBHOOK_PATH):
        return "webhook", network_of(sender.address)
    if sender.name:
        return "user", sender.name
    return "address", network_of(sender.address)
