"""Stripe's webhooks: each event, as the object was when it happened, signed at the moment of sending."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Final

from tests.fakes.delivering import Deliveries, Post, Weather
from tests.fakes.stripe.account import Account

WEBHOOK_SECRET: Final = "whsec_carewire"


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, at_s: int | None = None) -> Mapping[str, str]:
    """The headers of a webhook."""
    time_s = int(time.time()) if at_s is None else at_s
    mac = hmac.new(secret.encode(), f"{time_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={time_s},v1={mac}"}


def deliver(account: Account, post: Post, *, seed: int = 0, weather: Weather | None = None) -> Deliveries:
    """From now on every event of the account goes there."""
    made = Deliveries(post, signed, seed, weather or Weather())
    account.books.listeners.append(lambda event: made.send(json.dumps(event).encode()))
    return made
