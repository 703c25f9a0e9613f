"""Rate limits of users and addresses: token buckets by class of event, over all sockets of a gateway.

Buckets are of one gateway: a user with sockets at n gateways has n of each. An address may do many times what a user
may, for all who share it.
"""

from dataclasses import dataclass

from common.clock import Clock
from common.errors import RateLimited
from common.lib.buckets import BucketQuota, Buckets
from config.settings import LimitSettings
from realtime.delivery.connections import Connection
from realtime.delivery.metrics import GatewayMetrics
from realtime.front.handlers import Limit


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    users: Buckets
    addresses: Buckets


class EventLimits:
    """The limits of one gateway."""

    def __init__(self, settings: LimitSettings, clock: Clock, metrics: GatewayMetrics) -> None:
        self._clock = clock
        self._metrics = metrics
        rates: dict[Limit, float] = {
            "connect": settings.connects_per_s,
            "message": settings.messages_per_s,
            "signal": settings.signals_per_s,
            "read": settings.reads_per_s,
            "write": settings.writes_per_s,
        }
        self._classes = (
            {name: _class(name, per_s, settings) for name, per_s in rates.items()} if settings.enabled else {}
        )

    def check(self, connection: Connection, limit: Limit) -> None:
        """Count one event of this class.

        Raises:
            RateLimited: it is one too many, of its user or of its address.
        """
        counted = self._classes.get(limit)
        if counted is None:
            return
        now_s = self._clock.monotonic_s()
        if (user := connection.user) and (wait_s := counted.users.take(user, now_s)):
            raise self._refused(counted, "user", wait_s)
        if wait_s := counted.addresses.take(connection.address, now_s):
            raise self._refused(counted, "address", wait_s)

    def check_connect(self, user: str) -> None:
        """Count a connection of this user, whose address has been counted at the door.

        Raises:
            RateLimited: it is one too many.
        """
        counted = self._classes.get("connect")
        if counted is not None and (wait_s := counted.users.take(user, self._clock.monotonic_s())):
            raise self._refused(counted, "user", wait_s)

    def _refused(self, counted: _Class, whose: str, wait_s: float) -> RateLimited:
        self._metrics.limited.labels(counted.name, whose).inc()
        return RateLimited(
            "Too many events. Slow down.", retry_after_s=round(wait_s, 3), details={"class": counted.name}
        )


def _class(name: str, per_s: float, settings: LimitSettings) -> _Class:
    burst, factor = per_s * settings.burst_s, settings.address_factor
    return _Class(name, Buckets(BucketQuota(per_s, burst)), Buckets(BucketQuota(per_s * factor, burst * factor)))
