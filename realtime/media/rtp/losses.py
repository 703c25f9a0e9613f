"""Which packets of a stream are missing, and when to ask for them (again)."""

from typing import Final

MAX_MISSING: Final = 256  # a longer gap is a new beginning: a key frame helps, a request for each packet does not
STALE_S: Final = 0.5  # so is one that took longer: what was lost in it is of no use to anybody who watches
MAX_ASKED: Final = 8  # times that one packet is asked for
REORDERING_S: Final = 0.01  # how late a packet may be before it is asked for


class Losses:
    """Sequence numbers here are extended: they do not wrap."""

    __slots__ = ("_missing", "beyond_repair", "gave_up")

    def __init__(self) -> None:
        self._missing: dict[int, tuple[int, float]] = {}  # -> times asked, when to ask next
        self.gave_up = 0
        self.beyond_repair = False  # something will never come: only a key frame helps. Whoever got one unsets it

    def came(self, sequence: int, highest: int, now: float, last_arrival: float) -> None:
        """`sequence` is here; `highest` was the highest before it, and came at `last_arrival`."""
        if sequence <= highest:
            self._missing.pop(sequence, None)
        elif sequence - highest - 1 > MAX_MISSING or (sequence > highest + 1 and now - last_arrival > STALE_S):
            self.gave_up += len(self._missing) + sequence - highest - 1
            self.beyond_repair = True
            self._missing.clear()
        else:
            for lost in range(highest + 1, sequence):
                self._missing[lost] = (0, now + REORDERING_S)

    def due(self, now: float, rtt_s: float) -> list[int]:
        """What to ask for now. Each is asked for again once the answer could have come."""
        if not self._missing:
            return []
        due = []
        for sequence, (asked, at) in list(self._missing.items()):
            if at > now:
                continue
            if asked == MAX_ASKED:
                del self._missing[sequence]
                self.gave_up += 1
                self.beyond_repair = True
            else:
                due.append(sequence)
                self._missing[sequence] = (asked + 1, now + max(rtt_s, 0.02) * (1 + asked / 2))
        return due

    def __len__(self) -> int:
        return len(self._missing)
