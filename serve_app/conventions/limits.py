"""Rate limits of the REST API: token buckets a user, an address and a class of routes, told in headers.

Headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "user";q=600;w=60` and
`RateLimit: "user";r=599;t=1`. Buckets are of one process: with n replicas of the API the limits are n times as wide,
which is why what must hold (wrong passwords) is counted in the database instead (`serve_app.identity.lockout`).
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.clock import Clock
from config.errors import RateLimited
from config.settings import LimitSettings
from serve_app.api.problems import problem
from serve_app.conventions.callers import sender_of

WINDOW_S: Final = 60.0
SIGN_IN_PATHS: Final = ("/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/auth/password/reset")
_MOST_BUCKETS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket said: how many are left, when one more is there (0: now), and whether this one was granted."""

    granted: bool
    left: int
    wait_s: float


class Buckets:
    """Token buckets by key; the least recently used go first. Pure: time is an argument."""

    def __init__(self, most: int = _MOST_BUCKETS) -> None:
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._most = most

    def take(self, key: str, per_minute: int, now_s: float) -> Taken:
        """Take one token of a bucket that holds `per_minute` and fills up in a minute."""
        level, since_s = self._level.pop(key, (float(per_minute), now_s))
        rate = per_minute / WINDOW_S
        level = min(float(per_minute), level + max(0.0, now_s - since_s) * rate)
        granted = level >= 1.0
        level -= 1.0 if granted else 0.0
        self._level[key] = (level, now_s)
        if len(self._level) > self._most:
            self._level.popitem(last=False)
        return Taken(granted, int(level), max(0.0, (1.0 - level) / rate))


class RateLimits:
    """ASGI middleware, behind `Callers`."""

    def __init__(self, app: ASGIApp, settings: LimitSettings, clock: Clock) -> None:
        self._app = app
        self._settings = settings
        self._clock = clock
        self._buckets = Buckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = scope["type"] == "http" and self._settings.enabled and scope["path"].startswith("/api/")
        if not limited or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        policy, quota, key = self._policy(scope)
        taken = self._buckets.take(key, quota, self._clock.monotonic_s())

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = f'"{policy}";q={quota};w={int(WINDOW_S)}'
                headers["RateLimit"] = f'"{policy}";r={taken.left};t={math.ceil(taken.wait_s)}'
            await send(message)

        if taken.granted:
            await self._app(scope, receive, send_with_headers)
            return
        error = RateLimited("Too many requests. Slow down.", retry_after_s=round(taken.wait_s, 3))
        await problem(error, Request(scope))(scope, receive, send_with_headers)

    def _policy(self, scope: Scope) -> tuple[str, int, str]:
        """Name, requests a minute, and whose bucket."""
        sender = sender_of(scope)
        if scope["path"].startswith(SIGN_IN_PATHS):
            return "sign-in", self._settings.sign_in_per_minute, f"sign-in {sender.address}"
        if sender.name:
            return "user", self._settings.user_per_minute, f"user {sender.name}"
        return "address", self._settings.ip_per_minute, f"address {sender.address}"
