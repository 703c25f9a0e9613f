"""What goes wrong on the way, and when: told one by one, or drawn from a seed."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

Mishap = Literal[
    "", "busy", "busy_for_7s", "failing", "broken", "slow", "silent", "lost_answer", "cut", "refused", "half"
]
"""`broken`: a 500 that is kept under its key, whether it was done or not. `failing`: a 503 that is not. `half`: half a
body. `lost_answer`: done, and hung up. `cut`: hung up before. `refused`: for good."""
DRAWN: Final[tuple[Mishap, ...]] = ("lost_answer", "broken", "busy", "failing", "cut", "half")


@dataclass
class Mishaps:
    """`next` are told; after them each request draws one with `chance`."""

    random: random.Random
    next: deque[Mishap] = field(default_factory=deque)
    chance: float = 0.0
    drawn: tuple[Mishap, ...] = DRAWN
    forgets: float = 0.0
    """How likely it is that a key is forgotten once it was used."""

    def draw(self) -> Mishap:
        """What happens to the next request."""
        if self.next:
            return self.next.popleft()
        return self.random.choice(self.drawn) if self.random.random() < self.chance else ""

    def heads(self) -> bool:
        """Is a failing request carried out all the same?"""
        return self.random.random() < 0.5

    def forgotten(self) -> bool:
        """Is the key of this request forgotten at once?"""
        return self.random.random() < self.forgets
