"""Token buckets, for whatever is counted by user or by address. Pure: time is an argument.

A bucket is one number, the time at which it will be full again (GCRA). A full bucket is worth nothing, so it is thrown
away: there are never many more than are in use.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Final

_MOST: Final = 50_000
_SWEEP_ABOVE: Final = 1_000
_ROUNDING_S: Final = 1e-6


@dataclass(frozen=True, slots=True)
class BucketQuota:
    """`burst` at once, and `per_s` a second ever after."""

    per_s: float
    burst: float


class Buckets:
    """Buckets of one quota by key. At most `most`: above that those that are nearly full are forgotten first."""

    __slots__ = ("_depth_s", "_full_s", "_interval_s", "_most", "_quota", "_sweep_above")

    def __init__(self, quota: BucketQuota, most: int = _MOST) -> None:
        self._quota = quota
        self._most = most
        self._sweep_above = min(_SWEEP_ABOVE, most)
        self._full_s: dict[str, float] = {}
        self.share(1)

    def __len__(self) -> int:
        return len(self._full_s)

    def share(self, among: int) -> None:
        """The quota is shared with others who count the same: each has its part of it, from now on."""
        self._interval_s = among / self._quota.per_s
        self._depth_s = max(self._quota.burst / self._quota.per_s, self._interval_s)

    def take(self, key: str, now_s: float) -> float:
        """Take one token. 0.0: granted; else nothing was taken, and the seconds until there is one."""
        full_s = self._full_s.get(key, now_s)
        if full_s < now_s:
            full_s = now_s
        full_s += self._interval_s
        wait_s = full_s - now_s - self._depth_s
        if wait_s > _ROUNDING_S:
            return wait_s
        self._full_s[key] = full_s
        if len(self._full_s) > self._sweep_above:
            self._sweep(now_s)
        return 0.0

    def book(self, key: str, now_s: float) -> float:
        """Take one token whether it is there or not. The seconds until it would be, if the bucket held none: so that
        those who are sent away come back one after the other."""
        full_s = max(self._full_s.get(key, now_s), now_s) + self._interval_s
        self._full_s[key] = full_s
        if len(self._full_s) > self._sweep_above:
            self._sweep(now_s)
        return full_s - now_s

    def left(self, key: str, now_s: float) -> tuple[int, float]:
        """The number of tokens left, and the seconds until there is one."""
        owed_s = max(0.0, self._full_s.get(key, now_s) - now_s)
        left = max(0, int((self._depth_s - owed_s + _ROUNDING_S) / self._interval_s))
        return left, 0.0 if left else owed_s + self._interval_s - self._depth_s

    def _sweep(self, now_s: float) -> None:
        """Throw away what is full. Done so seldom that it costs next to nothing a call."""
        owing = {key: full_s for key, full_s in self._full_s.items() if full_s > now_s}
        if len(owing) > self._most:
            owing = dict(sorted(owing.items(), key=itemgetter(1))[-(self._most // 2 + 1) :])
        self._full_s = owing
        self._sweep_above = min(max(_SWEEP_ABOVE, 2 * len(owing)), self._most)
