"""When is a call tried again? Full jitter (see `common.lib.retry`), the partner's own word, and the deadline.

Pure: the activity may be carried out by another runner each time, so the pause follows from the number of attempts.
"""

from typing import Final, Literal

from common.lib.retry import Dice

_LAST_MS: Final = 2_000  # that the last attempt has before the deadline
_LARGEST_POWER: Final = 32  # beyond, a float of seconds says nothing any more


def pause_s(attempts: int, *, first_s: float, longest_s: float, dice: Dice, at_least_s: float | None = None) -> float:
    """Seconds until the next attempt, after `attempts` of them. The ceiling begins with `first_s` and doubles.

    `at_least_s` is what the partner asked for: chance comes on top of it, so that those whom it sent away do not come
    back together.
    """
    ceiling_s = min(longest_s, first_s * 2.0 ** min(max(attempts, 1) - 1, _LARGEST_POWER))
    return (at_least_s or 0.0) + dice() * ceiling_s


def due_ms(now_ms: int, *, pause_s: float, deadline_ms: int | None, at_least_s: float | None = None) -> int:
    """When the pause is over. One that would outlast the deadline ends shortly before it: one more attempt is better
    than none, unless the partner does not want it by then, or there is no time for it."""
    due = now_ms + round(pause_s * 1000)
    if deadline_ms is None or due <= deadline_ms - _LAST_MS:
        return due
    earliest = now_ms + max(round((at_least_s or 0.0) * 1000), _LAST_MS)
    return deadline_ms - _LAST_MS if earliest <= deadline_ms - _LAST_MS else due


def next_step(due_ms: int, *, created_at_ms: int, keep_s: float) -> Literal["retry", "park"]:
    """Does the shard keep an activity that is due again then, or put it off in the database?"""
    return "retry" if due_ms - created_at_ms <= keep_s * 1000 else "park"
