"""How well somebody's connection does, as a score that people understand; by what was measured, never by what a
client says of others."""

from typing import Final, Literal

from realtime.media.peer import Quality

Cause = Literal["none", "uplink", "downlink", "cpu", "relay"]

_RTT_FROM_S: Final = 0.15  # from which on a delay is felt
_RTT_COSTS: Final = 100.0  # points a second beyond that
_LOSS_COSTS: Final = 600.0  # points for all of it: 5 % cost 30
_NARROW_BPS: Final = 250_000
_NARROW_COSTS: Final = 20.0
_MATTERS: Final = 15.0  # points that are worth a cause


def score_of(quality: Quality) -> tuple[int, Cause]:
    """0 to 100, and what costs most of it."""
    late = min(40.0, max(0.0, quality.rtt_s - _RTT_FROM_S) * _RTT_COSTS)
    lossy = min(60.0, quality.loss * _LOSS_COSTS)
    narrow = _NARROW_COSTS if quality.down_bps is not None and quality.down_bps < _NARROW_BPS else 0.0
    cost = late + lossy + narrow
    return max(0, round(100 - cost)), "downlink" if cost >= _MATTERS else "none"
