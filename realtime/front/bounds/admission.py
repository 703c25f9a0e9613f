"""Admission of connections. Asked before anything is spent on it; whoever is sent away is told when to come back.

Thousands who come at once (their gateway has died) are let in at the rate that the process can work off. The others get
an HTTP status, not a `connect_error`: stock clients come back by themselves after a transport that failed, after a
`connect_error` they do not. The hint grows with the number of those sent away: each has a time of its own.
"""

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import msgspec

from common.clock import Clock
from common.errors import CarewireError, Overloaded, RateLimited
from common.lib.buckets import BucketQuota, Buckets
from config.settings import LimitSettings
from realtime.delivery.metrics import GatewayMetrics

_BURST_S: Final = 2.0
_LONGEST_S: Final = 30.0
_LEAST_S: Final = 0.5  # sooner is no use: whoever was refused is one of many
_JITTER: Final = 0.2
_EVERYBODY: Final = "*"
_PATIENCE: Final = 2  # times the bound: who was let in before it was reached, and comes in beyond it


class ConnectionAdmission:
    """That of one gateway."""

    def __init__(
        self,
        settings: LimitSettings,
        clock: Clock,
        metrics: GatewayMetrics,
        dice: random.Random,
    ) -> None:
        """`dice` spread the times at which those who were sent away come back."""
        self._enabled = settings.enabled
        self._most = settings.handshakes_under_way
        self._clock = clock
        self._metrics = metrics
        self.under_way = 0  # handshakes that the gateway is working on, from the wish to connect to the session
        self._dice = dice
        everybody = BucketQuota(settings.handshakes_per_s, settings.handshakes_per_s * _BURST_S)
        address = BucketQuota(settings.address_handshakes_per_s, settings.address_handshakes_per_s * _BURST_S)
        self._everybody, self._sent_away = Buckets(everybody), Buckets(everybody)
        self._addresses, self._addresses_sent_away = Buckets(address), Buckets(address)

    def refusal(self, address: str) -> CarewireError | None:
        """Why this handshake may not begin; None: it may."""
        if not self._enabled:
            return None
        now_s = self._clock.monotonic_s()
        if self._addresses.take(address, now_s):
            self._metrics.handshakes_refused.labels("address").inc()
            wait_s = self._addresses_sent_away.book(address, now_s)
            return RateLimited("Too many connections from this address.", retry_after_s=self._hint_s(wait_s))
        full = self.under_way >= self._most
        if full or self._everybody.take(_EVERYBODY, now_s):
            self._metrics.handshakes_refused.labels("full" if full else "rate").inc()
            wait_s = self._sent_away.book(_EVERYBODY, now_s)
            return Overloaded("Many connect at once. Connect again.", retry_after_s=self._hint_s(wait_s))
        return None

    def enter(self) -> None:
        """A handshake that began goes on: its client wants to connect.

        Raises:
            Overloaded: far too many do, of those that were let in before the gateway fell behind.
        """
        if self._enabled and self.under_way >= self._most * _PATIENCE:
            self._metrics.handshakes_refused.labels("full").inc()
            wait_s = self._sent_away.book(_EVERYBODY, self._clock.monotonic_s())
            raise Overloaded("Many connect at once. Connect again.", retry_after_s=self._hint_s(wait_s))

    @contextmanager
    def handshake(self) -> Iterator[None]:
        """Counts a handshake as under way for as long as this lasts."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def _hint_s(self, wait_s: float) -> float:
        spread = self._dice.uniform(1 - _JITTER, 1 + _JITTER)
        return round(min(max(wait_s, _LEAST_S), _LONGEST_S) * spread, 3)


def refused(error: CarewireError) -> dict[str, Any]:
    """The HTTP answer that says so, as python-engineio builds responses from."""
    headers = [("Content-Type", "application/json")]
    if error.retry_after_s is not None:
        headers.append(("Retry-After", str(math.ceil(error.retry_after_s))))
    status = f"{error.status} {HTTPStatus(error.status).phrase.upper()}"
    return {"status": status, "headers": headers, "response": msgspec.json.encode(error.to_wire())}
