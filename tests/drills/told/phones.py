"""A push service that hangs up now and then, and the phones behind it."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec
from typing_extensions import override

from actors.notifications.activities import WEBPUSH, Push, Pushed
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector, Later
from serve_app.capabilities.carrying import WithWords
from serve_app.capabilities.identity.sessions.living import LivingSessions
from tests.gateway_rig import token
from tests.identity_rig import House

HOST: Final = "https://fcm.googleapis.com/"
KEYS: Final = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


@dataclass
class Phones(Connector):
    """Each phone keeps what it shows by the number of the notification, so that a push that comes again replaces the
    one before; `order` has the numbers as they came. Of `torn` of the calls the answer is lost, after half of which
    the push had come through."""

    dice: random.Random
    torn: float = 0.0
    shown: dict[str, Counter[int]] = field(default_factory=dict)
    order: dict[str, list[int]] = field(default_factory=dict)
    name = WEBPUSH
    capacity = Capacity()
    remembers_s = FOR_EVER_S

    @override
    async def carry_out(self, call: Call) -> bytes:
        push = msgspec.msgpack.decode(call.payload, type=Push)
        is_torn = self.dice.random() < self.torn
        if push.kind == "show" and not (is_torn and self.dice.random() < 0.5):
            phone = getattr(push.to, "endpoint", "").removeprefix(HOST)
            self.shown.setdefault(phone, Counter())[push.seq] += 1
            self.order.setdefault(phone, []).append(push.seq)
        if is_torn:
            raise Later("busy", "The line was cut.", only_this=True)
        return msgspec.msgpack.encode(Pushed(gone=False))

    @override
    async def find(self, call: Call) -> bytes | None:
        return None

    @override
    async def close(self) -> None:
        """There is nobody to hang up on."""

    def behind(self, home: House) -> Connector:
        """As a runner has it."""
        return WithWords(self, home.region, LivingSessions(home.database, home.clock), home.is_online, home.clock)


async def register(home: House, user: str, phone: str, *, bearer: str = "") -> None:
    """One of their phones."""
    body = {"subscription": {"endpoint": f"{HOST}{phone}", "keys": KEYS}}
    await home.ok("POST", "/api/push/subscriptions", body, bearer=bearer or token(user))


async def tell(home: House, user: str, number: int) -> str:
    """However often it takes; once, by its key. The id of the notification."""
    body = {"user_id": user, "title": "Closed on Friday", "body": "Back on Monday.", "dedupe_key": f"{number}"}
    while True:
        answer = await home.call("POST", "/api/notifications", body, bearer=home.admin())
        if answer.status_code < 500:
            made: str = answer.json()["notification"]["id"]
            return made
        await asyncio.sleep(0.05)
