"""People whom nobody knows yet: what they may ask of a gateway before they have said who they are, and for how long.

Whatever is done for them is done before any other limit can hold, so it is bounded twice: what one transport asks for
(more, and it has to wait; more still, and it is closed), and how many tokens of one address are refused in a second
(more, and none of that address is looked at). The time that they have belongs to the transport: leaving the namespace
and coming back does not begin it anew.
"""

from collections.abc import Mapping
from typing import Any, Final

from common.clock import Clock
from common.errors import RateLimited
from common.lib.buckets import BucketQuota, Buckets
from common.logs import get_logger
from config.settings import LimitSettings
from realtime.delivery.connections import Tally
from realtime.delivery.deadlines import Deadlines
from realtime.delivery.metrics import GatewayMetrics

log = get_logger(__name__)

ABUSE: Final = "abuse"
FREE_TRIES: Final = 10  # of one transport in a minute: each beyond these costs it a pause
MOST_TRIES: Final = 30  # of one transport in a minute: it is closed after them
PENALTY_S: Final = 0.25
_MINUTE_S: Final = 60.0
_BURST_S: Final = 2.0


class Strangers:
    """Those of one gateway. A transport (`Socket` of Engine.IO) is remembered only if something went wrong
    with it, or while nobody knows whose it is."""

    def __init__(
        self,
        settings: LimitSettings,
        auth_timeout_s: float,
        deadlines: Deadlines,
        clock: Clock,
        metrics: GatewayMetrics,
    ) -> None:
        """`auth_timeout_s`: that a transport has until it says who it is."""
        self._auth_timeout_s = auth_timeout_s
        self._deadlines = deadlines
        self._clock = clock
        self._metrics = metrics
        self.free_tries = FREE_TRIES
        self.most_tries = MOST_TRIES
        self._tries: dict[Any, Tally] = {}
        self._name_by_s: dict[Any, float] = {}
        quota = BucketQuota(settings.refusals_per_s, settings.refusals_per_s * _BURST_S)
        self._addresses = Buckets(quota) if settings.enabled else None
        self._lines = Tally(1.0)
        self._lines_per_s = settings.refusal_lines_per_s
        self._unsaid = 0

    def __len__(self) -> int:
        return len(self._tries.keys() | self._name_by_s.keys())

    # what a transport asks for

    def tried(self, transport: Any) -> bool:
        """It asked to connect and was refused, or it left the namespace. False: once too often, it is to be closed."""
        tally = self._tries.get(transport)
        if tally is None:
            tally = self._tries[transport] = Tally(_MINUTE_S)
        tries = tally.count(self._clock.monotonic_s())
        if tries > self.most_tries:
            return False
        if tries > self.free_tries:
            transport.hold()
            self._deadlines.after(PENALTY_S, transport.let_go)
        return True

    def gone(self, transport: Any) -> None:
        """It has closed. Idempotent."""
        self._tries.pop(transport, None)
        self._name_by_s.pop(transport, None)

    # how long it has

    def left_s(self, transport: Any) -> float:
        """Seconds that are left for this transport to say who it is; the first time, all of them."""
        now_s = self._clock.monotonic_s()
        return self._name_by_s.setdefault(transport, now_s + self._auth_timeout_s) - now_s

    def known(self, transport: Any) -> None:
        """It has said so."""
        self._name_by_s.pop(transport, None)

    # what comes from an address

    def check(self, address: str) -> None:
        """May somebody at this address still show a token?

        Raises:
            RateLimited: too many were refused.
        """
        if self._addresses is None:
            return
        left, wait_s = self._addresses.left(address, self._clock.monotonic_s())
        if not left:
            self._metrics.limited.labels("connect", "stranger").inc()
            raise RateLimited("Too many refused tokens from this address.", retry_after_s=round(wait_s, 3))

    def refused(self, address: str, about: Mapping[str, object]) -> None:
        """Count a bad token from this address. `about`: for the log."""
        now_s = self._clock.monotonic_s()
        if self._addresses is not None:
            self._addresses.take(address, now_s)
        if self._lines.count(now_s) > self._lines_per_s:
            self._unsaid += 1
            return
        more = {"unlogged": self._unsaid} if self._unsaid else {}
        self._unsaid = 0
        log.warning("auth.refused", address=address, **about, **more)
