"""How many calls a connector may begin: what the partner stands, shared among the runners, and what its breaker allows.

Credits are back-pressure, rate limit and breaker in one: a runner asks the shards for as many activities as it has
credits, so what cannot be carried out stays where it is. Pure: time is an argument.
"""

import math
from dataclasses import dataclass, field

from common.lib.buckets import BucketQuota, Buckets
from serve_app.activities.connector import Capacity
from serve_app.activities.pacing.breaker import Breaker


@dataclass(slots=True)
class Credits:
    """Of one connector in one runner. `under_way` counts calls that have begun and not ended."""

    capacity: Capacity
    breaker: Breaker
    under_way: int = field(default=0, init=False)
    _runners: int = field(default=1, init=False)
    _rate: Buckets | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.capacity.per_s is not None:
            self._rate = Buckets(BucketQuota(self.capacity.per_s, self.capacity.burst))

    def share(self, runners: int) -> None:
        """So many runners serve this connector by now."""
        self._runners = max(1, runners)
        if self._rate is not None:
            self._rate.share(self._runners)

    @property
    def at_once(self) -> int:
        """This runner's part of the calls that may be under way; each has one, or it would be there for nothing."""
        return max(1, self.capacity.at_once // self._runners)

    def free(self, now_s: float) -> int:
        """How many calls may begin now."""
        room = min(self.at_once - self.under_way, self.breaker.room(now_s))
        if self._rate is not None and room > 0:
            room = min(room, self._rate.left("", now_s)[0])
        return max(0, room)

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may begin, as far as time alone decides it; infinite where the end of a call does."""
        if self.free(now_s):
            return 0.0
        pause_s = self.breaker.wait_s(now_s)
        if self._rate is not None:
            pause_s = max(pause_s, self._rate.left("", now_s)[1])
        return pause_s or math.inf

    def begin(self, now_s: float) -> None:
        """A call begins. To be asked for first (`free`)."""
        self.under_way += 1
        self.breaker.began(now_s)
        if self._rate is not None:
            self._rate.take("", now_s)

    def end(self) -> None:
        """A call has ended; how, the breaker is told."""
        self.under_way -= 1
