"""A push service of a browser's maker (RFC 8030): it verifies tokens, and opens what it took as browsers do.

A message with a topic takes the place of an earlier one that the browser has not fetched (`waiting`).
"""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.fakes.browser import Browsers, Subscription
from tests.fakes.listening import Listening, cut

MOST_BYTES: Final = 4096


@dataclass(frozen=True)
class Message:
    """What arrived for one subscription, opened."""

    device: str
    payload: dict[str, Any]
    headers: dict[str, str]
    key: str


@dataclass
class PushService:
    """`mishaps` are for the next requests, one each: an HTTP status, perhaps with the seconds of its `Retry-After`
    ("429 7"), "slow", "silent", "cut", "lost_answer". `keys`: those it knows (base64url); empty: any."""

    browsers: Browsers
    keys: list[str] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    taken: list[Message] = field(default_factory=list)
    waiting: dict[tuple[str, str], Message] = field(default_factory=dict)
    known: dict[str, Subscription] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    most_bytes: int = MOST_BYTES
    server: Listening = field(init=False)

    def __post_init__(self) -> None:
        app = web.Application()
        app.router.add_post("/push/{device}", self._take)
        self.server = Listening(app)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def endpoint(self, device: str) -> str:
        return f"{self.origin}/push/{device}"

    async def subscribe(self, device: str) -> Subscription:
        """A browser subscribes."""
        self.known[device] = subscription = await self.browsers.subscribe()
        return subscription

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body, device = await request.read(), request.match_info["device"]
        mishap, _, how_long = (self.mishaps.popleft() if self.mishaps else "").partition(" ")
        if mishap.isdigit():
            return web.Response(status=int(mishap), headers={"Retry-After": how_long} if how_long else {})
        if mishap == "cut":
            return cut(request)
        if device not in self.known:
            return web.Response(status=410)
        if len(body) > self.most_bytes:
            return web.Response(status=413)
        if (why := await self._keep(device, body, request)) is not None:
            self.refused.append(why)
            return web.Response(status=403)
        if mishap == "lost_answer":
            return cut(request)
        if mishap == "silent":
            await asyncio.get_running_loop().create_future()
        if mishap == "slow":
            await asyncio.sleep(0.05)
        return web.Response(status=201, headers={"Location": "/message/1"})

    async def _keep(self, device: str, body: bytes, request: web.Request) -> str | None:
        found = await self.browsers.open(
            body,
            self.known[device],
            authorization=request.headers.get("Authorization", ""),
            audience=self.origin,
            now_s=int(time.time()),
        )
        if "refused" in found:
            return str(found["refused"])
        if self.keys and found["key"] not in self.keys:
            return "key"
        message = Message(device, json.loads(found["text"]), dict(request.headers), found["key"])
        self.taken.append(message)
        self.waiting[device, message.headers.get("Topic", str(len(self.taken)))] = message
        return None
