"""Which seeds a simulation runs with: always the same, but for those of a drill (`make drill`)."""

import os
from typing import Final

FIRST: Final = int(os.environ.get("FIRST_SEED", "0"))


def seeds(count: int, *, block: int = 0) -> range:
    """`count` seeds; each block has others."""
    return range(FIRST + block * count, FIRST + (block + 1) * count)
