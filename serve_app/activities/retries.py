"""When is a call tried again? Full jitter (see `common.lib.retry`), the partner's own word, and the deadline.

Pure: the activity may be carried out by another runner each time, so the pause follows from the number of attempts.
"""

from typing import Final, Literal

from common.lib.retry import Dice

_LARGEST_POWER: Final = 32  # beyond, a float of seconds says nothing any more


def pause_s(attempts: int, *, first_s: float, longest_s: float, dice: Dice, at_least_s: float | None = None) -> float:
    """Seconds until the next attempt, after `attempts` of them. The ceiling begins with `first_s` and doubles.

    `at_least_s` is what the partner asked for: chance comes on top of it, so that those whom it sent away do not come
    back together.
    """
    ceiling_s = min(longest_s, first_s * 2.0 ** min(max(attempts, 1) - 1, _LARGEST_POWER))
    return (at_least_s or 0.0) + dice() * ceiling_s


def next_step(
    due_ms: int, *, created_at_ms: int, deadline_ms: int | None, keep_s: float
) -> Literal["retry", "park", "expire"]:
    """What becomes of an activity that is due again at `due_ms`: its shard keeps it, or puts it off in the database;
    or there is no time left for it."""
    if deadline_ms is not None and due_ms > deadline_ms:
        return "expire"
    return "retry" if due_ms - created_at_ms <= keep_s * 1000 else "park"
