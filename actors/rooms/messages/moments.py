"""The seq in a room that belongs to an instant: its events are in the order of time, so they are searched, and no
message has to keep an index of times."""

from typing import Final

from actors.kernel.contract.entity import Library

_PIVOTS: Final = 15
"""Events looked at in one round trip: a million events take five."""


async def first_at(entity_id: str, at_ms: int, version: int, library: Library) -> int:
    """The number of the first event at this moment or later; one more than the last, if there is none."""
    low, high = 0, version + 1  # the event `low` was before it, `high` is not
    while high - low > 1:
        step = max(1, (high - low) // (_PIVOTS + 1))
        pivots = list(range(low + step, high, step))[:_PIVOTS]
        for one in sorted(await library.at(entity_id, pivots), key=lambda one: one.seq):
            if one.at_ms >= at_ms:
                high = min(high, one.seq)
                break
            low = max(low, one.seq)
        else:
            if pivots[-1] > low:
                return high  # what should be there is not stored
    return high
